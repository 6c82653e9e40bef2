import type { RolloutStatus } from '../../api/rollout.ts';
import { deepEqual } from '../../lib/deep-equal.ts';

/** Most waits are for an endpoint or a data plane and over before anybody can read of them; telling of each costs a write. */
const TOLD_AFTER_MS = 1_000;

/** A status that would say nothing new but what is waited for is written once the wait has lasted. */
export class BriefWaits {
  readonly #sinceMs = new Map<string, number>();

  /** Until when this status need not be written; undefined when it is to be written now, or there is nothing to write. */
  heldUntilMs(
    key: string,
    { before, next, nowMs }: { readonly before: RolloutStatus; readonly next: RolloutStatus; readonly nowMs: number },
  ): number | undefined {
    const differsByWait = !deepEqual(before, next) && deepEqual(withoutWait(before), withoutWait(next));
    const sinceMs = this.#sinceMs.get(key) ?? nowMs;
    const untilMs = sinceMs + TOLD_AFTER_MS;
    if (!differsByWait || nowMs >= untilMs) {
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

function withoutWait(status: RolloutStatus): RolloutStatus {
  return { ...status, conditions: (status.conditions ?? []).filter(({ type }) => type !== 'Waiting') };
}
