import type { OpenApiSchema } from './resource.ts';

const text: OpenApiSchema = { type: 'string' };
const texts: OpenApiSchema = { type: 'array', items: text, 'x-kubernetes-list-type': 'atomic' };
const anything: OpenApiSchema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

const names: OpenApiSchema = {
  type: 'object',
  required: ['plural', 'kind'],
  properties: { plural: text, singular: text, kind: text, listKind: text, shortNames: texts, categories: texts },
};

const subresources: OpenApiSchema = {
  type: 'object',
  properties: {
    status: anything,
    scale: {
      type: 'object',
      required: ['specReplicasPath', 'statusReplicasPath'],
      properties: { specReplicasPath: text, statusReplicasPath: text, labelSelectorPath: text },
    },
  },
};

const version: OpenApiSchema = {
  type: 'object',
  required: ['name', 'served', 'storage'],
  properties: {
    name: text,
    served: { type: 'boolean' },
    storage: { type: 'boolean' },
    deprecated: { type: 'boolean' },
    deprecationWarning: text,
    schema: { type: 'object', properties: { openAPIV3Schema: anything } },
    subresources,
    additionalPrinterColumns: {
      type: 'array',
      'x-kubernetes-list-type': 'atomic',
      items: {
        type: 'object',
        required: ['name', 'type', 'jsonPath'],
        properties: {
          name: text,
          type: text,
          format: text,
          description: text,
          priority: { type: 'integer', format: 'int32' },
          jsonPath: text,
        },
      },
    },
    selectableFields: {
      type: 'array',
      'x-kubernetes-list-type': 'atomic',
      items: { type: 'object', required: ['jsonPath'], properties: { jsonPath: text } },
    },
  },
};

/** The schema of CustomResourceDefinition itself. */
export const customResourceDefinitionSchema: OpenApiSchema = {
  type: 'object',
  description: 'A kind that is served as soon as this object exists.',
  required: ['spec'],
  properties: {
    spec: {
      type: 'object',
      required: ['group', 'names', 'scope', 'versions'],
      properties: {
        group: { ...text, description: 'The group of the kind, the second half of metadata.name.' },
        names,
        scope: { type: 'string', enum: ['Cluster', 'Namespaced'] },
        versions: { type: 'array', items: version, 'x-kubernetes-list-type': 'atomic' },
        conversion: anything,
        preserveUnknownFields: { type: 'boolean' },
      },
    },
    status: {
      type: 'object',
      properties: {
        acceptedNames: { ...names, required: [] },
        conditions: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['type'],
          items: {
            type: 'object',
            required: ['type', 'status'],
            properties: { type: text, status: text, reason: text, message: text, lastTransitionTime: text },
          },
        },
        storedVersions: texts,
      },
    },
  },
};
