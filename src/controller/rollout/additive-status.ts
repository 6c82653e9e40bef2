import { findCondition, removeCondition, upsertConditionWithMessage } from '../../api/conditions.ts';
import type { KubeObject } from '../../api/kube-object.ts';
import type { Rollout, RolloutStatus } from '../../api/rollout.ts';
import { isPlainObject } from '../../lib/merge-patch.ts';
import { formatTimestamp } from '../../lib/timestamp.ts';

export const PRUNED_CONDITION = 'StatusPruned';

/**
 * What the installed CRD keeps of the status. Headgate also runs where the CRDs of another controller are installed: they
 * prune what they do not know, and writing it again on each pass would never end. Nothing that a pass rests on is among
 * it. What is dropped is learnt from the answer to a write, and tried again with each write that is made anyway, so that it
 * is noticed when our CRDs are applied.
 */
export class AdditiveStatus {
  /** Paths below status; undefined until a first write was answered. */
  #dropped: readonly string[] | undefined;

  get dropped(): readonly string[] {
    return this.#dropped ?? [];
  }

  /** The status as this API server can hold it, with a condition that says what it cannot. */
  kept(status: RolloutStatus, nowMs: number): RolloutStatus {
    if (this.#dropped === undefined) return status;
    const { conditions } = status;
    if (this.#dropped.length === 0) {
      const isTold = findCondition(conditions, PRUNED_CONDITION) !== undefined;
      return isTold ? { ...status, conditions: removeCondition(conditions, PRUNED_CONDITION) } : status;
    }
    const fields = this.#dropped.map((path) => `status.${path}`).join(' and ');
    const message = `The CRD rollouts.argoproj.io drops ${fields}; apply the CRDs of Headgate`;
    const fact = { type: PRUNED_CONDITION, status: 'True', reason: 'UnknownFields', message } as const;
    return {
      ...withoutPaths(status, this.#dropped),
      conditions: upsertConditionWithMessage(conditions, fact, formatTimestamp(nowMs)),
    };
  }

  /** Compares what was meant with what was answered. True when something else is dropped than was known. */
  learns(meant: RolloutStatus, answer: KubeObject | undefined): boolean {
    const answered = answer?.['status'];
    if (!isPlainObject(answered)) return false;
    const missing = missingPaths(meant, answered);
    // A status without a field tells nothing about it: what was known of that stands, until the CRD is seen to be another one.
    const isReplaced = this.dropped.some((path) => isIn(meant, path) && !missing.includes(path));
    const untried = isReplaced ? [] : this.dropped.filter((path) => !isIn(meant, path));
    if (this.#dropped === undefined && missing.length === 0 && meant.headgate === undefined) return false;
    const dropped = [...missing, ...untried].sort();
    if (this.#dropped !== undefined && dropped.join() === this.#dropped.join()) return false;
    this.#dropped = dropped;
    return true;
  }

  /** Whether the status does not tell yet, or tells still, what is dropped. */
  isUntold({ status }: Rollout): boolean {
    return (findCondition(status?.conditions, PRUNED_CONDITION) !== undefined) !== this.dropped.length > 0;
  }
}

/** Lists are not looked into: what stands in them is as old as the API. */
function missingPaths(meant: object, answered: Readonly<Record<string, unknown>>, above = ''): readonly string[] {
  return Object.entries(meant).flatMap(([name, value]) => {
    if (value === undefined || value === null) return [];
    const path = `${above}${name}`;
    const found = answered[name];
    if (found === undefined) return [path];
    return isPlainObject(value) && isPlainObject(found) ? missingPaths(value, found, `${path}.`) : [];
  });
}

function isIn(status: object, path: string): boolean {
  let found: unknown = status;
  for (const name of path.split('.')) found = isPlainObject(found) ? found[name] : undefined;
  return found !== undefined && found !== null;
}

function withoutPaths(status: RolloutStatus, paths: readonly string[]): RolloutStatus {
  return paths.reduce<RolloutStatus>((left, path) => withoutPath(left, path.split('.')) as RolloutStatus, status);
}

function withoutPath(value: object, [name = '', ...below]: readonly string[]): object {
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, found]: [string, unknown]) => {
      if (key !== name) return [[key, found]];
      return below.length > 0 && isPlainObject(found) ? [[key, withoutPath(found, below)]] : [];
    }),
  );
}
