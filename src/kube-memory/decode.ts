import type { KubeObject } from '../api/kube-object.ts';
import { duplicatesInBody } from './body.ts';
import { isObject, setField } from './json-value.ts';
import { metadataTypeProblem } from './metadata-rules.ts';
import { apiVersionOf } from './object-json.ts';
import type { ResourceDefinition } from './resource.ts';
import { withDefaults } from './schema/default.ts';
import { wholeSchema } from './schema/object-meta.ts';
import { prune } from './schema/prune.ts';
import { typeProblem, withoutNulls } from './schema/typed.ts';
import { withWholeTimes } from './schema/whole-times.ts';
import { badRequest, invalid } from './status-error.ts';
import type { WriteOptions } from './target.ts';

/** An object of the kind as a server has it in memory: known fields only, defaults filled, apiVersion and kind set. */
export interface Decoded {
  readonly object: KubeObject;
  readonly warnings: readonly string[];
}

/** Decodes what a client sent (or what a patch made of a stored object); throws 400 when it cannot be an object of the kind. */
export function decode(
  value: Readonly<Record<string, unknown>>,
  definition: ResourceDefinition,
  validation: WriteOptions['fieldValidation'],
): Decoded {
  const expected = apiVersionOf(definition);
  const { apiVersion = expected, kind = definition.kind } = value;
  if (definition.typed !== true) checkKind(value, definition);
  if (kind !== definition.kind || apiVersion !== expected) {
    const found = `${String(apiVersion)}, Kind=${String(kind)}`;
    throw badRequest(
      kind === definition.kind
        ? `the API version in the data (${String(apiVersion)}) does not match the expected API version (${expected})`
        : `the object provided is unrecognized (must be of type ${definition.kind}): couldn't get version/kind; found ${found}`,
    );
  }
  const problem = metadataTypeProblem(value['metadata'] ?? {});
  if (problem !== undefined) throw cannotBeHandled(definition, problem);
  const fresh = unsettledPart(value, definition);
  const typeMismatch = definition.typed === true ? typeProblem(fresh, definition.schema, definition.kind) : undefined;
  if (typeMismatch !== undefined) throw cannotBeHandled(definition, typeMismatch);
  const present = definition.typed === true ? withoutNulls(fresh) : withoutNullMetadata(fresh);
  const { value: pruned, unknownFields } = prune(present, wholeSchema(definition));
  const known = definition.typed === true ? withWholeTimes(pruned, wholeSchema(definition)) : pruned;
  const unknown = definition.typed === true ? unknownFields : unknownFields.toSorted();
  const duplicates = validation === 'Ignore' ? [] : duplicatesInBody(value);
  const warnings = [
    ...duplicates.map((path) => `duplicate field ${JSON.stringify(path)}`),
    ...unknown.map((path) => `unknown field ${JSON.stringify(path)}`),
  ];
  if (validation === 'Strict' && warnings.length > 0) {
    throw cannotBeHandled(definition, `strict decoding error: ${warnings.join(', ')}`);
  }
  const filled = withSettledPart(withDefaults(known, definition.schema), value, fresh);
  const plain = normalised(filled, definition);
  const object = definition.defaults?.(plain) ?? plain;
  settle(object, definition);
  return { object, warnings: validation === 'Warn' ? warnings : [] };
}

/** A custom resource must say what it is. */
function checkKind(value: Readonly<Record<string, unknown>>, definition: ResourceDefinition): void {
  const { apiVersion, kind, metadata } = value;
  if (typeof kind !== 'string' || typeof apiVersion !== 'string') {
    const missing = typeof kind === 'string' ? 'apiVersion' : 'Kind';
    const text = JSON.stringify(value);
    const why = `Object '${missing}' is missing in '${text}' (${text.slice(0, BEGINNING_LENGTH)} ...)`;
    throw badRequest(`the object provided is unrecognized (must be of type ${definition.kind}): ${why}`);
  }
  if (kind === definition.kind || apiVersion !== apiVersionOf(definition)) return;
  const name = isObject(metadata) && typeof metadata['name'] === 'string' ? metadata['name'] : '';
  const error = { path: 'kind', reason: 'FieldValueInvalid', message: '' } as const;
  const message = `Invalid value: ${JSON.stringify(kind)}: must be ${definition.kind}`;
  throw invalid({ ...definition, kind }, name, [{ ...error, message }]);
}

const BEGINNING_LENGTH = 30;

/** Fields of decoded objects and the definition that they were decoded by: in a patched object most are the same as before. */
const settled = new WeakMap<object, ResourceDefinition>();

function settle(object: KubeObject, definition: ResourceDefinition): void {
  for (const [key, field] of Object.entries(object)) {
    if (key !== 'metadata' && typeof field === 'object' && field !== null) settled.set(field, definition);
  }
}

function isSettled(field: unknown, definition: ResourceDefinition): boolean {
  return typeof field === 'object' && field !== null && settled.get(field) === definition;
}

/** The object without the fields that were decoded before; the object itself when there are none. */
function unsettledPart(
  value: Readonly<Record<string, unknown>>,
  definition: ResourceDefinition,
): Readonly<Record<string, unknown>> {
  if (!Object.values(value).some((field) => isSettled(field, definition))) return value;
  return Object.fromEntries(Object.entries(value).filter(([, field]) => !isSettled(field, definition)));
}

/** Puts the fields that were left aside back in their places. */
function withSettledPart(
  decoded: unknown,
  value: Readonly<Record<string, unknown>>,
  fresh: Readonly<Record<string, unknown>>,
): unknown {
  if (fresh === value || !isObject(decoded)) return decoded;
  const whole: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(value)) {
    if (!Object.hasOwn(fresh, key)) setField(whole, key, field);
    else if (Object.hasOwn(decoded, key)) setField(whole, key, decoded[key]);
  }
  return { ...whole, ...Object.fromEntries(Object.entries(decoded).filter(([key]) => !Object.hasOwn(whole, key))) };
}

/** The same object in another version's terms is the same object with another apiVersion. */
function normalised(value: unknown, definition: ResourceDefinition): KubeObject {
  const { apiVersion: _apiVersion, kind: _kind, metadata, ...rest } = isObject(value) ? value : {};
  const meta = isObject(metadata) ? metadata : {};
  const name = typeof meta['name'] === 'string' ? meta['name'] : '';
  return {
    apiVersion: apiVersionOf(definition),
    kind: definition.kind,
    metadata: { ...withoutEmpty(meta), name },
    ...rest,
  };
}

/** Metadata has no empty maps and lists, however it lost their last entries. */
function withoutEmpty(metadata: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const empty = ['labels', 'annotations', 'finalizers', 'ownerReferences'].filter((field) => isEmpty(metadata[field]));
  if (empty.length === 0) return metadata;
  return Object.fromEntries(Object.entries(metadata).filter(([field]) => !empty.includes(field)));
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function withoutNullMetadata(value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const metadata = value['metadata'];
  if (!isObject(metadata) || !Object.values(metadata).includes(null)) return value;
  const present: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(metadata)) {
    if (field !== null) setField(present, key, field);
  }
  return { ...value, metadata: present };
}

function cannotBeHandled(definition: ResourceDefinition, why: string): Error {
  const { kind, version } = definition;
  return badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${why}`);
}
