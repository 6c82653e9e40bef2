import {
  findCondition,
  INVALID_SPEC_REASON,
  removeCondition,
  upsertConditionWithMessage,
  type ConditionFact,
} from '../../api/conditions.ts';
import type { RolloutStatus } from '../../api/rollout.ts';
import { formatTimestamp } from '../../lib/timestamp.ts';

/** What keeps passes over a Rollout from finishing, told by the shell that failed to carry a decision out. */
export interface PassFailure {
  /** What the API server said. */
  readonly message: string;
  /** The ReplicaSet that could not be created, when it was that. */
  readonly replicaSet?: string;
  /** What the API server finds wrong with the pod template, with its place, when it was that. */
  readonly templateFault?: string;
  readonly nowMs: number;
}

export const RECONCILE_ERROR_REASON = 'ReconciliationError';
const CONDITION = 'ReconcileError';

/**
 * The next status with a lasting failure shown in condition, phase and message, so that it is no longer only a line in
 * a log; without a failure, the status without that condition. An abort or an invalid spec keeps its own message. A pod
 * template that Kubernetes refuses makes the spec invalid: nobody knows that better than the API server.
 * `before` is the status that is recorded: a failure that it shows already keeps its times.
 */
export function withFailure(
  status: RolloutStatus,
  failure: PassFailure | undefined,
  before: RolloutStatus | undefined,
): RolloutStatus {
  if (failure === undefined) {
    if (findCondition(status.conditions, CONDITION) === undefined) return status;
    return { ...status, conditions: removeCondition(status.conditions, CONDITION) };
  }
  const now = formatTimestamp(failure.nowMs);
  let { conditions } = status;
  const facts = factsOf(failure);
  for (const fact of facts) {
    const recorded = findCondition(before?.conditions, fact.type);
    conditions =
      recorded?.reason === fact.reason && recorded.status === fact.status && recorded.message === fact.message
        ? [...removeCondition(conditions, fact.type), recorded]
        : upsertConditionWithMessage(conditions, fact, now);
  }
  if (status.phase === 'Degraded') return { ...status, conditions };
  const [shown] = facts;
  return { ...status, conditions, phase: 'Degraded', message: `${shown.reason}: ${shown.message}` };
}

/** The first one is what phase and message tell of. */
function factsOf({ message, replicaSet, templateFault }: PassFailure): readonly [ConditionFact, ...ConditionFact[]] {
  if (templateFault !== undefined)
    return [{ type: 'InvalidSpec', status: 'True', reason: INVALID_SPEC_REASON, message: templateFault }];
  const fact = { type: CONDITION, status: 'True', reason: RECONCILE_ERROR_REASON, message } as const;
  if (replicaSet === undefined) return [fact];
  const progressing = `Failed to create new replica set "${replicaSet}": ${message}`;
  return [fact, { type: 'Progressing', status: 'False', reason: 'ReplicaSetCreateError', message: progressing }];
}
