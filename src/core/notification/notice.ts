import type { FailingMetric } from '../analysis/failing-metric.ts';

/** Something to tell people once. */
export type Notice = AbortNotice;

export interface AbortNotice {
  readonly type: 'rolloutAborted';
  /** Equal for every attempt to tell the same abort, in every process. */
  readonly key: string;
  readonly namespace: string;
  readonly rollout: string;
  /** Of the version that was aborted. */
  readonly revision: number;
  /** What the Rollout's condition says. */
  readonly reason: string;
  /** When it was aborted (milliseconds since the epoch). */
  readonly atMs: number;
  readonly step?: { readonly index: number; readonly count: number; readonly title?: string };
  readonly analysisRun?: string;
  readonly metric?: FailingMetric;
  /** The commit that brought the aborted version, where Git is known. */
  readonly badCommit?: string;
  readonly revert: RevertState;
}

/** What became of undoing the change in Git. */
export type RevertState =
  /** Nobody asked for it, or the Rollout does not come from Git. */
  | { readonly type: 'off' }
  | { readonly type: 'pending' }
  | { readonly type: 'pushed'; readonly commit: string; readonly branch?: string }
  | { readonly type: 'refused'; readonly message: string };

/**
 * The key of an abort: another abort of the same Rollout, also of the same version, has another one. It names the version by its
 * hash, which is known from the first moment, while its revision may be recorded after the abort.
 */
export function abortKey(abort: { readonly uid: string; readonly hash: string; readonly abortedAt: string }): string {
  return `abort/${abort.uid}/${abort.hash}/${abort.abortedAt}`;
}

/** One line that says all that matters, for services and clients that show no more. */
export function headlineOf(notice: Notice): string {
  const { namespace, rollout, revision, metric } = notice;
  const cause = metric === undefined ? notice.reason : `metric ${metric.name} ${metricFacts(metric)}`;
  return `Rollout ${namespace}/${rollout} aborted revision ${revision}: ${cause}`;
}

/** `was 0.31, wanted result[0] < 0.05`, as far as it is known. */
function metricFacts(metric: FailingMetric): string {
  const value = metric.value === undefined ? undefined : `was ${metric.value}`;
  const verb = metric.phase === 'Failed' ? 'judged by' : 'condition';
  const condition = metric.condition === undefined ? undefined : `${verb} ${metric.condition}`;
  const facts = [value, condition, metric.value === undefined ? metric.message : undefined].filter(
    (fact) => fact !== undefined,
  );
  return facts.length === 0 ? `was ${metric.phase}` : facts.join(', ');
}
