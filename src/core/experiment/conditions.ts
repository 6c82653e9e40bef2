import {
  findCondition,
  INVALID_SPEC_REASON,
  removeCondition,
  upsertCondition,
  upsertConditionWithMessage,
} from '../../api/conditions.ts';
import type { Experiment, ExperimentStatus } from '../../api/experiment.ts';
import { formatTimestamp } from '../../lib/timestamp.ts';

type Conditions = ExperimentStatus['conditions'];

/** The conditions that go with the next status, which still has those of `before`. */
export function conditionsOf(experiment: Experiment, next: ExperimentStatus, nowMs: number): Conditions {
  const { name } = experiment.metadata;
  const now = formatTimestamp(nowMs);
  const kept = removeCondition(experiment.status?.conditions ?? [], 'InvalidSpec');
  if (next.phase === 'Successful') {
    const message = `Experiment "${name}" has successfully ran and completed.`;
    const fact = { type: 'Progressing', status: 'False', reason: 'ExperimentCompleted', message } as const;
    return upsertCondition(kept, fact, now);
  }
  if (next.phase === 'Running' && next.availableAt !== undefined) {
    const message = `Experiment "${name}" is running.`;
    const fact = { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable', message } as const;
    return upsertCondition(kept, fact, now);
  }
  if (!hasMoved(experiment.status ?? {}, next)) return kept.length === 0 ? experiment.status?.conditions : kept;
  const message = `Experiment "${name}" is progressing.`;
  const fact = { type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated', message } as const;
  const before = findCondition(kept, 'Progressing');
  if (before?.reason !== fact.reason) return upsertCondition(kept, fact, now);
  return kept.map((condition) => (condition === before ? { ...before, lastUpdateTime: now } : condition));
}

/** Pods came or went. */
function hasMoved(before: ExperimentStatus, next: ExperimentStatus): boolean {
  const counts = (status: ExperimentStatus): string =>
    JSON.stringify(
      (status.templateStatuses ?? []).map((one) => [
        one.name,
        one.replicas,
        one.updatedReplicas,
        one.readyReplicas,
        one.availableReplicas,
      ]),
    );
  return counts(before) !== counts(next);
}

export function invalidConditions(experiment: Experiment, message: string, nowMs: number): Conditions {
  return upsertConditionWithMessage(
    experiment.status?.conditions,
    { type: 'InvalidSpec', status: 'True', reason: INVALID_SPEC_REASON, message },
    formatTimestamp(nowMs),
  );
}
