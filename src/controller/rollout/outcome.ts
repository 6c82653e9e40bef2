import type { RolloutStatus } from '../../api/rollout.ts';
import type { Effect } from '../../core/decision.ts';

/**
 * What goes on record before the effects of a decision that brings a Rollout to rest: all that later passes rest on, but
 * not yet that it is there. Who waits for Healthy, Paused or Degraded finds the world as it is meant to be: a Service that
 * leads back, a run that is there, pods that go. Conditions are what later passes rest on: they tell a user's abort from one by a
 * measurement, and what was told already. Undefined when there is nothing to put off: the whole status is written at
 * once. The end of a canary is not put off: all traffic was seen at the new version before, and the API, too, lets its
 * Services follow. Of the end of blue-green its event tells first, also where nothing is left to do.
 */
export function withOutcomeLater(
  before: RolloutStatus | undefined,
  next: RolloutStatus,
  effects: readonly Effect[],
): RolloutStatus | undefined {
  if (before?.phase === undefined) return undefined;
  const becameStable = next.stableRS !== before.stableRS;
  if (effects.length === 0 && !(becameStable && next.blueGreen !== undefined)) return undefined;
  if (next.phase === 'Progressing' || next.phase === before.phase) return undefined;
  if (becameStable && next.blueGreen === undefined) return undefined;
  const { phase, message, observedGeneration } = before;
  return { ...next, phase, message, observedGeneration };
}
