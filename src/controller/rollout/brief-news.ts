import type { RolloutCondition, RolloutStatus } from '../../api/rollout.ts';
import { deepEqual } from '../../lib/deep-equal.ts';

/** Pods come one after another, and most waits are over before anybody can read of them: telling of each costs a write. */
const TOLD_AFTER_MS = 1_000;
/** That the last pod has come, or gone: people and scripts wait for it, but it often becomes ready a moment later. */
const SIZE_TOLD_AFTER_MS = 300;
/** So long it is held where a pass that has more to tell is known to come by then. */
const TOLD_BY_MS = 2_000;

/**
 * What only says how far the world has come is told at most once a second, or with the next news that is more. Holding it
 * back loses nothing: it is seen in the world again by whoever looks, also after a crash. What the status remembers
 * (position, pauses, an abort, runs) is never held back.
 */
export class BriefNews {
  readonly #sinceMs = new Map<string, number>();

  /** Until when this status need not be written; undefined when it is to be written now, or there is nothing to write. */
  heldUntilMs(key: string, news: NewsInput): number | undefined {
    const { before, next, nowMs, wakeAtMs } = news;
    const isBrief = !deepEqual(before, next) && deepEqual(lasting(before), lasting(next));
    const sinceMs = this.#sinceMs.get(key) ?? nowMs;
    const heldMs = isSized(news) ? SIZE_TOLD_AFTER_MS : TOLD_AFTER_MS;
    const untilMs = laterOf(sinceMs + heldMs, wakeAtMs, sinceMs + TOLD_BY_MS);
    if (!isBrief || nowMs >= untilMs) {
      this.#sinceMs.delete(key);
      return undefined;
    }
    this.#sinceMs.set(key, sinceMs);
    return untilMs;
  }

  forget(key: string): void {
    this.#sinceMs.delete(key);
  }
}

export interface NewsInput {
  readonly before: RolloutStatus;
  readonly next: RolloutStatus;
  readonly nowMs: number;
  /** When the next pass comes by itself. */
  readonly wakeAtMs?: number;
  /** How many pods there should be; undefined while sizes still change. */
  readonly podsWanted?: number;
}

/** The last pod has come, or the last one that should go has gone: whoever waits for a number of pods waits for this. */
function isSized({ before, next, podsWanted }: NewsInput): boolean {
  return next.replicas === podsWanted && before.replicas !== next.replicas;
}

/** `second`, should it lie between `first` and `limit`; else `first`. */
function laterOf(first: number, second: number | undefined, limit: number): number {
  return second !== undefined && second > first && second <= limit ? second : first;
}

/** Events that are told of the difference that a status makes, and so are told when it is written. */
export const TOLD_WITH_STATUS = ['TrafficWeightUpdated', 'ReconciliationError'];

/** A status without counts of pods, weights on their way, and what is waited for. */
function lasting(status: RolloutStatus): unknown {
  return {
    ...status,
    replicas: undefined,
    updatedReplicas: undefined,
    readyReplicas: undefined,
    availableReplicas: undefined,
    HPAReplicas: undefined,
    message: status.phase === 'Progressing' ? undefined : status.message,
    // Whose part it is has to be known before a route shows it.
    canary: { ...status.canary, weights: status.canary?.weights?.additional?.map(({ serviceName }) => serviceName) },
    headgate: { ...status.headgate, weight: undefined },
    conditions: (status.conditions ?? []).filter((condition) => !isBrief(condition)),
  };
}

/** Going on well is no news; beginning to, or no longer going on, is. */
function isBrief({ type, status }: RolloutCondition): boolean {
  return type === 'Waiting' || (type === 'Progressing' && status === 'True');
}
