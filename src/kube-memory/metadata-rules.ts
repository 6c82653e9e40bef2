import type { KubeObject } from '../api/kube-object.ts';
import { isObject } from './json-value.ts';
import type { FieldError, ResourceDefinition } from './resource.ts';
import { forbiddenValue, invalidValue, requiredValue } from './schema/field-error.ts';

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const SERVICE_NAME = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const QUALIFIED_NAME = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const ANNOTATIONS_BYTES_MAX = 256 * 1_024;

const SUBDOMAIN_RULE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const DNS_LABEL_RULE =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SERVICE_NAME_RULE =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const QUALIFIED_NAME_RULE =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE_RULE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

const STANDARD_FINALIZERS: ReadonlySet<string> = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

/** What is wrong with an object's metadata, in an API server's words. */
export function metadataErrors(object: KubeObject, definition: ResourceDefinition): readonly FieldError[] {
  const { metadata } = object;
  const errors: FieldError[] = [...nameErrors(metadata.name, definition)];
  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    errors.push(...qualifiedNameErrors('metadata.labels', key));
    if (value.length > 63) errors.push(invalidValue('metadata.labels', value, 'must be no more than 63 bytes'));
    if (!LABEL_VALUE.test(value)) errors.push(invalidValue('metadata.labels', value, LABEL_VALUE_RULE));
  }
  let annotationBytes = 0;
  for (const [key, value] of Object.entries(metadata.annotations ?? {})) {
    errors.push(...qualifiedNameErrors('metadata.annotations', key.toLowerCase()));
    annotationBytes += key.length + value.length;
  }
  if (annotationBytes > ANNOTATIONS_BYTES_MAX) {
    errors.push({
      path: 'metadata.annotations',
      reason: 'FieldValueTooLong',
      message: `Too long: may not be more than ${ANNOTATIONS_BYTES_MAX} bytes`,
    });
  }
  errors.push(...ownerErrors(object));
  (metadata.finalizers ?? []).forEach((finalizer, index) => {
    if (definition.typed === true && !finalizer.includes('/') && !STANDARD_FINALIZERS.has(finalizer)) {
      const why = 'name is neither a standard finalizer name nor is it fully qualified';
      errors.push(invalidValue(`metadata.finalizers[${index}]`, finalizer, why));
    }
  });
  return errors;
}

function nameErrors(name: string, definition: ResourceDefinition): readonly FieldError[] {
  if (name === '') return [requiredValue('metadata.name', 'name or generateName is required')];
  if (definition.group === 'rbac.authorization.k8s.io') return pathSegmentErrors(name);
  if (name.length > 253) return [invalidValue('metadata.name', name, 'must be no more than 253 characters')];
  if (definition.group === '' && definition.kind === 'Namespace') {
    return DNS_LABEL.test(name) ? [] : [invalidValue('metadata.name', name, DNS_LABEL_RULE)];
  }
  if (definition.group === '' && definition.kind === 'Service') {
    return SERVICE_NAME.test(name) ? [] : [invalidValue('metadata.name', name, SERVICE_NAME_RULE)];
  }
  return SUBDOMAIN.test(name) ? [] : [invalidValue('metadata.name', name, SUBDOMAIN_RULE)];
}

function pathSegmentErrors(name: string): readonly FieldError[] {
  if (name === '.' || name === '..') return [invalidValue('metadata.name', name, `may not be '${name}'`)];
  return /[/%]/.test(name) ? [invalidValue('metadata.name', name, "may not contain '/' or '%'")] : [];
}

function qualifiedNameErrors(path: string, key: string): readonly FieldError[] {
  const slash = key.indexOf('/');
  if (key.includes('/', slash + 1))
    return [
      invalidValue(
        path,
        key,
        `${QUALIFIED_NAME_RULE.replace('name part', 'a qualified name')} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
      ),
    ];
  const name = key.slice(slash + 1);
  if (slash >= 0 && !SUBDOMAIN.test(key.slice(0, slash)))
    return [invalidValue(path, key, `prefix part ${SUBDOMAIN_RULE}`)];
  if (name === '') return [invalidValue(path, key, 'name part must be non-empty')];
  if (name.length > 63) return [invalidValue(path, key, 'name part must be no more than 63 bytes')];
  return QUALIFIED_NAME.test(name) ? [] : [invalidValue(path, key, QUALIFIED_NAME_RULE)];
}

function ownerErrors(object: KubeObject): readonly FieldError[] {
  const owners = object.metadata.ownerReferences ?? [];
  const errors: FieldError[] = [];
  for (const owner of owners) {
    for (const field of ['apiVersion', 'kind', 'name', 'uid'] as const) {
      if (owner[field] !== undefined && owner[field] !== '') continue;
      const why = field === 'apiVersion' ? 'version must not be empty' : 'must not be empty';
      errors.push(invalidValue(`metadata.ownerReferences.${field}`, '', why));
    }
  }
  const controllers = owners.filter((owner) => owner.controller === true);
  if (controllers.length > 1) {
    const why = `Only one reference can have Controller set to true. Found "true" in references for ${controllers
      .slice(0, 2)
      .map((owner) => `${owner.kind}/${owner.name}`)
      .join(' and ')}`;
    errors.push(invalidValue('metadata.ownerReferences', controllers, why));
  }
  return errors;
}

/** What an update may not change in metadata. */
export function metadataUpdateErrors(
  object: KubeObject,
  old: KubeObject,
  definition: ResourceDefinition,
): readonly FieldError[] {
  if (old.metadata.deletionTimestamp === undefined) return [];
  const known = new Set(old.metadata.finalizers ?? []);
  const added = (object.metadata.finalizers ?? []).filter((finalizer) => !known.has(finalizer));
  if (added.length === 0) return [];
  const list = `[]string{${added.map((each) => JSON.stringify(each)).join(', ')}}`;
  const why = `no new finalizers can be added if the object is being deleted, found new finalizers ${list}`;
  const error = forbiddenValue('metadata.finalizers', why);
  // Custom resources are checked twice.
  return definition.typed === true ? [error] : [error, error];
}

/** Errors of the JSON types inside metadata, which must hold before anything reads it. */
export function metadataTypeProblem(metadata: unknown): string | undefined {
  if (!isObject(metadata)) return 'metadata must be an object';
  for (const field of ['name', 'generateName', 'namespace', 'uid', 'resourceVersion'] as const) {
    const value = metadata[field];
    if (value !== undefined && value !== null && typeof value !== 'string') return `metadata.${field} must be a string`;
  }
  for (const field of ['labels', 'annotations'] as const) {
    const value = metadata[field];
    if (value === undefined || value === null) continue;
    if (!isObject(value)) return `metadata.${field} must be an object`;
    const wrong = Object.values(value).find((text) => typeof text !== 'string' && text !== null);
    if (wrong !== undefined) return cannotUnmarshal(wrong, `ObjectMeta.metadata.${field}`);
  }
  for (const field of ['finalizers', 'ownerReferences'] as const) {
    const value = metadata[field];
    if (value !== undefined && value !== null && !Array.isArray(value)) return `metadata.${field} must be a list`;
  }
  return undefined;
}

function cannotUnmarshal(value: unknown, path: string): string {
  const found = typeof value === 'boolean' ? 'bool' : Array.isArray(value) ? 'array' : typeof value;
  return `json: cannot unmarshal ${found} into Go struct field ${path} of type string`;
}
