import {
  about,
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

export const objectMetaSchema = about(
  'Name, namespace, labels and the bookkeeping that every object carries.',
  record({
    annotations: about('Free key and value pairs for tools; nothing is selected by them.', mapOf(text)),
    creationTimestamp: about('When the server stored the object first.', time),
    deletionGracePeriodSeconds: about('Seconds that the object has to end in good order.', int64),
    deletionTimestamp: about('When the object was asked to go, plus its grace period.', time),
    finalizers: about(
      'Words that keep a deleted object until whoever set them takes them away.',
      setOf(text, { strategy: 'merge' }),
    ),
    generateName: about('Beginning of a name that the server completes with random letters.', text),
    generation: about('Counts the changes of the desired state.', int64),
    labels: about('Short key and value pairs by which objects are selected.', mapOf(text)),
    managedFields: about('Which manager set which fields; kept by the server.', listOf(managedFieldsEntrySchema)),
    name: about('Unique among objects of the kind in the namespace; it never changes.', text),
    namespace: about('The namespace that the object lives in; empty for cluster-wide kinds.', text),
    ownerReferences: about(
      'Objects that this one belongs to; it goes when all of them are gone.',
      listByKey(ownerReferenceSchema, ['uid'], { key: 'uid' }),
    ),
    resourceVersion: about('Changes with every write; a replace from an older one is refused.', text),
    selfLink: text,
    uid: about('Identifies this object among all that ever existed under its name.', text),
  }),
);

const labelSelectorRequirementSchema = record(
  {
    key: text,
    operator: text,
    values: listOf(text),
  },
  ['key', 'operator'],
);

export const labelSelectorSchema = about(
  'Selects objects by their labels; all parts must match.',
  atomicRecord({
    matchExpressions: about(
      'Conditions on labels: In, NotIn, Exists, DoesNotExist.',
      listOf(labelSelectorRequirementSchema),
    ),
    matchLabels: about('Labels that must be there with exactly these values.', mapOf(text)),
  }),
);

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
  message: about('A sentence for people.', text),
  observedGeneration: int64,
  reason: about('One word for programs.', text),
  status: about('True, False or Unknown.', text),
  type: about('What the condition is about.', text),
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
