import type { AnalysisRun } from '../../api/analysis.ts';
import { findCondition } from '../../api/conditions.ts';
import { isOwnedBy, type KubeObject } from '../../api/kube-object.ts';
import { POD_TEMPLATE_HASH_LABEL } from '../../api/labels.ts';
import type { Rollout } from '../../api/rollout.ts';
import { isPlainObject } from '../../lib/merge-patch.ts';
import { parseTimestampMs } from '../../lib/timestamp.ts';
import { worstResultOf } from '../analysis/failing-metric.ts';
import { GIT_ANNOTATIONS } from './names.ts';
import type { FailingMetric } from './revert-message.ts';

/** An abort that Git has to be told about. */
export interface Abort {
  /** `namespace/name`. */
  readonly rollout: string;
  readonly uid: string;
  readonly hash: string;
  readonly abortedCommit: string;
  /** Absent when the stable ReplicaSet does not tell; then nothing can be restored. */
  readonly stableCommit?: string;
  /** When (milliseconds since the epoch), as far as the Rollout says so. */
  readonly atMs?: number;
  readonly reason: string;
}

/**
 * The abort of a Rollout that this GitSource declares; undefined when there is none, or none that is final: the spec must be the observed one, the
 * aborted version must still be the desired one, and nobody paused it.
 */
export function abortOf(rollout: Rollout, replicaSets: readonly KubeObject[], source: string): Abort | undefined {
  const status = rollout.status;
  const annotations = rollout.metadata.annotations ?? {};
  if (
    status?.abort !== true ||
    annotations[GIT_ANNOTATIONS.source] !== source ||
    rollout.metadata.deletionTimestamp !== undefined
  )
    return undefined;
  const generation = rollout.metadata.generation;
  if (
    generation !== undefined &&
    status.observedGeneration !== undefined &&
    status.observedGeneration !== String(generation)
  )
    return undefined;
  const hash = status.currentPodHash;
  const stable = status.stableRS;
  if (hash === undefined || stable === undefined || stable === '' || hash === stable || isPaused(rollout))
    return undefined;
  const stableCommit = commitOf(replicaSets, rollout, stable);
  const recorded = commitOf(replicaSets, rollout, hash);
  // A ReplicaSet made between the workload (or a ConfigMap) of a commit and the Rollout still shows the commit before.
  const isTold = recorded !== undefined && recorded !== stableCommit;
  const abortedCommit = isTold ? recorded : (annotations[GIT_ANNOTATIONS.commit] ?? recorded);
  if (abortedCommit === undefined) return undefined;
  const atMs = parseTimestampMs(status.abortedAt);
  return {
    rollout: `${rollout.metadata.namespace}/${rollout.metadata.name}`,
    uid: rollout.metadata.uid ?? '',
    hash,
    abortedCommit,
    ...(stableCommit === undefined ? {} : { stableCommit }),
    ...(atMs === undefined ? {} : { atMs }),
    reason: reasonOf(rollout),
  };
}

function isPaused(rollout: Rollout): boolean {
  return isPlainObject(rollout.spec) && rollout.spec['paused'] === true;
}

function commitOf(replicaSets: readonly KubeObject[], rollout: Rollout, hash: string): string | undefined {
  const own = replicaSets.find(
    (set) => set.metadata.labels?.[POD_TEMPLATE_HASH_LABEL] === hash && isOwnedBy(set, rollout),
  );
  return own?.metadata.annotations?.[GIT_ANNOTATIONS.commit];
}

function reasonOf(rollout: Rollout): string {
  const progressing = findCondition(rollout.status?.conditions, 'Progressing');
  const message = progressing?.reason === 'RolloutAborted' ? progressing.message : rollout.status?.message;
  return (message ?? rollout.status?.message ?? '').replace(/^RolloutAborted: /, '');
}

/** The metric that decided a failed run, with its latest measured value and what was wanted of it. */
export function failingMetric(run: Pick<AnalysisRun, 'spec' | 'status'>): FailingMetric | undefined {
  const worst = worstResultOf(run);
  if (worst === undefined) return undefined;
  const { result, metric } = worst;
  const value = result.measurements?.findLast(
    (measurement) => measurement.value !== undefined && measurement.value !== '' && measurement.phase !== 'Successful',
  )?.value;
  const condition =
    metric?.successCondition ??
    (metric?.failureCondition === undefined ? undefined : `not (${metric.failureCondition})`);
  return {
    name: result.name,
    ...(value === undefined ? {} : { value }),
    ...(condition === undefined ? {} : { condition }),
  };
}
