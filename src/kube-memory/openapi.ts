import { isObject } from './json-value.ts';
import { apiVersionOf } from './object-json.ts';
import type { ResourceRegistry } from './registry.ts';
import type { ApiResponse } from './request.ts';
import type { OpenApiSchema, ResourceDefinition } from './resource.ts';
import { objectMetaSchema, wholeSchema } from './schema/object-meta.ts';
import { notAcceptable, unknownPath } from './status-error.ts';

/**
 * OpenAPI documents made from the served definitions, as `kubectl explain`, `apply` and `diff` read them: one v3 document for each
 * group and version, and a v2 document in JSON. Made once for each state of the registry.
 */
export class OpenApiDocuments {
  readonly #registry: ResourceRegistry;
  #generation = -1;
  readonly #documents = new Map<string, string>();

  constructor(registry: ResourceRegistry) {
    this.#registry = registry;
  }

  /** Answers `/openapi/v2`, `/openapi/v3` and `/openapi/v3/PATH`. */
  answer(version: string, path: string, accept: string | undefined): ApiResponse {
    if (this.#generation !== this.#registry.generation) {
      this.#documents.clear();
      this.#generation = this.#registry.generation;
    }
    const isBare = version === 'v2' && accept !== undefined && !accept.includes('json') && accept.includes(PROTOBUF);
    if (isBare) return { status: 200, headers: { 'content-type': PROTOBUF.replace('@', '.') }, body: BARE_DOCUMENT };
    const body = this.#documents.get(`${version}/${path}`) ?? this.#make(version, path, accept);
    this.#documents.set(`${version}/${path}`, body);
    return { status: 200, headers: { 'content-type': 'application/json' }, body };
  }

  #make(version: string, path: string, accept: string | undefined): string {
    if (version === 'v2' && path === '') {
      if (accept !== undefined && !accept.includes('json') && !accept.includes('*/*'))
        throw notAcceptable(['application/json', PROTOBUF]);
      return JSON.stringify(versionTwo(this.#registry));
    }
    if (version !== 'v3') throw unknownPath();
    const document = path === '' ? this.#index() : this.#groupVersion(path);
    if (document === undefined) throw unknownPath();
    return JSON.stringify(document);
  }

  #index(): unknown {
    const paths: Record<string, unknown> = {};
    for (const [group, versions] of this.#registry.groupVersions()) {
      for (const version of versions) {
        const path = group === '' ? `api/${version}` : `apis/${group}/${version}`;
        paths[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${this.#generation}` };
      }
    }
    return { paths };
  }

  #groupVersion(path: string): unknown {
    const [first, second = '', third = ''] = path.split('/');
    const [group, version] = first === 'api' ? ['', second] : [second, third];
    const definitions = this.#registry
      .all()
      .flatMap((each) => each.versions.filter((one) => one.group === group && one.version === version));
    return definitions.length === 0 ? undefined : versionThree(definitions);
  }
}

const PROTOBUF = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
/** A v2 document that says `swagger: 2.0` and nothing else: older checks of clients skip what it does not describe. */
const BARE_DOCUMENT = '\n\u00032.0';

function versionThree(definitions: readonly ResourceDefinition[]): unknown {
  const schemas: Record<string, unknown> = metadataSchemas(COMPONENTS);
  const paths: Record<string, unknown> = {};
  for (const definition of definitions) {
    schemas[schemaName(definition)] = published(definition, COMPONENTS);
    Object.assign(paths, pathsOf(definition));
  }
  return { openapi: '3.0.0', info: { title: 'Kubernetes', version: 'embedded' }, paths, components: { schemas } };
}

function versionTwo(registry: ResourceRegistry): unknown {
  const definitions: Record<string, unknown> = metadataSchemas(DEFINITIONS);
  for (const resource of registry.all()) {
    for (const definition of resource.versions)
      definitions[schemaName(definition)] = published(definition, DEFINITIONS);
  }
  return { swagger: '2.0', info: { title: 'Kubernetes', version: 'embedded' }, paths: {}, definitions };
}

/** `io.k8s.api.apps.v1.Deployment`; for groups with a domain of their own its parts in reverse: `io.argoproj.v1alpha1.Rollout`. */
function schemaName(definition: ResourceDefinition): string {
  const { group, version, kind } = definition;
  const isOwnDomain = group.includes('.') && !group.endsWith('.k8s.io');
  if (isOwnDomain) return `${group.split('.').reverse().join('.')}.${version}.${kind}`;
  return `io.k8s.api.${group === '' ? 'core' : group.split('.')[0]}.${version}.${kind}`;
}

function published(definition: ResourceDefinition, root: string): unknown {
  const { group, version, kind } = definition;
  const schema = publishedSchema(wholeSchema(definition));
  const properties = isObject(schema['properties']) ? schema['properties'] : {};
  const metadata = named(properties['metadata'], 'ObjectMeta', root);
  return {
    ...schema,
    properties: { ...properties, metadata },
    'x-kubernetes-group-version-kind': [{ group, version, kind }],
  };
}

const COMPONENTS = '#/components/schemas/';
const DEFINITIONS = '#/definitions/';
const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.';

/** A reference to one of the schemas of metadata, which clients show by their names. */
function named(schema: unknown, name: string, root: string): unknown {
  const description = isObject(schema) ? schema['description'] : undefined;
  return { ...(description === undefined ? {} : { description }), allOf: [{ $ref: `${root}${META}${name}` }] };
}

function metadataSchemas(root: string): Record<string, unknown> {
  const metadata = publishedSchema(objectMetaSchema);
  const properties = isObject(metadata['properties']) ? metadata['properties'] : {};
  const owners = isObject(properties['ownerReferences']) ? properties['ownerReferences'] : {};
  const managers = isObject(properties['managedFields']) ? properties['managedFields'] : {};
  const entry = isObject(managers['items']) ? managers['items'] : {};
  const fields = isObject(entry['properties']) ? entry['properties'] : {};
  return {
    [`${META}ObjectMeta`]: {
      ...metadata,
      properties: {
        ...properties,
        ownerReferences: { ...owners, items: named(undefined, 'OwnerReference', root) },
        managedFields: { ...managers, items: named(undefined, 'ManagedFieldsEntry', root) },
      },
    },
    [`${META}OwnerReference`]: owners['items'],
    [`${META}ManagedFieldsEntry`]: {
      ...entry,
      properties: { ...fields, fieldsV1: named(fields['fieldsV1'], 'FieldsV1', root) },
    },
    [`${META}FieldsV1`]: fields['fieldsV1'],
  };
}

/** The schema without what OpenAPI readers stumble over: rules of our own checks, and int-or-string without a type. */
function publishedSchema(schema: OpenApiSchema): Readonly<Record<string, unknown>> {
  const { 'x-kubernetes-int-or-string': intOrString, properties, items, additionalProperties, ...rest } = schema;
  return {
    ...rest,
    ...(intOrString === true
      ? { 'x-kubernetes-int-or-string': true, format: 'int-or-string', type: rest.type ?? 'string' }
      : {}),
    ...(items === undefined ? {} : { items: publishedSchema(items) }),
    ...(isObject(additionalProperties)
      ? { additionalProperties: publishedSchema(additionalProperties) }
      : additionalProperties === undefined
        ? {}
        : { additionalProperties }),
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(properties).map(([key, value]) => [key, publishedSchema(value)]),
          ),
        }),
  };
}

/** Just enough of the paths for clients that ask which query parameters a verb takes. */
function pathsOf(definition: ResourceDefinition): Readonly<Record<string, unknown>> {
  const { group, version, kind, plural, namespaced } = definition;
  const root = group === '' ? `/api/${version}` : `/apis/${apiVersionOf(definition)}`;
  const collection = namespaced ? `${root}/namespaces/{namespace}/${plural}` : `${root}/${plural}`;
  const gvk = { 'x-kubernetes-group-version-kind': { group, version, kind } };
  const ref = { $ref: `#/components/schemas/${schemaName(definition)}` };
  const content = { 'application/json': { schema: ref } };
  const write = {
    parameters: ['dryRun', 'fieldManager', 'fieldValidation'].map(queryParameter),
    responses: { 200: { description: 'OK', content } },
    ...gvk,
  };
  const read = { responses: { 200: { description: 'OK', content } }, ...gvk };
  return {
    [collection]: {
      get: { 'x-kubernetes-action': 'list', ...read },
      post: { 'x-kubernetes-action': 'post', ...write },
    },
    [`${collection}/{name}`]: {
      get: { 'x-kubernetes-action': 'get', ...read },
      put: { 'x-kubernetes-action': 'put', ...write },
      patch: { 'x-kubernetes-action': 'patch', ...write, parameters: [...write.parameters, queryParameter('force')] },
      delete: { 'x-kubernetes-action': 'delete', parameters: [queryParameter('dryRun')], responses: {}, ...gvk },
    },
  };
}

function queryParameter(name: string): unknown {
  return { name, in: 'query', schema: { type: name === 'force' ? 'boolean' : 'string', uniqueItems: true } };
}
