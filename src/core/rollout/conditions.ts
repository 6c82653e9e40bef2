import {
  AVAILABLE_REASON,
  COMPLETED_REASON,
  findCondition,
  HEALTHY_REASON,
  INVALID_SPEC_REASON,
  PAUSED_REASON,
  removeCondition,
  upsertCondition,
  upsertConditionWithMessage,
  type ConditionFact,
} from '../../api/conditions.ts';
import type { RolloutCondition, RolloutStatus } from '../../api/rollout.ts';
import { invalidSpecMessage } from '../../api/validation/problem.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import { formatTimestamp, formatTimestampMs } from '../../lib/timestamp.ts';
import { deadlineText, isTimedOut, madeProgress } from './deadline.ts';
import { isPaused } from './pause.ts';
import type { Position } from './position.ts';
import { replicaSetName } from './revisions.ts';
import { isUpdateComplete } from './phase.ts';
import { shownSinceMs, shownWeight } from './shown-weight.ts';
import type { Wait } from './wait.ts';
import { withLostCopies } from '../versioned-config/lost-copies.ts';
import { rolesOf, type World } from './world.ts';

type Conditions = readonly RolloutCondition[];

export interface ConditionsInput {
  readonly position: Position;
  /** Counts and hashes of the next status; conditions and phase are still the old ones. */
  readonly status: RolloutStatus;
  /** What the last move of the chart has to say. */
  readonly mark: { readonly reason: string; readonly message: string } | undefined;
  /** What users asked for last. */
  readonly command: RolloutCondition | undefined;
  readonly wait: Wait | undefined;
}

/** The conditions of the next status. */
export function conditionsOf(world: World, input: ConditionsInput): Conditions {
  const now = formatTimestamp(world.nowMs);
  let conditions: Conditions = world.status.conditions ?? [];
  const invalid = invalidSpecMessage('Rollout', world.rollout.metadata.name, world.problems);
  conditions =
    invalid === undefined
      ? removeCondition(conditions, 'InvalidSpec')
      : upsertConditionWithMessage(
          conditions,
          { type: 'InvalidSpec', status: 'True', reason: INVALID_SPEC_REASON, message: invalid },
          now,
        );
  if (invalid !== undefined && input.position.currentHash === '') return withWaiting(world, input, conditions);
  conditions = withReplicaFailure(world, input.position, conditions);
  conditions = withLostCopies(world, conditions);
  conditions = upsertCondition(conditions, available(world, input.status), now);
  conditions = withPaused(world, input, conditions);
  conditions = upsertCondition(conditions, completed(input.position), now);
  conditions = withHealthy(world, input, conditions);
  conditions = withProgressing(world, input, conditions);
  conditions = withCommand(input, conditions);
  return withWaiting(world, input, conditions);
}

function available(world: World, status: RolloutStatus): ConditionFact {
  const enough = (status.availableReplicas ?? 0) >= world.settings.replicas;
  return {
    type: 'Available',
    status: enough ? 'True' : 'False',
    reason: AVAILABLE_REASON,
    message: enough ? 'Rollout has minimum availability' : 'Rollout does not have minimum availability',
  };
}

function completed(position: Position): ConditionFact {
  const done = position.stableHash === position.currentHash && position.currentHash !== '';
  return { type: 'Completed', status: done ? 'True' : 'False', reason: COMPLETED_REASON, message: COMPLETED_REASON };
}

/** Known from the first pause on. */
function withPaused(world: World, input: ConditionsInput, conditions: Conditions): Conditions {
  const paused = isPaused(world, input.position);
  if (!paused && findCondition(conditions, 'Paused') === undefined) return conditions;
  const fact: ConditionFact = {
    type: 'Paused',
    status: paused ? 'True' : 'False',
    reason: PAUSED_REASON,
    message: 'Rollout is paused',
  };
  return upsertCondition(conditions, fact, formatTimestamp(world.nowMs));
}

/** False only once it has been True. */
function withHealthy(world: World, input: ConditionsInput, conditions: Conditions): Conditions {
  const healthy = !isPaused(world, input.position) && isUpdateComplete(world, input.status);
  if (!healthy && findCondition(conditions, 'Healthy') === undefined) return conditions;
  const fact: ConditionFact = {
    type: 'Healthy',
    status: healthy ? 'True' : 'False',
    reason: HEALTHY_REASON,
    message: healthy ? 'Rollout is healthy' : 'Rollout is not healthy',
  };
  return upsertCondition(conditions, fact, formatTimestamp(world.nowMs));
}

/** What Kubernetes says about pods that cannot be made, of the new version first. */
function withReplicaFailure(world: World, position: Position, conditions: Conditions): Conditions {
  const roles = rolesOf(world, position);
  for (const replicaSet of [roles.current, roles.stable, ...roles.others]) {
    const failure = replicaSet?.status?.conditions?.find((condition) => condition.type === 'ReplicaFailure');
    if (failure === undefined) continue;
    const { status, reason = '', message = '' } = failure;
    return upsertConditionWithMessage(
      conditions,
      { type: 'ReplicaFailure', status, reason, message },
      formatTimestamp(world.nowMs),
    );
  }
  return removeCondition(conditions, 'ReplicaFailure');
}

function withProgressing(world: World, input: ConditionsInput, conditions: Conditions): Conditions {
  const now = formatTimestamp(world.nowMs);
  const fact = progressing(world, input, findCondition(conditions, 'Progressing'));
  if (fact === undefined) return conditions;
  const before = findCondition(conditions, 'Progressing');
  const again = fact.reason === 'ReplicaSetUpdated' && before?.reason === fact.reason && before.status === fact.status;
  if (!again) return upsertConditionWithMessage(conditions, fact, now);
  return conditions.map((condition) =>
    condition === before ? { ...before, message: fact.message, lastUpdateTime: now } : condition,
  );
}

const STATUS_OF_MARK: Readonly<Record<string, RolloutCondition['status']>> = {
  RolloutPaused: 'Unknown',
  RolloutResumed: 'Unknown',
  RolloutRetry: 'Unknown',
  RolloutAborted: 'False',
};

function progressing(
  world: World,
  input: ConditionsInput,
  before: RolloutCondition | undefined,
): ConditionFact | undefined {
  const { position, status } = input;
  const mark = lastingMark(world, input, before);
  const about = (fact: Omit<ConditionFact, 'type'>): ConditionFact => ({ type: 'Progressing', ...fact });
  const name = replicaSetName(world.rollout, position.currentHash);
  const complete = isUpdateComplete(world, status);

  if (mark?.reason === 'RolloutAborted' || (mark !== undefined && !complete)) {
    return about({ status: STATUS_OF_MARK[mark.reason] ?? 'True', ...mark });
  }
  if (position.abort) return undefined;
  if (complete) {
    return about({
      status: 'True',
      reason: 'NewReplicaSetAvailable',
      message: `ReplicaSet "${name}" has successfully progressed.`,
    });
  }
  if (isPaused(world, position))
    return about({ status: 'Unknown', reason: 'RolloutPaused', message: 'Rollout is paused' });
  if (madeProgress(world, position)) {
    return about({ status: 'True', reason: 'ReplicaSetUpdated', message: `ReplicaSet "${name}" is progressing.` });
  }
  if (before?.reason === 'RolloutPaused')
    return about({ status: 'Unknown', reason: 'RolloutResumed', message: 'Rollout is resumed' });
  if (isTimedOut(world, position)) {
    return about({
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
      message: deadlineText(world, position),
    });
  }
  if (before?.reason === 'NewReplicaSetAvailable' && (status.availableReplicas ?? 0) < world.settings.replicas) {
    return about({
      status: 'True',
      reason: 'ReplicaSetNotAvailable',
      message: 'Rollout does not have minimum availability',
    });
  }
  if (before === undefined)
    return about({ status: 'True', reason: 'ReplicaSetUpdated', message: `ReplicaSet "${name}" is progressing.` });
  return undefined;
}

/** Being resumed, or found again, is worth saying only as long as nothing comes of it. */
function lastingMark(
  world: World,
  { mark, position }: ConditionsInput,
  before: RolloutCondition | undefined,
): ConditionsInput['mark'] {
  if (mark?.reason === 'RolloutResumed' && madeProgress(world, position)) return undefined;
  if (mark?.reason === 'FoundNewReplicaSet' && before !== undefined) return undefined;
  return mark;
}

/** Keeps its place until something new is asked for. */
function withCommand({ command }: ConditionsInput, conditions: Conditions): Conditions {
  const before = findCondition(conditions, 'Command');
  if (command === undefined || deepEqual(command, before)) return conditions;
  return [...removeCondition(conditions, 'Command'), command];
}

/**
 * Written with milliseconds, because waits for a data plane are counted from it: from the pass that first saw the weight,
 * not from the one that first wanted it, which may be long ago when the write met trouble.
 */
function withWaiting(world: World, { wait, status }: ConditionsInput, conditions: Conditions): Conditions {
  if (wait === undefined) return removeCondition(conditions, 'Waiting');
  const fact: ConditionFact = { type: 'Waiting', status: 'True', reason: wait.reason, message: wait.message };
  const weightIsNew = status.canary?.weights?.canary.weight !== world.status.canary?.weights?.canary.weight;
  const startsAnew = wait.reason === 'TrafficPropagation' && weightIsNew;
  const kept = startsAnew ? removeCondition(conditions, 'Waiting') : conditions;
  const sinceMs = startsAnew ? (shownSinceMs(world, shownWeight(world)) ?? world.nowMs) : world.nowMs;
  return upsertConditionWithMessage(kept, fact, formatTimestampMs(sinceMs));
}
