import {
  antiAffinitySchema,
  backgroundAnalysisSchema,
  replicaProgressThresholdSchema,
  rolloutAnalysisSchema,
} from './analysis-reference.ts';
import { canaryStepSchema } from './canary-step.ts';
import { extraMetadataSchema, labelSelectorSchema } from './common.ts';
import { flag, int32, intOrString, listOf, object, text, time, withRules } from './fields.ts';
import { podTemplateSchema } from './pod-template.ts';
import { trafficRoutingSchema } from './traffic-routing.ts';

/** The API server wants a bound wherever a rule runs for each item; nobody has as many steps. */
const STEPS_MAX = 1_000;

const scaleDownFields = {
  scaleDownDelayRevisionLimit: int32(
    'How many old versions may keep their pods during the delay; all if unset.',
  ).optional(),
  abortScaleDownDelaySeconds: int32('Seconds that the pods of an aborted version stay; 30 if unset.').optional(),
  antiAffinity: antiAffinitySchema.optional(),
};

export const canaryStrategySchema = object('Moves traffic to the new version step by step.', {
  steps: listOf(canaryStepSchema, 'What to do, in this order; all at once if unset.').max(STEPS_MAX).optional(),
  canaryService: text('The Service that leads to the new version only.').optional(),
  stableService: text('The Service that leads to the stable version only.').optional(),
  trafficRouting: trafficRoutingSchema.optional(),
  analysis: backgroundAnalysisSchema.optional(),
  maxSurge: intOrString('How many pods over replicas, as a number or percentage; 25% if unset.').optional(),
  maxUnavailable: intOrString('How many pods under replicas, as a number or percentage; 25% if unset.').optional(),
  canaryMetadata: extraMetadataSchema.describe('Added to pods while they are the new version.').optional(),
  stableMetadata: extraMetadataSchema.describe('Added to pods while they are the stable version.').optional(),
  scaleDownDelaySeconds: int32(
    'Seconds that the pods of the old version stay; 30 if unset. Needs trafficRouting.',
  ).optional(),
  dynamicStableScale: flag('Shrinks the stable version as its traffic shrinks. Needs trafficRouting.').optional(),
  minPodsPerReplicaSet: int32('The fewest pods of a version that has any. Needs trafficRouting.').optional(),
  pingPong: object('Two Services that take turns as the stable one.', {
    pingService: text('The one Service.'),
    pongService: text('The other Service.'),
  }).optional(),
  replicaProgressThreshold: replicaProgressThresholdSchema.optional(),
  ...scaleDownFields,
});

export const blueGreenStrategySchema = object(
  'Runs the new version beside the old one and switches all traffic at once.',
  {
    activeService: text('The Service that leads to the version in use.'),
    previewService: text('The Service that leads to the new version before the switch.').optional(),
    previewReplicaCount: int32('How many pods the new version has before the switch; replicas if unset.').optional(),
    autoPromotionEnabled: flag('Whether the switch happens by itself; true if unset.').optional(),
    autoPromotionSeconds: int32('Seconds to wait before the switch; 0 if unset.').optional(),
    maxUnavailable: intOrString('How many pods may be missing during a restart; 25% if unset.').optional(),
    prePromotionAnalysis: rolloutAnalysisSchema.describe('Measures the new version before the switch.').optional(),
    postPromotionAnalysis: rolloutAnalysisSchema.describe('Measures the new version after the switch.').optional(),
    previewMetadata: extraMetadataSchema.describe('Added to pods until the switch.').optional(),
    activeMetadata: extraMetadataSchema.describe('Added to pods from the switch on.').optional(),
    scaleDownDelaySeconds: int32('Seconds that the pods of the old version stay; 30 if unset.').optional(),
    ...scaleDownFields,
  },
);

export const rolloutStrategySchema = withRules(
  object('How a new version replaces the old one; set exactly one field.', {
    canary: canaryStrategySchema.optional(),
    blueGreen: blueGreenStrategySchema.optional(),
  }),
  [{ rule: '!(has(self.canary) && has(self.blueGreen))', message: 'set either canary or blueGreen, not both' }],
);

export const workloadReferenceSchema = object('Takes the pod template from another workload.', {
  apiVersion: text('The API version of the workload.').optional(),
  kind: text('Deployment, ReplicaSet or PodTemplate.').optional(),
  name: text('The name of the workload.').optional(),
  scaleDown: text('When a Deployment is scaled to 0: never, onsuccess or progressively; never if unset.').optional(),
});

export const rolloutSpecSchema = object('What is wanted.', {
  replicas: int32('How many pods to run; 1 if unset.').optional(),
  selector: withRules(labelSelectorSchema.describe('Selects the pods of this Rollout; cannot be changed.'), [
    {
      rule: 'self == oldSelf',
      message: 'the selector cannot be changed; create a new Rollout with the new selector instead',
    },
  ]).optional(),
  template: podTemplateSchema.optional(),
  workloadRef: workloadReferenceSchema.optional(),
  strategy: rolloutStrategySchema.optional(),
  minReadySeconds: int32('Seconds that a pod must be ready to count as available; 0 if unset.').optional(),
  revisionHistoryLimit: int32('How many old ReplicaSets to keep; 10 if unset.').optional(),
  paused: flag('Whether the update is held.').optional(),
  progressDeadlineSeconds: int32(
    'Seconds without progress after which the update counts as stuck; 600 if unset.',
  ).optional(),
  progressDeadlineAbort: flag('Whether a stuck update is aborted.').optional(),
  restartAt: time('Pods older than this time are restarted.').optional(),
  rollbackWindow: object('When going back to an earlier version skips the steps.', {
    revisions: int32('How many versions back that may be.').optional(),
  }).optional(),
  analysis: object('How many AnalysisRuns and Experiments are kept.', {
    successfulRunHistoryLimit: int32('How many successful ones; 5 if unset.').optional(),
    unsuccessfulRunHistoryLimit: int32('How many failed, erroneous or inconclusive ones; 5 if unset.').optional(),
  }).optional(),
});
