import type { BlueGreenStatus, CanaryStatus, RolloutCondition, RolloutStatus } from '../../api/rollout.ts';
import { activeHash, previewHash } from './blue-green.ts';
import { conditionsOf } from './conditions.ts';
import { countsOf } from './counts.ts';
import { phaseOf } from './phase.ts';
import type { Position } from './position.ts';
import { revisionOf } from './revisions.ts';
import { currentRevision } from './promotion.ts';
import type { Plans } from './plans.ts';
import type { PlannedRun } from './runs.ts';
import { recordedWeights } from './recorded-weights.ts';
import { shownWeight } from './shown-weight.ts';
import { updateDuration } from './update-duration.ts';
import { waitOf } from './waiting.ts';
import { workloadGeneration } from './workload.ts';
import { stableReplicaSet, type World } from './world.ts';

export interface StatusInput {
  readonly position: Position;
  readonly state: string;
  readonly mark: { readonly reason: string; readonly message: string } | undefined;
  /** What users asked for last. */
  readonly command: RolloutCondition | undefined;
  readonly plans: Plans;
}

/** The whole next status: a function of the observation and of where the chart went with it. */
export function nextStatus(world: World, input: StatusInput): RolloutStatus {
  const { position } = input;
  const counted = {
    ...carriedOver(world),
    ...positionFields(position),
    ...countsOf(world, position),
    ...(world.blueGreen === undefined ? canaryBlock(world, input) : blueGreenBlock(world, input)),
    duration: updateDuration(world, position),
  };
  const { runs, experiments, traffic } = input.plans;
  const failures = [...runs.failures, ...experiments.failures];
  const wait = waitOf(world, { position, state: input.state, failures, traffic });
  const conditions = conditionsOf(world, { position, status: counted, mark: input.mark, command: input.command, wait });
  const conditioned: RolloutStatus = { ...counted, conditions };
  const { phase, message } = phaseOf(world, conditioned);
  // Scripts ask whether there is a message, not whether it is empty.
  return { ...conditioned, phase, message: message || undefined, headgate: atAGlance(world, position) };
}

/** What no rule of a pass decides anew. */
function carriedOver(world: World): RolloutStatus {
  const { alb, albs } = world.status;
  const { workloadRef } = world.rollout.spec;
  const known = workloadRef === undefined ? undefined : world.status.workloadObservedGeneration;
  return {
    alb,
    albs,
    workloadObservedGeneration: workloadGeneration(world) ?? known,
    observedGeneration: String(world.rollout.metadata.generation ?? 0),
  };
}

function positionFields(position: Position): RolloutStatus {
  return {
    currentPodHash: position.currentHash || undefined,
    stableRS: position.stableHash === '' ? undefined : position.stableHash,
    currentStepHash: position.stepsHash === '' ? undefined : position.stepsHash,
    currentStepIndex: position.stepIndex,
    pauseConditions: position.pauses.length === 0 ? undefined : position.pauses,
    controllerPause: position.controllerPause || undefined,
    abort: position.abort || undefined,
    abortedAt: position.abortedAt,
    promoteFull: position.promoteFull || undefined,
    restartedAt: position.restartedAt,
    collisionCount: position.collisionCount,
  };
}

function canaryBlock(world: World, { position, plans }: StatusInput): RolloutStatus {
  const { runs, experiments } = plans;
  const { stepPluginStatuses } = world.status.canary ?? {};
  const canary: CanaryStatus = {
    weights: recordedWeights(world, position, plans.traffic),
    currentStepAnalysisRunStatus: runStatus(runs.step),
    currentBackgroundAnalysisRunStatus: runStatus(runs.background),
    currentExperiment: experiments.current?.name,
    stablePingPong: position.stablePingPong,
    stepPluginStatuses,
  };
  return Object.values(canary).some((value) => value !== undefined) ? { canary } : {};
}

function blueGreenBlock(world: World, { position, plans: { runs } }: StatusInput): RolloutStatus {
  const blueGreen: BlueGreenStatus = {
    activeSelector: activeHash(world) || undefined,
    previewSelector: previewHash(world) || undefined,
    scaleUpPreviewCheckPoint: position.previewCheckPoint || undefined,
    prePromotionAnalysisRunStatus: runStatus(runs.prePromotion),
    postPromotionAnalysisRunStatus: runStatus(runs.postPromotion),
  };
  return Object.values(blueGreen).some((value) => value !== undefined) ? { blueGreen } : {};
}

function runStatus(planned: PlannedRun | undefined): CanaryStatus['currentStepAnalysisRunStatus'] {
  if (planned === undefined) return undefined;
  const message = planned.run?.status?.message;
  return {
    name: planned.name,
    // Another controller may write it empty.
    status: planned.run?.status?.phase || 'Pending',
    ...(message === undefined || message === '' ? {} : { message }),
  };
}

function atAGlance(world: World, position: Position): RolloutStatus['headgate'] {
  const { steps, hasRouter } = world.settings;
  const hasWeight = hasRouter && position.stableHash !== '';
  const revision = currentRevision(world, position);
  const stable = stableReplicaSet(world, position);
  return {
    strategy: world.rollout.spec.strategy?.blueGreen === undefined ? 'Canary' : 'BlueGreen',
    ...(steps.length === 0 ? {} : { step: `${position.stepIndex ?? 0}/${steps.length}` }),
    ...(hasWeight ? { weight: String(Math.round(shownWeight(world))) } : {}),
    ...(stable === undefined ? {} : { stableRevision: `${revisionOf(stable) || revision} (${position.stableHash})` }),
    ...(position.currentHash === '' ? {} : { canaryRevision: `${revision} (${position.currentHash})` }),
  };
}
