import type { AnalysisRun, Metric, MetricResult } from '../../api/analysis.ts';
import { metricLimitsOf } from '../../api/defaults.ts';
import type { Experiment } from '../../api/experiment.ts';
import { resolvedMetricsOf } from '../../core/analysis/arguments.ts';
import { isOver } from '../../core/analysis/metric-verdict.ts';
import { nextMeasurement } from '../../core/analysis/schedule.ts';
import { humanDuration } from '../../lib/human-duration.ts';
import { parseTimestampMs } from '../../lib/timestamp.ts';
import { placeText } from '../session.ts';
import { formatTable } from '../table.ts';
import { markOf, markText } from './mark.ts';
import { labelled, type OverviewFormat } from './overview.ts';

/** The lines above the tree of an AnalysisRun: each metric, what it gave, and when it is measured next. */
export function formatAnalysisRun(run: AnalysisRun, format: OverviewFormat & { readonly nowMs: number }): string {
  const { paint, nowMs } = format;
  const rows = metricsOf(run, nowMs).map(({ name, phase, counts, last, next }) => [
    name,
    markText(markOf(phase), paint),
    counts,
    last,
    next,
  ]);
  const { phase = 'Pending', message } = run.status ?? {};
  return [
    labelled('Name:', run.metadata.name),
    labelled('Namespace:', placeText(format.place).replace('namespace ', '')),
    labelled('Status:', markText(markOf(phase), paint)),
    ...(message === undefined || message === '' ? [] : [labelled('Message:', message)]),
    '',
    formatTable([['METRIC', 'STATUS', 'MEASURED', 'LAST', 'NEXT'], ...rows], 2),
  ].join('\n');
}

export function formatExperiment(experiment: Experiment, { place, paint }: OverviewFormat): string {
  const { phase = 'Pending', message } = experiment.status ?? {};
  return [
    labelled('Name:', experiment.metadata.name),
    labelled('Namespace:', placeText(place).replace('namespace ', '')),
    labelled('Status:', markText(markOf(phase), paint)),
    ...(message === undefined || message === '' ? [] : [labelled('Message:', message)]),
    labelled('Duration:', experiment.spec.duration ?? 'until its analyses end'),
  ].join('\n');
}

export interface MetricView {
  readonly name: string;
  readonly phase: string;
  /** `3 of 5 good, 0 of 1 bad ones allowed`. */
  readonly counts: string;
  /** The latest value, or why there is none. */
  readonly last: string;
  /** When it is measured next: `in 40s`, `now`; empty when never. */
  readonly next: string;
}

export function metricsOf(run: AnalysisRun, nowMs: number): readonly MetricView[] {
  const startedAtMs = parseTimestampMs(run.status?.startedAt) ?? nowMs;
  return resolvedMetricsOf(run.spec).map((metric) => {
    const result = run.status?.metricResults?.find(({ name }) => name === metric.name);
    const phase = result?.phase ?? 'Pending';
    const isDone = isOver(phase) || isOver(run.status?.phase);
    return {
      name: result?.dryRun === true ? `${metric.name} (dry run)` : metric.name,
      phase,
      counts: countsOf(metric, result),
      last: lastOf(result),
      next: isDone ? '' : nextOf(metric, result, { startedAtMs, nowMs }),
    };
  });
}

function countsOf(metric: Metric, result: MetricResult | undefined): string {
  const { count, failureLimit } = metricLimitsOf(metric);
  const { successful = 0, failed = 0, inconclusive = 0, error = 0 } = result ?? {};
  const good = count === undefined ? `${successful} good` : `${successful} of ${count} good`;
  const bad = failureLimit < 0 ? `${failed} bad` : `${failed} bad (${failureLimit} allowed)`;
  return [
    good,
    bad,
    inconclusive > 0 ? `${inconclusive} inconclusive` : '',
    error > 0 ? `${error} without a value` : '',
  ]
    .filter((text) => text !== '')
    .join(', ');
}

function lastOf(result: MetricResult | undefined): string {
  const last = result?.measurements?.at(-1);
  if (last === undefined) return '-';
  const message = last.message ?? result?.message;
  return last.value !== undefined && last.value !== '' ? last.value : (message ?? last.phase);
}

function nextOf(
  metric: Metric,
  result: MetricResult | undefined,
  { startedAtMs, nowMs }: { readonly startedAtMs: number; readonly nowMs: number },
): string {
  const next = nextMeasurement(metric, result, { startedAtMs });
  if (next.type === 'none') return '';
  if (next.type === 'resume' && next.atMs <= nowMs) return 'under way';
  return next.atMs <= nowMs ? 'now' : `in ${humanDuration(next.atMs - nowMs)}`;
}
