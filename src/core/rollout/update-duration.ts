import type { RolloutStatus } from '../../api/rollout.ts';
import { formatTimestamp, parseTimestampMs } from '../../lib/timestamp.ts';
import { isFastTracked } from './blue-green.ts';
import { isFullyAvailable } from './capacity.ts';
import { currentStep } from './steps.ts';
import type { Position } from './position.ts';
import { isWithinRollbackWindow } from './promotion.ts';
import { positionOf } from './position.ts';
import { createdMs } from '../../api/kube-object.ts';
import { rolesOf, type World } from './world.ts';

export type UpdateDuration = NonNullable<RolloutStatus['duration']>;

/** How long the update takes, how much of that people were waited for, and how it ended. */
export function updateDuration(world: World, after: Position): UpdateDuration | undefined {
  const before = positionOf(world.status);
  const now = formatTimestamp(world.nowMs);
  const known = world.status.duration ?? undefined;
  const started = after.currentHash !== before.currentHash || after.stepsHash !== before.stepsHash;
  if (started && after.currentHash === after.stableHash && before.stableHash !== '') {
    return before.currentHash === after.currentHash ? known : backAtStable(known, world.nowMs);
  }
  const retried = wasAborted(before) && !wasAborted(after) && after.currentHash !== after.stableHash;
  if (started || retried) return { rolloutStartedAt: now };
  if (known === undefined || known.finishedAt !== undefined) return known;
  const counted = withPause(known, isManuallyPaused(world, after), world.nowMs);
  if (after.abort) return { ...counted, finishedAt: now, completionStatus: 'Aborted' };
  if (!isPromoted(before, after) && !isInstalled(world, before)) return counted;
  return { ...counted, finishedAt: now, completionStatus: endOf(world, before) };
}

/** The update that is given up ends with it. */
function backAtStable(known: UpdateDuration | undefined, nowMs: number): UpdateDuration {
  const now = formatTimestamp(nowMs);
  const underWay = known === undefined || known.finishedAt !== undefined ? { rolloutStartedAt: now } : known;
  return { ...withPause(underWay, false, nowMs), finishedAt: now, completionStatus: 'FastRolledBack' };
}

/** The wish to abort is gone as soon as a user retries; its time stays until that is taken up. */
function wasAborted(position: Position): boolean {
  return position.abort || position.abortedAt !== undefined;
}

function isPromoted(before: Position, after: Position): boolean {
  return before.stableHash !== after.stableHash;
}

/** The first version is stable from the start, and done when it is there. */
function isInstalled(world: World, before: Position): boolean {
  return before.currentHash === before.stableHash && isFullyAvailable(world, rolesOf(world, before).current);
}

function endOf(world: World, before: Position): string {
  if (before.promoteFull) return 'FastPromoted';
  const { current, stable } = rolesOf(world, before);
  if (stable === undefined) return 'Promoted';
  const isBack = world.blueGreen === undefined ? isWithinRollbackWindow(world, before) : isFastTracked(world, before);
  if (isBack) return 'FastRolledBack';
  return current !== undefined && createdMs(current) < createdMs(stable) ? 'RolledBack' : 'Promoted';
}

/** A pause that only a person can end. */
function isManuallyPaused(world: World, position: Position): boolean {
  if (world.rollout.spec.paused === true) return true;
  if (position.pauses.length === 0) return false;
  if (world.blueGreen !== undefined)
    return (
      position.pauses.some(({ reason }) => reason !== 'BlueGreenPause') || world.blueGreen.autoPromotionMs === undefined
    );
  return (
    position.pauses.some(({ reason }) => reason !== 'CanaryPauseStep') ||
    currentStep(world, position)?.pause?.duration === undefined
  );
}

function withPause(known: UpdateDuration, paused: boolean, nowMs: number): UpdateDuration {
  const { manualPauseStartedAt, ...rest } = known;
  if (paused) return { ...known, manualPauseStartedAt: manualPauseStartedAt ?? formatTimestamp(nowMs) };
  const startedMs = parseTimestampMs(manualPauseStartedAt);
  if (startedMs === undefined) return rest;
  const seconds = Math.max(0, Math.round((nowMs - startedMs) / 1_000));
  return { ...rest, totalManualPauseDurationSeconds: (rest.totalManualPauseDurationSeconds ?? 0) + seconds };
}
