import { findCondition, removeCondition, upsertCondition } from '../../api/conditions.ts';
import type { Rollout, RolloutStatus } from '../../api/rollout.ts';
import { formatTimestamp } from '../../lib/timestamp.ts';
import { keyOf } from './caches.ts';

/** The name under which the controller that Headgate replaces writes. */
const OTHER = 'rollouts-controller';
/** After its last write it counts as stopped. Longer than an update usually waits for anything but a person. */
const QUIET_MS = 600_000;
const CONDITION = 'Contested';
const REASON = 'OtherController';
const MESSAGE = `${OTHER} writes to this Rollout too, and the two undo each other's work; stop one of them`;

/** The event that tells of it. */
export const CONTESTED_NOTICE = { type: 'Warning', reason: REASON, message: MESSAGE } as const;

interface Known {
  /** When the other one wrote last, as the API server has noted it; undefined when it has not. */
  readonly wroteAt: string | undefined;
  /** When we saw it write while we were at work. */
  readonly seenMs: number | undefined;
}

/**
 * Tells whether the controller that Headgate replaces is still at work, as one that takes no Lease would be. What it wrote
 * before this process looked for the first time is no sign of it, whatever the clocks say: only a time that changes
 * afterwards is. It is known for ten minutes after each of its writes, so that nothing flaps while it has little to do.
 */
export class Contest {
  readonly #byKey = new Map<string, Known>();
  #seenMs: number | undefined;

  /** True when no Rollout is contested. */
  isQuiet(nowMs: number): boolean {
    return !isRecent(this.#seenMs, nowMs);
  }

  /** To be asked on each pass: until when the Rollout is contested, should nothing more happen; undefined when it is not. */
  untilMs(rollout: Rollout, nowMs: number): number | undefined {
    const key = keyOf(rollout);
    const known = this.#byKey.get(key);
    const wroteAt = lastWriteOf(rollout);
    // One that was told of by an earlier process, or another member, may go on.
    const isSeen = known === undefined ? isTold(rollout) : wroteAt !== undefined && wroteAt !== known.wroteAt;
    if (isSeen) this.#seenMs = nowMs;
    const seenMs = isSeen ? nowMs : known?.seenMs;
    this.#byKey.set(key, { wroteAt, seenMs });
    return isRecent(seenMs, nowMs) ? seenMs + QUIET_MS : undefined;
  }

  /** How many of the Rollouts that were looked at are contested. */
  count(nowMs: number): number {
    return [...this.#byKey.values()].filter(({ seenMs }) => isRecent(seenMs, nowMs)).length;
  }

  forget(key: string): void {
    this.#byKey.delete(key);
  }
}

/** The status with a condition that says so, or without it. Its message never changes: each write would wake the other one. */
export function withContest(
  status: RolloutStatus,
  { isContested, nowMs }: { readonly isContested: boolean; readonly nowMs: number },
): RolloutStatus {
  const { conditions } = status;
  if (!isContested) {
    const isThere = findCondition(conditions, CONDITION) !== undefined;
    return isThere ? { ...status, conditions: removeCondition(conditions, CONDITION) } : status;
  }
  const fact = { type: CONDITION, status: 'True', reason: REASON, message: MESSAGE } as const;
  return { ...status, conditions: upsertCondition(conditions, fact, formatTimestamp(nowMs)) };
}

/** Whether its status says so already. */
export function isTold({ status }: Rollout): boolean {
  return findCondition(status?.conditions, CONDITION) !== undefined;
}

function lastWriteOf({ metadata }: Rollout): string | undefined {
  const times = (metadata.managedFields ?? []).filter(({ manager }) => manager === OTHER).map(({ time }) => time ?? '');
  return times.sort().at(-1);
}

function isRecent(seenMs: number | undefined, nowMs: number): seenMs is number {
  return seenMs !== undefined && nowMs < seenMs + QUIET_MS;
}
