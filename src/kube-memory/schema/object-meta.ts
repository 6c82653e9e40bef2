import type { OpenApiSchema, ResourceDefinition } from '../resource.ts';

const text: OpenApiSchema = { type: 'string' };
const time: OpenApiSchema = { type: 'string', format: 'date-time' };

/** The metadata of every object, with the list and map types that server-side apply merges it by. */
export const objectMetaSchema: OpenApiSchema = {
  type: 'object',
  description: "Standard object's metadata: name, namespace, labels, annotations, owners.",
  properties: {
    name: { ...text, description: 'Unique within a namespace; cannot be changed.' },
    generateName: { ...text, description: 'A prefix from which the server makes a unique name when name is left out.' },
    namespace: { ...text, description: 'The space within which the name must be unique.' },
    uid: { ...text, description: 'Unique in time and space; set by the server.' },
    selfLink: text,
    resourceVersion: { ...text, description: 'The version of the object, to be compared only for equality.' },
    generation: { type: 'integer', format: 'int64', description: 'Counts the changes of the desired state.' },
    creationTimestamp: { ...time, nullable: true, description: 'When the object was created; set by the server.' },
    deletionTimestamp: { ...time, nullable: true, description: 'When the object was asked to go; set by the server.' },
    deletionGracePeriodSeconds: { type: 'integer', format: 'int64' },
    labels: { type: 'object', additionalProperties: text, description: 'Keys and values that selectors match.' },
    annotations: { type: 'object', additionalProperties: text, description: 'Keys and values for tools and people.' },
    finalizers: {
      type: 'array',
      items: text,
      description: 'Must be empty before the object is taken away.',
      'x-kubernetes-list-type': 'set',
      'x-kubernetes-patch-strategy': 'merge',
    },
    ownerReferences: {
      type: 'array',
      description: 'Objects that this one depends on; it goes when all of them are gone.',
      items: {
        type: 'object',
        required: ['apiVersion', 'kind', 'name', 'uid'],
        properties: {
          apiVersion: text,
          kind: text,
          name: text,
          uid: text,
          controller: { type: 'boolean' },
          blockOwnerDeletion: { type: 'boolean' },
        },
        'x-kubernetes-map-type': 'atomic',
      },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['uid'],
      'x-kubernetes-patch-merge-key': 'uid',
      'x-kubernetes-patch-strategy': 'merge',
    },
    managedFields: {
      type: 'array',
      description: 'Which manager set which fields.',
      items: {
        type: 'object',
        properties: {
          manager: text,
          operation: text,
          apiVersion: text,
          time,
          fieldsType: text,
          fieldsV1: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
          subresource: text,
        },
      },
      'x-kubernetes-list-type': 'atomic',
    },
  },
};

const wholeSchemas = new WeakMap<ResourceDefinition, OpenApiSchema>();

/** The schema of a kind with apiVersion, kind and metadata as every object has them. */
export function wholeSchema(definition: ResourceDefinition): OpenApiSchema {
  let whole = wholeSchemas.get(definition);
  if (whole === undefined) {
    whole = withTypeAndMeta(definition.schema);
    wholeSchemas.set(definition, whole);
  }
  return whole;
}

/** An object schema with apiVersion, kind and metadata in front of its own fields. */
export function withTypeAndMeta(schema: OpenApiSchema): OpenApiSchema {
  const { apiVersion: _apiVersion, kind: _kind, metadata: _metadata, ...own } = schema.properties ?? {};
  return {
    ...schema,
    type: 'object',
    properties: {
      apiVersion: { ...text, description: 'The versioned schema of this object: group and version.' },
      kind: { ...text, description: 'The kind of this object in CamelCase.' },
      metadata: objectMetaSchema,
      ...own,
    },
  };
}
