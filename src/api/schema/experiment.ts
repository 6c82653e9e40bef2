import { argumentSchema } from './analysis.ts';
import { dryRunSchema, measurementRetentionSchema } from './analysis-reference.ts';
import { conditionSchema, extraMetadataSchema, labelSelectorSchema } from './common.ts';
import { flag, int32, listOf, object, text, time, word } from './fields.ts';
import { podTemplateSchema } from './pod-template.ts';

type AnalysisPhase = 'Pending' | 'Running' | 'Successful' | 'Failed' | 'Error' | 'Inconclusive';
type TemplatePhase = 'Progressing' | 'Running' | 'Successful' | 'Failed' | 'Error';

export const experimentTemplateSchema = object('A version to run.', {
  name: text('The name of this version in the experiment.'),
  replicas: int32('How many pods; 1 if unset.').optional(),
  minReadySeconds: int32('Seconds that a pod must be ready to count as available; 0 if unset.').optional(),
  selector: labelSelectorSchema.describe('Selects the pods of this version and of no other.').optional(),
  template: podTemplateSchema,
  service: object('The Service to create for these pods.', {
    name: text('The name of the Service; that of the ReplicaSet if unset.').optional(),
  }).optional(),
});

export const experimentSpecSchema = object('What is wanted.', {
  templates: listOf(experimentTemplateSchema, 'The versions to run.'),
  duration: text('How long to run them, such as 5m; until the analyses end if unset.').optional(),
  progressDeadlineSeconds: int32('Seconds without progress after which a version has failed; 600 if unset.').optional(),
  terminate: flag('Set it to end the experiment early.').optional(),
  analyses: listOf(
    object('A measurement of the versions.', {
      name: text('The name of this measurement in the experiment.'),
      templateName: text('The name of the AnalysisTemplate or ClusterAnalysisTemplate.'),
      clusterScope: flag('Whether it is a ClusterAnalysisTemplate.').optional(),
      args: listOf(argumentSchema, 'Values for the arguments of the template.').optional(),
      requiredForCompletion: flag('Whether the experiment waits for this measurement.').optional(),
    }),
    'What to measure.',
  ).optional(),
  scaleDownDelaySeconds: int32('Seconds that the pods stay after the end; 30 if unset.').optional(),
  dryRun: listOf(dryRunSchema, 'Metrics whose outcome is only recorded.').optional(),
  measurementRetention: listOf(measurementRetentionSchema, 'How many measurements are kept.').optional(),
  analysisRunMetadata: extraMetadataSchema.describe('Labels and annotations for the AnalysisRuns.').optional(),
});

const templateStatus = object('The state of one version.', {
  name: text('The name of this version in the experiment.'),
  replicas: int32('How many pods there are.'),
  updatedReplicas: int32('How many of them run the wanted template.'),
  readyReplicas: int32('How many of them are ready.'),
  availableReplicas: int32('How many of them are available.'),
  collisionCount: int32('How often a ReplicaSet name was taken.').optional(),
  status: word<TemplatePhase>('Progressing, Running, Successful, Failed or Error.').optional(),
  message: text('Why it is in this phase.').optional(),
  lastTransitionTime: time('When it last made progress.').optional(),
  serviceName: text('The Service of these pods.').optional(),
  podTemplateHash: text('The hash of these pods.').optional(),
});

export const experimentStatusSchema = object('What was found.', {
  phase: word<AnalysisPhase>('Pending, Running, Successful, Failed, Error or Inconclusive.').optional(),
  message: text('Why it is in this phase.').optional(),
  templateStatuses: listOf(templateStatus, 'The state of each version.').optional(),
  availableAt: time('When all versions were available; the duration counts from here.').optional(),
  conditions: listOf(conditionSchema, 'The state in detail.').optional(),
  analysisRuns: listOf(
    object('The state of one measurement.', {
      name: text('The name of this measurement in the experiment.'),
      analysisRun: text('The name of the AnalysisRun.'),
      phase: word<AnalysisPhase>('The phase of the AnalysisRun.'),
      message: text('Why it is in this phase.').optional(),
    }),
    'The state of each measurement.',
  ).optional(),
});
