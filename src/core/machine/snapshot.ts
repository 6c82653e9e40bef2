import { isCutOver, isFastTracked } from '../rollout/blue-green.ts';
import { newSkip } from '../rollout/known-commands.ts';
import { isPausedFor, wasResumed, withoutPauses } from '../rollout/pause.ts';
import { isAbortRecorded, isInconclusivePause, positionOf, type Position } from '../rollout/position.ts';
import { isStableGone, isWithinRollbackWindow } from '../rollout/promotion.ts';
import { distrustText, recordedRuns } from '../rollout/runs.ts';
import { experimentVerdict } from '../rollout/step-experiment.ts';
import { allStepsDone, abortedVersionIsIdle, currentStep, stableIsSettled, stepKind } from '../rollout/steps.ts';
import type { World } from '../rollout/world.ts';
import { rolesOf } from '../rollout/world.ts';
import type { ChartContext } from './chart-context.ts';

export type StateValue =
  | 'idle'
  | 'installing'
  | 'preparing'
  | 'pausedStep'
  | 'pausedInconclusive'
  | 'previewing'
  | 'pausedPromotion'
  | 'cuttingOver'
  | 'postAnalysis'
  | 'fastForward'
  | 'finalScaling'
  | 'finalizing'
  | 'aborting'
  | 'aborted'
  | { readonly step: 'scaling' };

export interface Standing {
  readonly value: StateValue;
  readonly context: ChartContext;
}

/** The state that the last pass ended in, told from the standard fields of status; commands are not applied yet. */
export function standingOf(world: World): Standing {
  const recorded = withinSteps(positionOf(world.status), world.settings.steps.length);
  const position = pastStepsWhenPromoted(world, settled(world, recorded));
  return {
    value: stateOf(world, position),
    context: { world, position, mark: undefined, measuredAgain: false },
  };
}

/** The last pass left a pause that an edit has ended: its step was left, or its steps or the stable version are gone. */
export function leftPauseBehind(world: World, { context: { position } }: Standing): boolean {
  return positionOf(world.status).pauses.length > 0 && position.pauses.length === 0 && !position.abort;
}

/** Who promotes in full leaves the steps behind at once: what shows a Rollout counts what is asked for from the step. */
function pastStepsWhenPromoted(world: World, position: Position): Position {
  const { currentHash, stableHash, stepIndex, abort, promoteFull } = position;
  const underWay = stableHash !== '' && currentHash === world.templateHash && currentHash !== stableHash;
  if (!promoteFull || abort || !underWay || world.blueGreen !== undefined || stepIndex === undefined) return position;
  return { ...position, stepIndex: world.settings.steps.length };
}

/** The recorded position, less what users' edits made void. */
function settled(world: World, position: Position): Position {
  // An abort wins over a promotion that was asked for since, in full or of a step: that needs a retry first.
  if (isAbortRecorded(world.status) && position.abort) return backAtTheStart({ ...position, promoteFull: false });
  // What is promoted already is not promoted once more, nor is the next version without being asked for.
  if (position.promoteFull && position.currentHash === position.stableHash && position.stableHash !== '')
    return { ...position, promoteFull: false };
  if (world.blueGreen !== undefined && isCutOver(world, position)) return position;
  // Without the stable version there is nothing to compare with or to go back to: what is left gets everything.
  if (world.problems.length === 0 && !position.abort && isStableGone(world, position)) {
    return {
      ...withoutPauses(position),
      stepIndex: position.stepIndex === undefined ? undefined : world.settings.steps.length,
    };
  }
  if (world.blueGreen !== undefined) return position;
  // A pause belongs to its step: who moves on to another step has ended it.
  if (wasInconclusive(world, position)) return position;
  // Who moves to a step that pauses wants it to pause.
  if (stepKind(currentStep(world, position)) === 'pause')
    return newSkip(world) === undefined ? position : withoutPauses(position);
  const pauses = position.pauses.filter(({ reason }) => reason !== 'CanaryPauseStep');
  return { ...position, pauses, controllerPause: pauses.length > 0 };
}

function backAtTheStart(position: Position): Position {
  const stays = position.stepIndex === undefined || position.currentHash === position.stableHash;
  return stays ? position : { ...position, stepIndex: 0 };
}

/** Users write the index too; past the last step there is only the end. */
function withinSteps(position: Position, stepCount: number): Position {
  const { stepIndex } = position;
  if (stepIndex === undefined || stepCount === 0) return { ...position, stepIndex: undefined };
  return { ...position, stepIndex: Math.max(0, Math.min(stepIndex, stepCount)) };
}

function stateOf(world: World, position: Position): StateValue {
  if (position.stableHash === '') return isAbortRecorded(world.status) ? 'aborted' : 'installing';
  if (position.currentHash === position.stableHash) return stableIsSettled(world, position) ? 'idle' : 'finalizing';
  if (isAbortRecorded(world.status)) return abortedVersionIsIdle(world, position) ? 'aborted' : 'aborting';
  if (position.pauses.some(isInconclusivePause)) return 'pausedInconclusive';
  if (world.blueGreen !== undefined) return blueGreenStateOf(world, position);
  if (isPausedFor(position, 'CanaryPauseStep')) return 'pausedStep';
  if (position.promoteFull || isWithinRollbackWindow(world, position)) return 'fastForward';
  if (position.controllerPause) return wasInconclusive(world, position) ? 'pausedInconclusive' : 'pausedStep';
  if (allStepsDone(world, position)) return 'finalScaling';
  return rolesOf(world, position).current === undefined ? 'preparing' : { step: 'scaling' };
}

/** The Services tell what is behind the update, pauses and the check point what is behind the pause. */
function blueGreenStateOf(world: World, position: Position): StateValue {
  if (wasResumed(position) && wasInconclusive(world, position)) return 'pausedInconclusive';
  if (isCutOver(world, position)) return 'postAnalysis';
  if (isPausedFor(position, 'BlueGreenPause')) return 'pausedPromotion';
  if (position.previewCheckPoint || isFastTracked(world, position)) return 'cuttingOver';
  if (wasResumed(position)) return 'pausedPromotion';
  return rolesOf(world, position).current === undefined ? 'preparing' : 'previewing';
}

/** The pause that a user has cleared was for an inconclusive measurement. */
function wasInconclusive(world: World, position: Position): boolean {
  if (distrustText(world, position) !== undefined) return true;
  if (experimentVerdict(world, position) === 'Inconclusive') return true;
  return Object.values(recordedRuns(world.status)).some((run) => run?.status === 'Inconclusive');
}
