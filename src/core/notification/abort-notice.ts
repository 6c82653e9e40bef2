import type { AnalysisRun } from '../../api/analysis.ts';
import { findCondition } from '../../api/conditions.ts';
import type { GitSource } from '../../api/git-source.ts';
import { POD_TEMPLATE_HASH_LABEL, REVISION_ANNOTATION, STEP_INDEX_LABEL } from '../../api/labels.ts';
import type { Rollout } from '../../api/rollout.ts';
import type { ReplicaSet } from '../../api/workloads.ts';
import { isPlainObject } from '../../lib/merge-patch.ts';
import { parseTimestampMs } from '../../lib/timestamp.ts';
import { failingMetricOf } from '../analysis/failing-metric.ts';
import { GIT_ANNOTATIONS } from '../gitops/names.ts';
import { hashOf } from '../rollout/replica-set.ts';
import { revisionOf } from '../rollout/revisions.ts';
import { stepText } from '../rollout/step-text.ts';
import type { Claim } from './claim.ts';
import { abortKey, type AbortNotice, type RevertState } from './notice.ts';

/** An abort that is to be told, as it is kept on the Rollout until it was: the revert that follows ends the abort itself. */
export interface RecordedAbort extends Omit<AbortNotice, 'revert'> {
  /** Hash of the version that was aborted; the journal of a GitSource names it. */
  readonly hash: string;
  /** Who sends it. */
  readonly claim?: Claim;
}

/** What a Rollout owns. */
export interface Owned {
  readonly runs: readonly AnalysisRun[];
  readonly replicaSets: readonly ReplicaSet[];
}

/** The abort that the Rollout stands in now; undefined when there is none. */
export function abortIn(rollout: Rollout, { runs, replicaSets }: Owned): RecordedAbort | undefined {
  const { status, metadata, spec } = rollout;
  const atMs = parseTimestampMs(status?.abortedAt);
  if (status?.abort !== true || status.abortedAt === undefined || atMs === undefined) return undefined;
  const hash = status.currentPodHash ?? '';
  // The Rollout's own annotation still shows the revision before when an abort comes first.
  const revision = revisionOf(replicaSets.find((replicaSet) => hashOf(replicaSet) === hash) ?? rollout);
  const run = failingRun(runs, hash, revision);
  const metric = run === undefined ? undefined : failingMetricOf(run);
  const badCommit = metadata.annotations?.[GIT_ANNOTATIONS.commit];
  const step = run === undefined ? undefined : stepOf(run, spec.strategy?.canary?.steps ?? []);
  return {
    type: 'rolloutAborted',
    key: abortKey({ uid: metadata.uid ?? '', hash, abortedAt: status.abortedAt }),
    namespace: metadata.namespace ?? '',
    rollout: metadata.name,
    revision,
    reason: findCondition(status.conditions, 'Progressing')?.message ?? 'Rollout aborted',
    atMs,
    hash,
    ...(run === undefined ? {} : { analysisRun: run.metadata.name }),
    ...(metric === undefined ? {} : { metric }),
    ...(step === undefined ? {} : { step }),
    ...(badCommit === undefined ? {} : { badCommit }),
  };
}

/** So far the clocks of two replicas may be apart: one records the abort, another one the revert. */
const CLOCKS_APART_MS = 5_000;

/** What became of undoing this abort in Git, from the journal of the GitSource that declares the Rollout. */
export function revertOf(abort: RecordedAbort, source: GitSource | undefined): RevertState {
  if (source === undefined || (source.spec.onAbort ?? 'None') === 'None') return { type: 'off' };
  const entry = source.status?.reverts?.findLast(
    ({ rollout, podTemplateHash }) =>
      rollout === `${abort.namespace}/${abort.rollout}` && podTemplateHash === abort.hash,
  );
  // It may be about an earlier abort of the same version, which was retried.
  const isOlder = (parseTimestampMs(entry?.time) ?? Infinity) + CLOCKS_APART_MS < abort.atMs;
  switch (isOlder ? undefined : entry?.state) {
    case undefined:
    case 'Pending':
      return { type: 'pending' };
    case 'Pushed':
      return { type: 'pushed', commit: entry?.commitRevision ?? '', branch: source.spec.branch };
    case 'Skipped':
    case 'Conflicted':
    case 'Failed':
      return { type: 'refused', message: entry?.message ?? entry?.state ?? '' };
  }
}

/** Reads what was recorded; what cannot be read counts as nothing. */
export function parseRecordedAbort(text: string | undefined): RecordedAbort | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    const usable = isPlainObject(value) && typeof value['key'] === 'string' && typeof value['atMs'] === 'number';
    return usable ? (value as unknown as RecordedAbort) : undefined;
  } catch {
    return undefined;
  }
}

function failingRun(runs: readonly AnalysisRun[], hash: string, revision: number): AnalysisRun | undefined {
  return runs.find(
    (run) =>
      run.metadata.labels?.[POD_TEMPLATE_HASH_LABEL] === hash &&
      run.metadata.annotations?.[REVISION_ANNOTATION] === String(revision) &&
      (run.status?.phase === 'Failed' || run.status?.phase === 'Error'),
  );
}

function stepOf(
  run: AnalysisRun,
  steps: NonNullable<NonNullable<NonNullable<Rollout['spec']['strategy']>['canary']>['steps']>,
): AbortNotice['step'] {
  const index = Number(run.metadata.labels?.[STEP_INDEX_LABEL] ?? Number.NaN);
  const step = steps[index];
  return step === undefined ? undefined : { index, count: steps.length, title: stepText(step) };
}
