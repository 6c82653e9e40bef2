import type { Measurement, Metric, MetricResult } from '../../api/analysis.ts';
import { metricLimitsOf } from '../../api/defaults.ts';
import { parseDurationMs } from '../../lib/duration.ts';
import { waitStartMs } from '../../lib/timestamp.ts';

/** The wait after a measurement that was an error, whatever the interval is. */
const ERROR_RETRY_MS = 10_000;

export type NextMeasurement =
  | { readonly type: 'start'; readonly atMs: number }
  /** The last one is unfinished. */
  | { readonly type: 'resume'; readonly atMs: number; readonly measurement: Measurement }
  | { readonly type: 'none' };

/** When a metric that is not decided yet is measured next. Without a time of start the run starts now. */
export function nextMeasurement(
  metric: Metric,
  result: MetricResult | undefined,
  run: { readonly startedAtMs: number },
): NextMeasurement {
  const last = result?.measurements?.at(-1);
  if (last === undefined) return { type: 'start', atMs: run.startedAtMs + durationOr(metric.initialDelay, 0) };
  if (last.finishedAt === undefined) {
    const atMs = last.resumeAt === undefined ? 0 : (waitStartMs(last.resumeAt) ?? 0);
    return { type: 'resume', atMs, measurement: last };
  }
  const { count } = metricLimitsOf(metric);
  if (count !== undefined && (result?.count ?? 0) >= count) return { type: 'none' };
  const intervalMs = last.phase === 'Error' ? ERROR_RETRY_MS : durationOr(metric.interval, ERROR_RETRY_MS);
  return { type: 'start', atMs: (waitStartMs(last.finishedAt) ?? run.startedAtMs) + intervalMs };
}

function durationOr(text: string | undefined, fallbackMs: number): number {
  if (text === undefined || text === '') return fallbackMs;
  return parseDurationMs(text) ?? fallbackMs;
}
