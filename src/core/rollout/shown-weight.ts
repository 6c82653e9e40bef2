import { findCondition } from '../../api/conditions.ts';
import { waitStartMs } from '../../lib/timestamp.ts';
import type { World } from './world.ts';

/** Highest canary weight that a router shows; where one cannot be read, what was last recorded. 0 without a router. */
export function shownWeight(world: World): number {
  if (!world.settings.hasRouter) return 0;
  return world.traffic.shown?.max ?? world.status.canary?.weights?.canary.weight ?? 0;
}

/** True when every router shows this weight and the data plane had the time, or said, to obey it. */
export function isSettledAt(world: World, weight: number): boolean {
  if (!world.settings.hasRouter) return true;
  const { shown, acceptance } = world.traffic;
  if (shown === undefined || shown.min !== weight || shown.max !== weight) return false;
  if (acceptance === 'accepted') return true;
  if (acceptance === 'pending') return false;
  const sinceMs = shownSinceMs(world, weight);
  return sinceMs === undefined || world.nowMs >= sinceMs + world.observation.options.propagationDelayMs;
}

/**
 * Since when a router that reports nothing shows this weight; undefined when that is long past. What was recorded counts
 * from its record, also after a restart; what was not, from when it was first seen; a change that was seen since, from then.
 */
export function shownSinceMs(world: World, weight: number): number | undefined {
  const recorded = world.status.canary?.weights;
  const seen = world.observation.weightsSeen;
  const seenMs = seen?.sinceMs ?? world.nowMs;
  const changedMs = seen?.changed === true ? seen.sinceMs : undefined;
  if (recorded === undefined) return weight === 0 ? changedMs : seenMs;
  if (recorded.canary.weight !== weight) return seenMs;
  if (recorded.verified !== false) return changedMs;
  const waiting = findCondition(world.status.conditions, 'Waiting');
  return Math.max(waitStartMs(waiting?.lastUpdateTime ?? '') ?? seenMs, changedMs ?? 0);
}

/** When a router that reports nothing will count as settled. */
export function settlesAtMs(world: World, weight: number): number | undefined {
  if (world.traffic.acceptance !== 'unknown' || world.traffic.shown === undefined || isSettledAt(world, weight))
    return undefined;
  const sinceMs = shownSinceMs(world, weight);
  return sinceMs === undefined ? undefined : sinceMs + world.observation.options.propagationDelayMs;
}
