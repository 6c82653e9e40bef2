import { int32, listOf, object, text, textMap, time, word } from './fields.ts';

export const labelSelectorSchema = object('Selects objects by their labels; every condition must hold.', {
  matchLabels: textMap('Labels that must be present with exactly these values.').optional(),
  matchExpressions: listOf(
    object('One condition on a label.', {
      key: text('The label to look at.'),
      operator: text('How the label relates to the values: In, NotIn, Exists or DoesNotExist.'),
      values: listOf(text('One value.'), 'The values for In and NotIn; empty for Exists and DoesNotExist.').optional(),
    }),
    'Conditions on labels that go beyond equality.',
  ).optional(),
});

export const extraMetadataSchema = object('Labels and annotations to add.', {
  labels: textMap('Labels to add.').optional(),
  annotations: textMap('Annotations to add.').optional(),
});

type ConditionStatus = 'True' | 'False' | 'Unknown';

/** The shape of a Deployment's conditions, which Rollout and Experiment share. */
export const conditionSchema = object('One aspect of the state, and since when it holds.', {
  type: text('Which aspect this is.'),
  status: word<ConditionStatus>('True, False or Unknown.'),
  lastUpdateTime: time('When this condition was last written.'),
  lastTransitionTime: time('When the status last changed.'),
  reason: text('Why, in one word that programs can match on.'),
  message: text('Why, in words for people.'),
});

/** The shape of Kubernetes' own `metav1.Condition`. */
export const standardConditionSchema = object('One aspect of the state, and since when it holds.', {
  type: text('Which aspect this is.'),
  status: word<ConditionStatus>('True, False or Unknown.'),
  observedGeneration: int32('The metadata.generation that this was found for.').optional(),
  lastTransitionTime: time('When the status last changed.'),
  reason: text('Why, in one word that programs can match on.'),
  message: text('Why, in words for people.'),
});
