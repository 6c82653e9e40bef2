import type { RolloutCondition } from './rollout.ts';

export type RolloutConditionType =
  | 'InvalidSpec'
  | 'Available'
  | 'Progressing'
  | 'ReplicaFailure'
  | 'Paused'
  | 'Completed'
  | 'Healthy'
  /** Additive: what users asked for last, and who; True while it stands. */
  | 'Command'
  /** Additive: names what a blocked Rollout waits for. */
  | 'Waiting'
  /** Additive: what keeps the controller from carrying its decisions out. */
  | 'ReconcileError'
  /** Additive: fields of status that the installed CRD drops. */
  | 'StatusPruned'
  /** Additive: another controller writes to the Rollout too. */
  | 'Contested'
  /** Additive: content that running pods were made with and that is nowhere any more. */
  | 'ConfigLost';

/** Reasons of the condition Progressing, except InvalidSpec's and those of the other conditions. */
export type ProgressingReason =
  | 'NewReplicaSetCreated'
  | 'FoundNewReplicaSet'
  | 'ReplicaSetUpdated'
  | 'NewReplicaSetAvailable'
  | 'ReplicaSetNotAvailable'
  | 'RolloutPaused'
  | 'RolloutResumed'
  | 'RolloutRetry'
  | 'RolloutAborted'
  | 'ProgressDeadlineExceeded'
  | 'ReplicaSetCreateError';

export const INVALID_SPEC_REASON = 'InvalidSpec';
export const AVAILABLE_REASON = 'AvailableReason';
export const PAUSED_REASON = 'RolloutPaused';
export const COMPLETED_REASON = 'RolloutCompleted';
export const HEALTHY_REASON = 'RolloutHealthy';

export interface ConditionFact {
  readonly type: RolloutConditionType;
  readonly status: RolloutCondition['status'];
  readonly reason: string;
  readonly message: string;
}

type Conditions = readonly RolloutCondition[];

export function findCondition(conditions: Conditions | undefined, type: string): RolloutCondition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/**
 * The conditions with `fact` among them, by the rules of the API: a fact whose status and reason are already there
 * changes nothing, not even the message; a new reason moves the condition to the end of the list; the time of
 * transition changes with the status only. `now` is RFC 3339. Returns the same list when nothing changed.
 */
export function upsertCondition(conditions: Conditions | undefined, fact: ConditionFact, now: string): Conditions {
  const before = findCondition(conditions, fact.type);
  if (before !== undefined && before.status === fact.status && before.reason === fact.reason) return conditions ?? [];
  const lastTransitionTime = before?.status === fact.status ? before.lastTransitionTime : now;
  return [...removeCondition(conditions, fact.type), { ...fact, lastUpdateTime: now, lastTransitionTime }];
}

/**
 * Like `upsertCondition`, but a new message alone counts as a change too, as it does for the progress of an update,
 * an abort's detail and what a Rollout waits for. The condition keeps its place in the list then.
 */
export function upsertConditionWithMessage(
  conditions: Conditions | undefined,
  fact: ConditionFact,
  now: string,
): Conditions {
  const before = findCondition(conditions, fact.type);
  if (before === undefined || before.status !== fact.status || before.reason !== fact.reason)
    return upsertCondition(conditions, fact, now);
  if (before.message === fact.message) return conditions ?? [];
  return (conditions ?? []).map((condition) =>
    condition === before ? { ...before, message: fact.message, lastUpdateTime: now } : condition,
  );
}

export function removeCondition(conditions: Conditions | undefined, type: RolloutConditionType): Conditions {
  if (findCondition(conditions, type) === undefined) return conditions ?? [];
  return (conditions ?? []).filter((condition) => condition.type !== type);
}
