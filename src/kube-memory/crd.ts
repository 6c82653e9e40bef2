import type { KubeObject } from '../api/kube-object.ts';
import { deleteObject } from './delete.ts';
import { isObject, listAt, objectAt, stringAt, type JsonObject } from './json-value.ts';
import type { ServedResource } from './registry.ts';
import type {
  ColumnDefinition,
  FieldError,
  OpenApiSchema,
  ResourceDefinition,
  SubresourceDefinition,
} from './resource.ts';
import { customResourceDefinitionSchema } from './crd-schema.ts';
import { byVersionPriority } from './registry.ts';
import { simplePath } from '../lib/json-path.ts';
import { invalidValue, requiredValue } from './schema/field-error.ts';
import { structuralErrors } from './schema/structural.ts';
import type { ServerState } from './server-state.ts';
import { ApiError } from './status-error.ts';
import { targetIn } from './store-access.ts';

const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';
const CRD_KEY = 'customresourcedefinitions.apiextensions.k8s.io';

/** CustomResourceDefinition as a kind of its own. */
export const customResourceDefinitionResource: ResourceDefinition = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  singular: 'customresourcedefinition',
  kind: 'CustomResourceDefinition',
  namespaced: false,
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  subresources: [{ name: 'status' }],
  schema: customResourceDefinitionSchema,
  columns: [{ name: 'Created At', type: 'string', priority: 0, value: '.metadata.creationTimestamp' }],
  countsGenerations: true,
  defaults: withNames,
  onCreate: accepted,
  validate: definitionErrors,
};

/**
 * Serves kinds as soon as their definition is committed, follows its updates, and takes the objects of a deleted definition away
 * before the definition itself goes. Returns a function that ends it.
 */
export function runCustomResources(server: ServerState): () => void {
  const stopServing = server.store.onCommit(CRD_KEY, (change) => {
    if (change.type === 'DELETED') {
      server.registry.delete(change.object.metadata.name);
      server.store.forget(change.object.metadata.name);
    } else serve(server, change.object);
  });
  const stopCleaning = server.store.listen('*', (change) => {
    if (change.object.kind === 'CustomResourceDefinition' && change.type !== 'DELETED')
      startCleanup(server, change.object);
    else if (change.type === 'DELETED') finishCleanup(server, change.object);
  });
  return () => {
    stopServing();
    stopCleaning();
  };
}

function serve(server: ServerState, definition: KubeObject): void {
  const served = servedResource(definition);
  if (served === undefined) server.registry.delete(definition.metadata.name);
  else server.registry.set(served);
}

function startCleanup(server: ServerState, definition: KubeObject): void {
  if (definition.metadata.deletionTimestamp === undefined) return;
  const resource = server.registry.get(definition.metadata.name);
  if (resource !== undefined) {
    for (const object of server.store.collection(resource.key).objects(undefined)) {
      try {
        deleteObject(server, targetIn(resource, object.metadata.namespace, object.metadata.name), {});
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
      }
    }
  }
  removeWhenEmpty(server, definition.metadata.name);
}

function finishCleanup(server: ServerState, object: KubeObject): void {
  const resource = server.registry.byKind(object.apiVersion.split('/')[0] ?? '', object.kind);
  if (resource?.custom === true) removeWhenEmpty(server, resource.key);
}

function removeWhenEmpty(server: ServerState, name: string): void {
  const definition = server.store.collection(CRD_KEY).get(undefined, name);
  if (definition?.metadata.deletionTimestamp === undefined || server.store.collection(name).count(undefined) > 0)
    return;
  const finalizers = (definition.metadata.finalizers ?? []).filter((each) => each !== CLEANUP_FINALIZER);
  const released = { ...definition, metadata: { ...definition.metadata, finalizers } };
  if (finalizers.length === 0) server.store.remove(CRD_KEY, released);
  else if (finalizers.length !== definition.metadata.finalizers?.length) server.store.put(CRD_KEY, released);
}

function servedResource(definition: KubeObject): ServedResource | undefined {
  const all = versionsOf(definition);
  const served = all.filter((version) => version['served'] === true);
  const storage = all.find((version) => version['storage'] === true);
  if (storage === undefined || served.length === 0) return undefined;
  const versions = served
    .map((version) => resourceOf(definition, version))
    .sort((left, right) => byVersionPriority(left.version, right.version));
  const group = stringAt(definition, 'spec', 'group') ?? '';
  const plural = stringAt(definition, 'spec', 'names', 'plural') ?? '';
  return { key: `${plural}.${group}`, group, plural, versions, storage: resourceOf(definition, storage), custom: true };
}

function resourceOf(definition: KubeObject, version: JsonObject): ResourceDefinition {
  const names = objectAt(definition, 'spec', 'names');
  const schema = objectAt(version, 'schema')['openAPIV3Schema'];
  const selectable = listAt(version, 'selectableFields').map((each) =>
    simplePath(stringAt(each, 'jsonPath') ?? '').join('.'),
  );
  return {
    group: stringAt(definition, 'spec', 'group') ?? '',
    version: stringAt(version, 'name') ?? '',
    plural: stringAt(names, 'plural') ?? '',
    singular: stringAt(names, 'singular') ?? '',
    kind: stringAt(names, 'kind') ?? '',
    namespaced: stringAt(definition, 'spec', 'scope') === 'Namespaced',
    shortNames: listAt(names, 'shortNames').map(String),
    categories: listAt(names, 'categories').map(String),
    subresources: subresourcesOf(version),
    schema: isObject(schema)
      ? (schema as OpenApiSchema)
      : { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    columns: columnsOf(version),
    countsGenerations: true,
    ...(selectable.length === 0 ? {} : { fieldSelectors: selectable }),
  };
}

function subresourcesOf(version: JsonObject): readonly SubresourceDefinition[] {
  const subresources = objectAt(version, 'subresources');
  const found: SubresourceDefinition[] = [];
  if (isObject(subresources['status'])) found.push({ name: 'status' });
  const scale = subresources['scale'];
  if (isObject(scale)) {
    const labelSelectorPath = stringAt(scale, 'labelSelectorPath');
    found.push({
      name: 'scale',
      specReplicasPath: stringAt(scale, 'specReplicasPath') ?? '',
      statusReplicasPath: stringAt(scale, 'statusReplicasPath') ?? '',
      ...(labelSelectorPath === undefined ? {} : { labelSelectorPath }),
    });
  }
  return found;
}

const COLUMN_TYPES = ['string', 'integer', 'number', 'boolean', 'date'] as const;

function columnsOf(version: JsonObject): readonly ColumnDefinition[] {
  const columns = listAt(version, 'additionalPrinterColumns');
  if (columns.length === 0) return [{ name: 'Age', type: 'date', priority: 0, value: '.metadata.creationTimestamp' }];
  return columns.map((column) => {
    const record = isObject(column) ? column : {};
    const description = stringAt(record, 'description');
    return {
      name: stringAt(record, 'name') ?? '',
      type: COLUMN_TYPES.find((type) => type === record['type']) ?? 'string',
      ...(description === undefined ? {} : { description }),
      priority: typeof record['priority'] === 'number' ? record['priority'] : 0,
      value: stringAt(record, 'jsonPath') ?? '',
    };
  });
}

/** Names that a definition may leave out, and the conversion that goes without a webhook. */
function withNames(definition: KubeObject): KubeObject {
  const spec = objectAt(definition, 'spec');
  const names = objectAt(spec, 'names');
  const kind = stringAt(names, 'kind') ?? '';
  return {
    ...definition,
    spec: {
      ...spec,
      conversion: spec['conversion'] ?? { strategy: 'None' },
      names: {
        ...names,
        listKind: names['listKind'] ?? `${kind}List`,
        singular: names['singular'] ?? kind.toLowerCase(),
      },
    },
  };
}

/** A new definition is established at once: nothing else could claim its names first. */
function accepted(definition: KubeObject): KubeObject {
  const lastTransitionTime = definition.metadata.creationTimestamp;
  const condition = (type: string, reason: string, message: string): JsonObject => ({
    type,
    status: 'True',
    reason,
    message,
    lastTransitionTime,
  });
  const storage = versionsOf(definition).find((version) => version['storage'] === true);
  return {
    ...definition,
    metadata: { ...definition.metadata, finalizers: [...(definition.metadata.finalizers ?? []), CLEANUP_FINALIZER] },
    status: {
      acceptedNames: objectAt(definition, 'spec', 'names'),
      conditions: [
        condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
        condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
      ],
      storedVersions: storage === undefined ? [] : [storage['name']],
    },
  };
}

function definitionErrors(definition: KubeObject, old: KubeObject | undefined): readonly FieldError[] {
  const errors: FieldError[] = [];
  const group = stringAt(definition, 'spec', 'group') ?? '';
  const plural = stringAt(definition, 'spec', 'names', 'plural') ?? '';
  const name = definition.metadata.name;
  if (name !== `${plural}.${group}`)
    errors.push(invalidValue('metadata.name', name, 'must be spec.names.plural+"."+spec.group'));
  for (const field of ['group', 'scope'] as const) {
    const before = old === undefined ? undefined : objectAt(old, 'spec')[field];
    if (before !== undefined && before !== objectAt(definition, 'spec')[field]) {
      errors.push(invalidValue(`spec.${field}`, objectAt(definition, 'spec')[field], 'field is immutable'));
    }
  }
  const versions = versionsOf(definition);
  const stored = versions.filter((version) => version['storage'] === true).length;
  if (stored !== 1)
    errors.push(invalidValue('spec.versions', versions, 'must have exactly one version marked as storage version'));
  errors.push(
    ...versions.flatMap((version, index) => versionErrors(version, versions.length === 1 ? undefined : index)),
  );
  return errors;
}

/** With one version alone, an API server names the schema's place as it was before there were several. */
function versionErrors(version: JsonObject, index: number | undefined): readonly FieldError[] {
  const schema = objectAt(version, 'schema')['openAPIV3Schema'];
  const path =
    index === undefined ? 'spec.validation.openAPIV3Schema' : `spec.versions[${index}].schema.openAPIV3Schema`;
  if (!isObject(schema)) {
    return [requiredValue(`spec.versions[${index ?? 0}].schema.openAPIV3Schema`, 'schemas are required')];
  }
  return structuralErrors(schema as OpenApiSchema, path);
}

function versionsOf(definition: KubeObject): readonly JsonObject[] {
  return listAt(definition, 'spec', 'versions').filter(isObject);
}
