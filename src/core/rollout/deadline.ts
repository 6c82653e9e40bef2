import { findCondition } from '../../api/conditions.ts';
import { progressDeadlineSecondsOf } from '../../api/defaults.ts';
import { waitStartMs } from '../../lib/timestamp.ts';
import { activeHash, previewHash } from './blue-green.ts';
import { countsOf } from './counts.ts';
import { isPaused } from './pause.ts';
import type { Position } from './position.ts';
import { availableOf, sizeOf } from './replica-set.ts';
import { replicaSetName } from './revisions.ts';
import { isMeasuring, measurementEnded } from './runs.ts';
import { currentStep } from './steps.ts';
import { rolesOf, type World } from './world.ts';

/** What moved since the last pass, by the counts that the status remembers. */
export function madeProgress(world: World, position: Position): boolean {
  const { status } = world;
  const { replicas = 0, updatedReplicas: updated = 0, ...serving } = countsOf(world, position);
  const old = replicas - updated;
  const oldBefore = (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  return (
    updated !== (status.updatedReplicas ?? 0) ||
    old < oldBefore ||
    (serving.readyReplicas ?? 0) > (status.readyReplicas ?? 0) ||
    (serving.availableReplicas ?? 0) > (status.availableReplicas ?? 0) ||
    (world.blueGreen !== undefined && (selectorsMoved(world) || measurementEnded(world))) ||
    position.stableHash !== (status.stableRS ?? '') ||
    position.stepIndex !== (status.currentStepIndex ?? undefined) ||
    position.stepsHash !== (status.currentStepHash ?? '')
  );
}

function selectorsMoved(world: World): boolean {
  const { activeSelector = '', previewSelector = '' } = world.status.blueGreen ?? {};
  return activeHash(world) !== activeSelector || previewHash(world) !== previewSelector;
}

/** Pods are what the update waits for: not people, not a measurement, and it is not over. */
function mayBeStuck(world: World, position: Position): boolean {
  const { status } = world;
  if (position.abort || isPaused(world, position)) return false;
  if (status.phase === 'Healthy' && position.currentHash === (status.currentPodHash ?? '')) return false;
  const step = currentStep(world, position);
  if (step?.pause !== undefined || step?.analysis !== undefined || step?.experiment !== undefined) return false;
  return world.blueGreen === undefined || !isMeasuring(world, position);
}

/** When this update will count as stuck; undefined while no deadline runs. */
export function deadlineMs(world: World, position: Position): number | undefined {
  const { status, rollout } = world;
  if (!mayBeStuck(world, position)) return undefined;
  const progressing = findCondition(status.conditions, 'Progressing');
  if (progressing === undefined || progressing.reason === 'ProgressDeadlineExceeded') return undefined;
  // What was complete once is not an update under way; new pods count as progress and start the deadline again.
  if (progressing.reason === 'NewReplicaSetAvailable' && position.currentHash === status.currentPodHash)
    return undefined;
  if (waitsForScaleDown(world, position)) return undefined;
  const sinceMs = waitStartMs(progressing.lastUpdateTime);
  return sinceMs === undefined ? undefined : sinceMs + progressDeadlineSecondsOf(rollout.spec) * 1_000;
}

/** All that is left to do is the delayed scaling down of older pods, which is no lack of progress. */
function waitsForScaleDown(world: World, position: Position): boolean {
  if (position.currentHash !== position.stableHash) return false;
  const roles = rolesOf(world, position);
  const { replicas } = world.settings;
  return availableOf(roles.current) >= replicas && roles.others.some((other) => sizeOf(other) > 0);
}

/** Stuck, also when that was found out before. */
export function isStuck(world: World, position: Position): boolean {
  const { conditions, currentPodHash } = world.status;
  const wasFound =
    findCondition(conditions, 'Progressing')?.reason === 'ProgressDeadlineExceeded' &&
    currentPodHash === position.currentHash;
  return isTimedOut(world, position) || (wasFound && mayBeStuck(world, position) && !madeProgress(world, position));
}

/** As the condition and the event of an abort say it. */
export function deadlineText(world: World, position: Position): string {
  return `ReplicaSet "${replicaSetName(world.rollout, position.currentHash)}" has timed out progressing.`;
}

export function isTimedOut(world: World, position: Position): boolean {
  const atMs = deadlineMs(world, position);
  return atMs !== undefined && world.nowMs > atMs && !madeProgress(world, position);
}
