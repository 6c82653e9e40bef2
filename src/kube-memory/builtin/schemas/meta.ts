import {
  anyObject,
  atomicRecord,
  flag,
  int64,
  listByKey,
  listOf,
  mapOf,
  record,
  setOf,
  text,
  time,
} from '../schema.ts';
import type { OpenApiSchema } from '../../resource.ts';

/** Parts that many kinds share: metadata, references, selectors, conditions. */
const managedFieldsEntrySchema = record({
  apiVersion: text,
  fieldsType: text,
  fieldsV1: anyObject,
  manager: text,
  operation: text,
  subresource: text,
  time,
});

const ownerReferenceSchema = atomicRecord(
  {
    apiVersion: text,
    blockOwnerDeletion: flag,
    controller: flag,
    kind: text,
    name: text,
    uid: text,
  },
  ['apiVersion', 'kind', 'name', 'uid'],
);

export const objectMetaSchema = record({
  annotations: mapOf(text),
  creationTimestamp: time,
  deletionGracePeriodSeconds: int64,
  deletionTimestamp: time,
  finalizers: setOf(text, { strategy: 'merge' }),
  generateName: text,
  generation: int64,
  labels: mapOf(text),
  managedFields: listOf(managedFieldsEntrySchema),
  name: text,
  namespace: text,
  ownerReferences: listByKey(ownerReferenceSchema, ['uid'], { key: 'uid' }),
  resourceVersion: text,
  selfLink: text,
  uid: text,
});

const labelSelectorRequirementSchema = record(
  {
    key: text,
    operator: text,
    values: listOf(text),
  },
  ['key', 'operator'],
);

export const labelSelectorSchema = atomicRecord({
  matchExpressions: listOf(labelSelectorRequirementSchema),
  matchLabels: mapOf(text),
});

export const localObjectReferenceSchema = atomicRecord({
  name: text,
});

export const typedLocalObjectReferenceSchema = atomicRecord(
  {
    apiGroup: text,
    kind: text,
    name: text,
  },
  ['kind', 'name'],
);

export const typedObjectReferenceSchema = record(
  {
    apiGroup: text,
    kind: text,
    name: text,
    namespace: text,
  },
  ['kind', 'name'],
);

export const conditionSchema = record({
  lastTransitionTime: time,
  message: text,
  observedGeneration: int64,
  reason: text,
  status: text,
  type: text,
});

export const objectReferenceSchema = atomicRecord({
  apiVersion: text,
  fieldPath: text,
  kind: text,
  name: text,
  namespace: text,
  resourceVersion: text,
  uid: text,
});

/** The schema of a whole object: type, metadata and the fields of its own. */
export function topLevel(fields: Readonly<Record<string, OpenApiSchema>>, required?: readonly string[]): OpenApiSchema {
  return record({ apiVersion: text, kind: text, metadata: objectMetaSchema, ...fields }, required);
}
