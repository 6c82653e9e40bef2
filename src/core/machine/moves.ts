import type { EventNotice } from '../../api/kube-write.ts';
import { formatTimestamp } from '../../lib/timestamp.ts';
import { deadlineText } from '../rollout/deadline.ts';
import { pauseBecause, withoutPauses } from '../rollout/pause.ts';
import { isInconclusivePause, type Position } from '../rollout/position.ts';
import { currentRevision, promotionReason } from '../rollout/promotion.ts';
import { replicaSetName } from '../rollout/revisions.ts';
import { isInconclusive } from '../rollout/runs.ts';
import { measurementDoubt, measurementFailure } from '../rollout/step-experiment.ts';
import { indexOf } from '../rollout/step-weights.ts';
import { stepText } from '../rollout/step-text.ts';
import { currentStep } from '../rollout/steps.ts';
import { hashOf } from '../rollout/replica-set.ts';
import { swapRoles } from '../rollout/swap-roles.ts';
import { updateAsked, type World } from '../rollout/world.ts';
import type { ChartContext, Mark } from './chart-context.ts';

/* What each move of the chart does to the position, and what it has to tell. */

type Facts = { readonly context: ChartContext };
type Move = (facts: Facts) => Partial<ChartContext>;

/** A new template, or new steps: everything of the update before is forgotten. */
export const startUpdate: Move = ({ context: { world, position } }) => ({
  position: {
    ...withoutPauses(position),
    currentHash: world.templateHash,
    stepsHash: world.stepsHash,
    collisionCount: world.collisionCount,
    stepIndex: firstIndex(world),
    abort: false,
    abortedAt: undefined,
    promoteFull: false,
    previewCheckPoint: false,
    // A new template brings new pods anyway.
    restartedAt: world.rollout.spec.restartAt ?? undefined,
  },
  mark: newVersionMark(world),
});

function newVersionMark(world: World): Mark {
  const name = replicaSetName(world.rollout, world.templateHash);
  const exists = world.replicaSets.some((replicaSet) => hashOf(replicaSet) === world.templateHash);
  return exists
    ? { reason: 'FoundNewReplicaSet', message: `Found new replica set "${name}"` }
    : { reason: 'NewReplicaSetCreated', message: `Created new replica set "${name}"` };
}

export const skipSteps: Move = ({ context: { world, position } }) => ({
  position: { ...withoutPauses(position), stepIndex: lastIndex(world) },
});

/** Without steps there is no index. */
function firstIndex({ settings: { steps } }: World): number | undefined {
  return steps.length === 0 ? undefined : 0;
}

function lastIndex({ settings: { steps } }: World): number | undefined {
  return steps.length === 0 ? undefined : steps.length;
}

export const nextStep: Move = ({ context: { world, position } }) => ({
  position: { ...position, stepIndex: indexOf(position, world.settings.steps) + 1 },
});

export const pauseForStep: Move = ({ context: { world, position } }) => ({
  position: pauseBecause(position, 'CanaryPauseStep', world.nowMs),
  mark: { reason: 'RolloutPaused', message: 'Rollout is paused' },
});

export const pauseForPromotion: Move = ({ context: { world, position } }) => ({
  position: pauseBecause(position, 'BlueGreenPause', world.nowMs),
  mark: { reason: 'RolloutPaused', message: 'Rollout is paused' },
});

/** Until the switch is seen, it shows that a pause was begun and is over. */
export const resumePromotion: Move = ({ context: { position } }) => ({
  position: { ...withoutPauses(position), controllerPause: true },
  mark: { reason: 'RolloutResumed', message: 'Rollout is resumed' },
});

/** A smaller new version grows to its full size from here on. */
export const passCheckPoint: Move = ({ context: { world, position } }) => ({
  position: { ...position, previewCheckPoint: world.blueGreen?.previewReplicas !== undefined },
});

export const pauseInconclusive: Move = ({ context: { world, position } }) => ({
  position: pauseBecause(
    position,
    isInconclusive(world, position) ? 'InconclusiveAnalysisRun' : 'InconclusiveExperiment',
    world.nowMs,
  ),
  mark: { reason: 'RolloutPaused', message: 'Rollout is paused' },
});

export const resume: Move = ({ context: { position } }) => ({
  position: withoutPauses(position),
  mark: { reason: 'RolloutResumed', message: 'Rollout is resumed' },
});

export const resumeAndMeasureAgain: Move = (facts) => ({ ...resume(facts), measuredAgain: true });

/** What else the update is paused for stays. */
export const endStepPause: Move = ({ context: { position } }) => ({
  position: { ...position, pauses: position.pauses.filter(({ reason }) => reason !== 'CanaryPauseStep') },
});

export const clearPauses: Move = ({ context: { position } }) => ({ position: withoutPauses(position) });

export const promote: Move = ({ context: { world, position } }) => {
  const promoted: Position = {
    ...withoutPauses(position),
    stableHash: position.currentHash,
    stepIndex: lastIndex(world),
    promoteFull: false,
    abort: false,
    abortedAt: undefined,
    previewCheckPoint: false,
  };
  return world.settings.pingPong ? swapRoles(world, promoted) : { position: promoted };
};

export const abortByUser: Move = (facts) => aborted(facts, undefined);

export const abortForMeasurement: Move = (facts) =>
  aborted(facts, measurementFailure(facts.context.world, facts.context.position));

export const abortForDeadline: Move = (facts) =>
  aborted(facts, deadlineText(facts.context.world, facts.context.position));

function aborted({ context: { world, position } }: Facts, detail: string | undefined): Partial<ChartContext> {
  const revision = currentRevision(world, position);
  const next: Position = {
    ...withoutPauses(position),
    abort: true,
    abortedAt: position.abortedAt ?? formatTimestamp(world.nowMs),
    promoteFull: false,
    previewCheckPoint: false,
    stepIndex: firstIndex(world),
  };
  const message = `Rollout aborted update to revision ${revision}${detail === undefined ? '' : `: ${detail}`}`;
  return { position: next, mark: { reason: 'RolloutAborted', message } };
}

export const dropAbort: Move = ({ context: { position } }) => ({
  position: { ...position, abort: false, abortedAt: undefined },
});

export const retry: Move = ({ context: { world, position } }) => ({
  position: {
    ...withoutPauses(position),
    abort: false,
    abortedAt: undefined,
    stepIndex: firstIndex(world),
  },
  mark: { reason: 'RolloutRetry', message: 'Retrying Rollout after abort' },
});

export function abortNotice({ context: { mark } }: Facts): EventNotice {
  return { type: 'Warning', reason: 'RolloutAborted', message: mark?.message ?? 'Rollout aborted' };
}

export function pauseNotice({ context: { world, position } }: Facts): EventNotice {
  const inconclusive = position.pauses.find(isInconclusivePause);
  const { reason } = inconclusive ?? position.pauses[0] ?? { reason: 'CanaryPauseStep' };
  const cause = inconclusive === undefined ? undefined : measurementDoubt(world, position);
  const detail = cause === undefined ? '' : `: ${cause}`;
  return { type: 'Normal', reason: 'RolloutPaused', message: `Rollout is paused (${reason})${detail}` };
}

export function resumeNotice(): EventNotice {
  return { type: 'Normal', reason: 'RolloutResumed', message: 'Rollout is resumed' };
}

export function skipNotice(message: string): EventNotice {
  return { type: 'Normal', reason: 'SkipSteps', message };
}

export function stepCompletedNotice({ context: { world, position } }: Facts): EventNotice {
  const { steps } = world.settings;
  const step = currentStep(world, position);
  const done = step === undefined ? '' : ` (${stepText(step)})`;
  return {
    type: 'Normal',
    reason: 'RolloutStepCompleted',
    message: `Rollout step ${indexOf(position, steps) + 1}/${steps.length} completed${done}`,
  };
}

export function completedNotice({ context: { world, position } }: Facts): EventNotice {
  const revision = currentRevision(world, position);
  return {
    type: 'Normal',
    reason: 'RolloutCompleted',
    message: `Rollout completed update to revision ${revision} (${position.currentHash}): ${promotionReason(world, position)}`,
  };
}

/** The template that goes back to stable may be taken up whatever else is wrong; any other needs a sound spec. */
export function updateMayStart({ context: { world, position } }: Facts): boolean {
  if (!updateAsked(world, position)) return false;
  return world.problems.length === 0 || world.templateHash === position.stableHash;
}
