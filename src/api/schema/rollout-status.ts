import { conditionSchema } from './common.ts';
import { anyValue, flag, int32, listOf, object, text, time, word } from './fields.ts';

type PauseReason = 'CanaryPauseStep' | 'BlueGreenPause' | 'InconclusiveAnalysisRun' | 'InconclusiveExperiment';
type AnalysisPhase = 'Pending' | 'Running' | 'Successful' | 'Failed' | 'Error' | 'Inconclusive';
type RolloutPhase = 'Healthy' | 'Degraded' | 'Progressing' | 'Paused';
type StepPluginPhase = 'Running' | 'Successful' | 'Failed' | 'Error';

const analysisRunStatus = (description: string) =>
  object(description, {
    name: text('The name of the AnalysisRun.'),
    status: word<AnalysisPhase>('The phase of the AnalysisRun.'),
    message: text('Why it is in this phase.').optional(),
  });

export const weightDestinationSchema = object('How much traffic one version gets.', {
  weight: int32('The share of the traffic.'),
  serviceName: text('The Service that the traffic goes to.').optional(),
  podTemplateHash: text('The hash of the version.').optional(),
});

export const trafficWeightsSchema = object('How traffic is split; only with trafficRouting.', {
  canary: weightDestinationSchema.describe('The share of the new version.'),
  stable: weightDestinationSchema.describe('The share of the stable version.'),
  additional: listOf(weightDestinationSchema, 'The shares of experiments.').optional(),
  verified: flag('Whether the router was seen to obey; absent where that cannot be told.').optional(),
});

const awsResource = (description: string) =>
  object(description, {
    name: text('The name.'),
    arn: text('The ARN.'),
    fullName: text('The full name, as metrics use it.').optional(),
  });

const albStatus = object('The AWS resources behind an Ingress.', {
  ingress: text('The Ingress.').optional(),
  loadBalancer: awsResource('The load balancer.').optional(),
  canaryTargetGroup: awsResource('The target group of the new version.').optional(),
  stableTargetGroup: awsResource('The target group of the stable version.').optional(),
});

const stepPluginStatus = object('What a step plug-in did.', {
  index: int32('The index of the step.'),
  name: text('The name of the plug-in.'),
  operation: word<'Run' | 'Terminate' | 'Abort'>('Run, Terminate or Abort.'),
  phase: word<StepPluginPhase>('Running, Successful, Failed or Error.').optional(),
  message: text('Why it is in this phase.').optional(),
  startedAt: time('When it started.').optional(),
  updatedAt: time('When it was last heard of.').optional(),
  finishedAt: time('When it ended.').optional(),
  backoff: text('How long until it is asked again.').optional(),
  executions: int32('How often it was asked.').optional(),
  disabled: flag('Whether the plug-in is switched off.').optional(),
  status: anyValue('What the plug-in wants to remember.').optional(),
});

const canaryStatusSchema = object('The state of a canary update.', {
  weights: trafficWeightsSchema.optional(),
  currentStepAnalysisRunStatus: analysisRunStatus('The measurement of the current step.').optional(),
  currentBackgroundAnalysisRunStatus: analysisRunStatus('The measurement beside the steps.').optional(),
  currentExperiment: text('The Experiment of the current step.').optional(),
  stablePingPong: word<'ping' | 'pong'>('Which of the two Services is the stable one: ping or pong.').optional(),
  stepPluginStatuses: listOf(stepPluginStatus, 'What step plug-ins did.').optional(),
});

const blueGreenStatusSchema = object('The state of a blue-green update.', {
  previewSelector: text('The hash of the version behind the preview Service.').optional(),
  activeSelector: text('The hash of the version behind the active Service.').optional(),
  scaleUpPreviewCheckPoint: flag('Whether the new version may grow to its full size.').optional(),
  prePromotionAnalysisRunStatus: analysisRunStatus('The measurement before the switch.').optional(),
  postPromotionAnalysisRunStatus: analysisRunStatus('The measurement after the switch.').optional(),
});

const durationStatusSchema = object('How long the update took.', {
  rolloutStartedAt: time('When the update started.').optional(),
  manualPauseStartedAt: time('Since when it waits for a person.').optional(),
  totalManualPauseDurationSeconds: int32('Seconds that it waited for people.').optional(),
  finishedAt: time('When the update ended.').optional(),
  completionStatus: text(
    'How it ended: Promoted, FastPromoted, Aborted, Superseded, RolledBack or FastRolledBack.',
  ).optional(),
});

/** Additive, never needed: what printer columns cannot compute. Everything in it is derived from the standard fields. */
const headgateStatusSchema = object('The state at a glance, as text for tables.', {
  step: text('The step at work and how many there are, such as 3/8.').optional(),
  weight: text('The percentage of traffic that the new version gets.').optional(),
  strategy: text('Canary or BlueGreen.').optional(),
  stableRevision: text('The revision and hash of the stable version.').optional(),
  canaryRevision: text('The revision and hash of the new version.').optional(),
});

export const rolloutStatusSchema = object('What was found.', {
  phase: word<RolloutPhase>('Healthy, Progressing, Paused or Degraded.').optional(),
  message: text('Why it is in this phase.').optional(),
  observedGeneration: text('The metadata.generation that this status is about.').optional(),
  conditions: listOf(conditionSchema, 'The state in detail.').optional(),
  replicas: int32('How many pods there are.').optional(),
  updatedReplicas: int32('How many of them run the new version.').optional(),
  readyReplicas: int32('How many of them are ready.').optional(),
  availableReplicas: int32('How many of them are available.').optional(),
  HPAReplicas: int32('How many pods an autoscaler counts.').optional(),
  selector: text('The selector of the pods that an autoscaler counts.').optional(),
  currentPodHash: text('The hash of the new version.').optional(),
  stableRS: text('The hash of the stable version.').optional(),
  currentStepHash: text('The hash of the steps, by which a change of them is seen.').optional(),
  currentStepIndex: int32('The step at work, counted from 0. Raise it to skip the step.').optional(),
  pauseConditions: listOf(
    object('A reason to wait.', {
      reason: word<PauseReason>('Why the update waits.'),
      startTime: time('Since when.'),
    }),
    'Why the update waits; clear it to resume.',
  ).optional(),
  controllerPause: flag('Whether the controller, not a person, paused the update.').optional(),
  abort: flag('Whether the update is aborted. Set it to abort, clear it to try again.').optional(),
  abortedAt: time('When the update was aborted.').optional(),
  promoteFull: flag('Set it to skip all steps, pauses and measurements that are left.').optional(),
  restartedAt: time('The restartAt for which all pods were restarted.').optional(),
  collisionCount: int32('How often a ReplicaSet name was taken; part of the hash.').optional(),
  workloadObservedGeneration: text('The generation of the referenced workload that this status is about.').optional(),
  canary: canaryStatusSchema.optional(),
  blueGreen: blueGreenStatusSchema.optional(),
  alb: albStatus.optional(),
  albs: listOf(albStatus, 'The AWS resources, where there are several Ingresses.').optional(),
  duration: durationStatusSchema.optional(),
  headgate: headgateStatusSchema.optional(),
});
