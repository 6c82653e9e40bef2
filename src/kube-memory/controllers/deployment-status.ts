import type { KubeObject } from '../../api/kube-object.ts';
import { formatTimestamp, parseTimestampMs } from '../../lib/timestamp.ts';
import { itemsAt, numberAt, textAt, type Fields } from '../builtin/fields.ts';
import { withCondition, type ConditionWords } from './conditions.ts';
import { rollingLimits } from './deployment-sizes.ts';
import { withoutZeros } from './replica-set.ts';

/** A Deployment's status from its ReplicaSets, and when its progress deadline wants a look. */
export function deploymentStatus(
  deployment: KubeObject,
  sets: readonly KubeObject[],
  newest: KubeObject | undefined,
  nowMs: number,
): { readonly status: Fields; readonly againMs: number | undefined } {
  const wanted = numberAt(deployment, 'spec', 'replicas') ?? 1;
  const sum = (field: string): number => sets.reduce((total, set) => total + (numberAt(set, 'status', field) ?? 0), 0);
  const counts: Counts = {
    replicas: sum('replicas'),
    updatedReplicas: newest === undefined ? 0 : (numberAt(newest, 'status', 'replicas') ?? 0),
    readyReplicas: sum('readyReplicas'),
    availableReplicas: sum('availableReplicas'),
    unavailableReplicas: Math.max(0, Math.max(wanted, sum('replicas')) - sum('availableReplicas')),
  };
  const available = availability(deployment, counts.availableReplicas);
  const progress = progressOf(deployment, { counts, newest, sets, nowMs });
  let conditions = withUpdateTime(itemsAt(deployment, 'status', 'conditions'), available, nowMs, false);
  if (progress.words !== undefined) conditions = withUpdateTime(conditions, progress.words, nowMs, progress.moved);
  const collisionCount = numberAt(deployment, 'status', 'collisionCount');
  const status = {
    observedGeneration: deployment.metadata.generation,
    ...withoutZeros({ ...counts }),
    conditions,
    ...(collisionCount === undefined ? {} : { collisionCount }),
  };
  return { status, againMs: progress.againMs };
}

type Counts = Readonly<
  Record<'replicas' | 'updatedReplicas' | 'readyReplicas' | 'availableReplicas' | 'unavailableReplicas', number>
>;

function availability(deployment: KubeObject, availableReplicas: number): ConditionWords {
  const wanted = numberAt(deployment, 'spec', 'replicas') ?? 1;
  return availableReplicas >= wanted - rollingLimits(deployment).unavailable
    ? {
        type: 'Available',
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
      }
    : {
        type: 'Available',
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      };
}

interface Progress {
  readonly words: ConditionWords | undefined;
  readonly moved: boolean;
  readonly againMs: number | undefined;
}

function progressOf(
  deployment: KubeObject,
  found: {
    readonly counts: Counts;
    readonly newest: KubeObject | undefined;
    readonly sets: readonly KubeObject[];
    readonly nowMs: number;
  },
): Progress {
  const { counts, newest } = found;
  const before = itemsAt(deployment, 'status', 'conditions').find((condition) => condition.type === 'Progressing');
  if (newest === undefined) return { words: undefined, moved: false, againMs: undefined };
  const name = newest.metadata.name;
  if (isComplete(deployment, counts)) {
    const message = `ReplicaSet "${name}" has successfully progressed.`;
    return {
      words: { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable', message },
      moved: false,
      againMs: undefined,
    };
  }
  if (before === undefined) {
    const message = `Created new replica set "${name}"`;
    const words: ConditionWords = { type: 'Progressing', status: 'True', reason: 'NewReplicaSetCreated', message };
    return { words, moved: true, againMs: deadlineMs(deployment) };
  }
  if (hasMoved(deployment, counts) || before.reason === 'NewReplicaSetAvailable') {
    const message = `ReplicaSet "${name}" is progressing.`;
    const words: ConditionWords = { type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated', message };
    return { words, moved: true, againMs: deadlineMs(deployment) };
  }
  return stalledOrWaiting(deployment, before, { name, nowMs: found.nowMs });
}

function stalledOrWaiting(
  deployment: KubeObject,
  before: Fields,
  found: { readonly name: string; readonly nowMs: number },
): Progress {
  const words: ConditionWords = {
    type: 'Progressing',
    status: before.status === 'True' ? 'True' : 'False',
    reason: textAt(before, 'reason') ?? '',
    message: textAt(before, 'message') ?? '',
  };
  const deadline = deadlineMs(deployment);
  if (deadline === undefined || before.reason === 'ProgressDeadlineExceeded')
    return { words, moved: false, againMs: undefined };
  const sinceMs = parseTimestampMs(textAt(before, 'lastUpdateTime')) ?? found.nowMs;
  const leftMs = sinceMs + deadline - found.nowMs;
  if (leftMs > 0) return { words, moved: false, againMs: leftMs };
  const message = `ReplicaSet "${found.name}" has timed out progressing.`;
  return {
    words: { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message },
    moved: true,
    againMs: undefined,
  };
}

function isComplete(deployment: KubeObject, counts: Counts): boolean {
  const wanted = numberAt(deployment, 'spec', 'replicas') ?? 1;
  return counts.updatedReplicas === wanted && counts.replicas === wanted && counts.availableReplicas === wanted;
}

function hasMoved(deployment: KubeObject, counts: Counts): boolean {
  const was = (field: string): number => numberAt(deployment, 'status', field) ?? 0;
  const oldBefore = was('replicas') - was('updatedReplicas');
  return (
    counts.updatedReplicas > was('updatedReplicas') ||
    counts.replicas - counts.updatedReplicas < oldBefore ||
    counts.readyReplicas > was('readyReplicas') ||
    counts.availableReplicas > was('availableReplicas')
  );
}

function deadlineMs(deployment: KubeObject): number | undefined {
  const seconds = numberAt(deployment, 'spec', 'progressDeadlineSeconds');
  return seconds === undefined || seconds >= 2_147_483_647 ? undefined : seconds * 1_000;
}

function withUpdateTime(
  conditions: readonly Fields[],
  words: ConditionWords,
  nowMs: number,
  moved: boolean,
): readonly Fields[] {
  const before = conditions.find((condition) => condition.type === words.type);
  const same = before !== undefined && before.status === words.status && before.reason === words.reason && !moved;
  return withCondition(conditions, words, nowMs, {
    lastUpdateTime: same ? before.lastUpdateTime : formatTimestamp(nowMs),
  });
}
