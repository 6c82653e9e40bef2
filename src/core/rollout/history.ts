import { KINDS } from '../../api/kinds.ts';
import type { KubeWrite } from '../../api/kube-write.ts';
import {
  revisionHistoryLimitOf,
  successfulRunHistoryLimitOf,
  unsuccessfulRunHistoryLimitOf,
} from '../../api/defaults.ts';
import type { AnalysisRun } from '../../api/analysis.ts';
import type { KubeObject, ResourceKind } from '../../api/kube-object.ts';
import { POD_TEMPLATE_HASH_LABEL } from '../../api/labels.ts';
import type { ReplicaSet } from '../../api/workloads.ts';
import { parseTimestampMs } from '../../lib/timestamp.ts';
import type { Position } from './position.ts';
import { createdMs, hashOf, podsOf, sizeOf } from './replica-set.ts';
import { isFinished, phaseOf, type RunPlan } from './runs.ts';
import { isReferenced } from './scale-down.ts';
import { rolesOf, type World } from './world.ts';

/** Deletes versions that nobody is to go back to any more, with their runs, and old runs beyond their limits. */
export function planHistory(world: World, position: Position, runs: RunPlan): readonly KubeWrite[] {
  if (world.problems.length > 0) return [];
  const gone = expiredVersions(world, position);
  const goneHashes = new Set(gone.map(hashOf));
  return [
    ...gone.map((replicaSet) => deletion(KINDS.replicaSet, replicaSet)),
    ...expiredRuns(world, runs, goneHashes).map((run) => deletion(KINDS.analysisRun, run)),
  ];
}

function expiredVersions(world: World, position: Position): readonly ReplicaSet[] {
  const { others } = rolesOf(world, position);
  const excess = others.length - revisionHistoryLimitOf(world.rollout.spec);
  if (excess <= 0) return [];
  return [...others]
    .sort((left, right) => createdMs(left) - createdMs(right))
    .slice(0, excess)
    .filter((replicaSet) => sizeOf(replicaSet) === 0 && podsOf(replicaSet) === 0 && isObserved(replicaSet))
    .filter((replicaSet) => !isReferenced(world, replicaSet));
}

function isObserved(replicaSet: ReplicaSet): boolean {
  return (replicaSet.status?.observedGeneration ?? 0) >= (replicaSet.metadata.generation ?? 0);
}

function expiredRuns(world: World, runs: RunPlan, goneHashes: ReadonlySet<string>): readonly AnalysisRun[] {
  const wanted = [runs.step, runs.background, runs.prePromotion, runs.postPromotion];
  const kept = new Set(wanted.map((planned) => planned?.name));
  const known = new Set(world.replicaSets.map(hashOf));
  const old = world.runs
    .filter((run) => !kept.has(run.metadata.name) && run.metadata.deletionTimestamp === undefined)
    .sort((left, right) => ageOrder(right) - ageOrder(left) || (right.metadata.name < left.metadata.name ? -1 : 1));
  let successful = successfulRunHistoryLimitOf(world.rollout.spec);
  let unsuccessful = unsuccessfulRunHistoryLimitOf(world.rollout.spec);
  return old.filter((run) => {
    const hash = run.metadata.labels?.[POD_TEMPLATE_HASH_LABEL] ?? '';
    if (hash === '' || goneHashes.has(hash) || !known.has(hash)) return isFinished(run) || goneHashes.has(hash);
    if (!isFinished(run)) return false;
    if (phaseOf(run) === 'Successful') return successful-- <= 0;
    return unsuccessful-- <= 0;
  });
}

function ageOrder(object: KubeObject): number {
  return parseTimestampMs(object.metadata.creationTimestamp) ?? 0;
}

function deletion(kind: ResourceKind, object: KubeObject): KubeWrite {
  const { name, namespace = '', uid, resourceVersion } = object.metadata;
  return { verb: 'delete', ref: { kind, namespace, name }, uid, resourceVersion, propagationPolicy: 'Background' };
}
