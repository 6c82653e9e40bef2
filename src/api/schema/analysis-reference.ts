import { extraMetadataSchema } from './common.ts';
import { atMostOneOf, flag, int32, listOf, object, text, withRules } from './fields.ts';

export const dryRunSchema = object('Metrics that are measured but decide nothing.', {
  metricName: text('A regular expression for the names of the metrics.'),
});

export const measurementRetentionSchema = object('How many measurements of some metrics are kept in status.', {
  metricName: text('A regular expression for the names of the metrics.'),
  limit: int32('How many measurements to keep; 10 if no entry matches.'),
});

export const templateReferenceSchema = object('A template to run.', {
  templateName: text('The name of the AnalysisTemplate or ClusterAnalysisTemplate.').optional(),
  clusterScope: flag('Whether it is a ClusterAnalysisTemplate.').optional(),
});

/** An argument as a Rollout gives it: it may come from the Rollout itself. */
export const rolloutArgumentSchema = object('A value for an argument of the templates.', {
  name: text('The name of the argument.'),
  value: text('The value itself.').optional(),
  valueFrom: object('Where the value comes from, instead of value.', {
    podTemplateHashValue: text('Latest for the hash of the new version, Stable for that of the stable one.').optional(),
    fieldRef: object('A field of the Rollout.', {
      fieldPath: text("The path of the field, such as metadata.labels['region'] or status.stableRS."),
    }).optional(),
  }).optional(),
});

const analysisFields = {
  templates: listOf(templateReferenceSchema, 'The templates whose metrics are measured together.').optional(),
  args: listOf(rolloutArgumentSchema, 'Values for the arguments of the templates.').optional(),
  dryRun: listOf(dryRunSchema, 'Metrics whose outcome is only recorded.').optional(),
  measurementRetention: listOf(measurementRetentionSchema, 'How many measurements are kept.').optional(),
  analysisRunMetadata: extraMetadataSchema.describe('Labels and annotations for the AnalysisRun.').optional(),
};

export const rolloutAnalysisSchema = object('Measures the new version by an AnalysisRun.', analysisFields);

export const backgroundAnalysisSchema = object('Measures the new version all through the update.', {
  ...analysisFields,
  startingStep: int32('The step, counted from 0, at which measuring starts; 0 if unset.').optional(),
});

export const replicaProgressThresholdSchema = object('How much of a scaling must be done before the update goes on.', {
  type: text('What value counts: Percent of the replicas, or Pods.'),
  value: int32('The percentage or the number of pods.'),
});

export const antiAffinitySchema = withRules(
  object('Keeps pods of the new and the stable version on different nodes.', {
    preferredDuringSchedulingIgnoredDuringExecution: object('Different nodes if possible.', {
      weight: int32('How much it matters, from 1 to 100.'),
    }).optional(),
    requiredDuringSchedulingIgnoredDuringExecution: object('Different nodes always.', {}).optional(),
  }),
  [
    {
      rule: atMostOneOf([
        'preferredDuringSchedulingIgnoredDuringExecution',
        'requiredDuringSchedulingIgnoredDuringExecution',
      ]),
      message: 'set either the preferred or the required rule, not both',
    },
  ],
);
