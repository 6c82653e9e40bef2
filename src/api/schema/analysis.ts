import { dryRunSchema, measurementRetentionSchema, templateReferenceSchema } from './analysis-reference.ts';
import { flag, int32, intOrString, listOf, object, text, textMap, time, word } from './fields.ts';
import { metricProviderSchema } from './metric-provider.ts';

type AnalysisPhase = 'Pending' | 'Running' | 'Successful' | 'Failed' | 'Error' | 'Inconclusive';

/** The API server wants a bound wherever a rule runs for each item. */
const METRICS_MAX = 1_000;

const PHASES = 'Pending, Running, Successful, Failed, Error or Inconclusive.';

/** An argument of a template or a run. In conditions and queries it is written `{{args.name}}`. */
export const argumentSchema = object('An argument, written {{args.name}} where it is used.', {
  name: text('The name of the argument.'),
  value: text('The value; in a template the one to use when none is given.').optional(),
  valueFrom: object('Where the value comes from, instead of value.', {
    secretKeyRef: object('A key of a Secret in the namespace of the AnalysisRun.', {
      name: text('The name of the Secret.'),
      key: text('The key in the Secret.'),
    }).optional(),
    fieldRef: object('A field of the Rollout.', {
      fieldPath: text('The path of the field.'),
    }).optional(),
  }).optional(),
});

export const metricSchema = object('Something to measure, and when it is good.', {
  name: text('The name of the metric, unique in the run.'),
  provider: metricProviderSchema,
  interval: text('The time between two measurements, such as 30s; one measurement only if unset.').optional(),
  initialDelay: text('The time before the first measurement, such as 1m.').optional(),
  count: intOrString('How many measurements; without end if unset while interval is set.').optional(),
  successCondition: text('An expression over result that is true for a good measurement.').optional(),
  failureCondition: text('An expression over result that is true for a bad measurement.').optional(),
  failureLimit: intOrString('How many bad measurements are allowed; 0 if unset, -1 for no limit.').optional(),
  inconclusiveLimit: intOrString('How many measurements that are neither are allowed; 0 if unset.').optional(),
  consecutiveErrorLimit: intOrString('How many errors in a row are allowed; 4 if unset.').optional(),
  consecutiveSuccessLimit: intOrString(
    'How many good measurements in a row suffice; 0 if unset, for no such end.',
  ).optional(),
});

const measuredFields = {
  args: listOf(argumentSchema, 'The arguments.').optional(),
  dryRun: listOf(dryRunSchema, 'Metrics whose outcome is only recorded.').optional(),
  measurementRetention: listOf(measurementRetentionSchema, 'How many measurements are kept.').optional(),
};

export const analysisTemplateSpecSchema = object('What is measured.', {
  metrics: listOf(metricSchema, 'The metrics to measure.').max(METRICS_MAX).optional(),
  templates: listOf(templateReferenceSchema, 'Further templates whose metrics are measured too.').optional(),
  ...measuredFields,
});

export const analysisRunSpecSchema = object('What is measured.', {
  metrics: listOf(metricSchema, 'The metrics to measure.').max(METRICS_MAX),
  ...measuredFields,
  terminate: flag('Set it to end the run early.').optional(),
  ttlStrategy: object('When a run that ended is deleted.', {
    secondsAfterCompletion: int32('Seconds after any end.').optional(),
    secondsAfterFailure: int32('Seconds after a failure, instead.').optional(),
    secondsAfterSuccess: int32('Seconds after a success, instead.').optional(),
  }).optional(),
});

export const measurementSchema = object('One measurement.', {
  phase: word<AnalysisPhase>(PHASES),
  message: text('Why it is in this phase.').optional(),
  startedAt: time('When it started.').optional(),
  finishedAt: time('When it ended.').optional(),
  value: text('What was measured.').optional(),
  metadata: textMap('What the provider wants to remember.').optional(),
  resumeAt: time('When the provider is asked again.').optional(),
});

export const metricResultSchema = object('What one metric gave.', {
  name: text('The name of the metric.'),
  phase: word<AnalysisPhase>(PHASES),
  message: text('Why it is in this phase.').optional(),
  measurements: listOf(measurementSchema, 'The latest measurements.').optional(),
  count: int32('How many measurements gave a value.').optional(),
  successful: int32('How many of them were good.').optional(),
  failed: int32('How many of them were bad.').optional(),
  inconclusive: int32('How many of them were neither.').optional(),
  error: int32('How many measurements gave no value.').optional(),
  consecutiveError: int32('How many errors there were in a row.').optional(),
  consecutiveSuccess: int32('How many good measurements there were in a row.').optional(),
  dryRun: flag('Whether the outcome is only recorded.').optional(),
  metadata: textMap('What the provider says about the metric.').optional(),
});

const summary = (description: string) =>
  object(description, {
    count: int32('How many metrics there are.').optional(),
    successful: int32('How many of them were successful.').optional(),
    failed: int32('How many of them failed.').optional(),
    inconclusive: int32('How many of them were inconclusive.').optional(),
    error: int32('How many of them had too many errors.').optional(),
  });

export const analysisRunStatusSchema = object('What was found.', {
  phase: word<AnalysisPhase>(PHASES).optional(),
  message: text('Why it is in this phase.').optional(),
  metricResults: listOf(metricResultSchema, 'What each metric gave.').optional(),
  startedAt: time('When the run started.').optional(),
  completedAt: time('When the run ended.').optional(),
  runSummary: summary('The metrics that decide.').optional(),
  dryRunSummary: summary('The metrics whose outcome is only recorded.').optional(),
});
