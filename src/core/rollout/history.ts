import { KINDS } from '../../api/kinds.ts';
import { deletionOf, type KubeWrite } from '../../api/kube-write.ts';
import {
  revisionHistoryLimitOf,
  successfulRunHistoryLimitOf,
  unsuccessfulRunHistoryLimitOf,
} from '../../api/defaults.ts';
import type { AnalysisRun } from '../../api/analysis.ts';
import type { Experiment } from '../../api/experiment.ts';
import { createdMs } from '../../api/kube-object.ts';
import { POD_TEMPLATE_HASH_LABEL } from '../../api/labels.ts';
import type { ReplicaSet } from '../../api/workloads.ts';
import { isOver } from '../analysis/metric-verdict.ts';
import type { Position } from './position.ts';
import { hashOf, isCounted, podsOf, sizeOf } from './replica-set.ts';
import type { Plans } from './plans.ts';
import type { RunPlan } from './runs.ts';
import { isReferenced } from './scale-down.ts';
import { rolesOf, type World } from './world.ts';

/** Deletes versions that nobody is to go back to any more, with their runs, and old runs beyond their limits. */
export function planHistory(
  world: World,
  position: Position,
  { runs, experiments }: Pick<Plans, 'runs' | 'experiments'>,
): readonly KubeWrite[] {
  if (world.problems.length > 0) return [];
  const gone = expiredVersions(world, position);
  const goneHashes = new Set(gone.map(hashOf));
  return [
    ...gone.map((replicaSet) => deletionOf(KINDS.replicaSet, replicaSet)),
    ...expiredRuns(world, runs, goneHashes).map((run) => deletionOf(KINDS.analysisRun, run)),
    ...expired(world, world.experiments, new Set([experiments.current?.name]), goneHashes).map((experiment) =>
      deletionOf(KINDS.experiment, experiment),
    ),
  ];
}

function expiredVersions(world: World, position: Position): readonly ReplicaSet[] {
  const { others } = rolesOf(world, position);
  const excess = others.length - revisionHistoryLimitOf(world.rollout.spec);
  if (excess <= 0) return [];
  return [...others]
    .sort((left, right) => createdMs(left) - createdMs(right))
    .slice(0, excess)
    .filter((replicaSet) => sizeOf(replicaSet) === 0 && podsOf(replicaSet) === 0 && isCounted(replicaSet))
    .filter((replicaSet) => !isReferenced(world, replicaSet));
}

function expiredRuns(world: World, runs: RunPlan, goneHashes: ReadonlySet<string>): readonly AnalysisRun[] {
  const wanted = [runs.step, runs.background, runs.prePromotion, runs.postPromotion];
  return expired(world, world.runs, new Set(wanted.map((planned) => planned?.name)), goneHashes);
}

/** Of what measured versions: what belongs to none any more, and what is over and older than the newest of its verdict. */
function expired<Kind extends AnalysisRun | Experiment>(
  world: World,
  measured: readonly Kind[],
  kept: ReadonlySet<string | undefined>,
  goneHashes: ReadonlySet<string>,
): readonly Kind[] {
  const known = new Set(world.replicaSets.map(hashOf));
  const old = measured
    .filter(({ metadata }) => !kept.has(metadata.name) && metadata.deletionTimestamp === undefined)
    .sort((left, right) => createdMs(right) - createdMs(left) || (right.metadata.name < left.metadata.name ? -1 : 1));
  let successful = successfulRunHistoryLimitOf(world.rollout.spec);
  let unsuccessful = unsuccessfulRunHistoryLimitOf(world.rollout.spec);
  return old.filter(({ metadata, status }) => {
    const hash = metadata.labels?.[POD_TEMPLATE_HASH_LABEL] ?? '';
    const isFinished = isOver(status?.phase);
    if (hash === '' || goneHashes.has(hash) || !known.has(hash)) return isFinished || goneHashes.has(hash);
    if (!isFinished) return false;
    if (status?.phase === 'Successful') return successful-- <= 0;
    return unsuccessful-- <= 0;
  });
}
