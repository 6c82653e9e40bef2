import { parsePauseDurationMs } from '../../lib/duration.ts';
import { formatTimestampMs, waitStartMs } from '../../lib/timestamp.ts';
import type { PauseCondition, PauseReason } from '../../api/rollout.ts';
import type { Position } from './position.ts';
import { currentStep } from './steps.ts';
import type { World } from './world.ts';

export function pauseBecause(position: Position, reason: PauseReason, nowMs: number): Position {
  if (position.pauses.some((pause) => pause.reason === reason)) return { ...position, controllerPause: true };
  const pause: PauseCondition = { reason, startTime: formatTimestampMs(nowMs) };
  return { ...position, pauses: [...position.pauses, pause], controllerPause: true };
}

export function withoutPauses(position: Position): Position {
  return { ...position, pauses: [], controllerPause: false };
}

/** By the spec, or by the update itself. */
export function isPaused(world: World, position: Position): boolean {
  return world.rollout.spec.paused === true || position.pauses.length > 0;
}

export function isPausedFor(position: Position, reason: PauseReason): boolean {
  return position.pauses.some((pause) => pause.reason === reason);
}

/** A user cleared the pauses that the controller had begun. */
export function wasResumed(position: Position): boolean {
  return position.controllerPause && position.pauses.length === 0;
}

/** When the pause at work ends by itself; undefined when only a user can end it. Never shorter than asked. */
export function pauseEndsAtMs(world: World, position: Position): number | undefined {
  if (world.blueGreen !== undefined) return promotionAtMs(world.blueGreen.autoPromotionMs, position);
  const duration = currentStep(world, position)?.pause?.duration;
  const pause = position.pauses.find(({ reason }) => reason === 'CanaryPauseStep');
  if (duration === undefined || duration === null || pause === undefined) return undefined;
  const durationMs = parsePauseDurationMs(duration);
  const startMs = waitStartMs(pause.startTime);
  return durationMs === undefined || startMs === undefined ? undefined : Math.ceil(startMs + durationMs);
}

function promotionAtMs(afterMs: number | undefined, position: Position): number | undefined {
  const pause = position.pauses.find(({ reason }) => reason === 'BlueGreenPause');
  const startMs = waitStartMs(pause?.startTime ?? '');
  return afterMs === undefined || pause === undefined || startMs === undefined
    ? undefined
    : Math.ceil(startMs + afterMs);
}
