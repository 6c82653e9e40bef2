import type { Measurement, Metric, MetricResult } from '../../api/analysis.ts';
import { redact } from '../../lib/redact.ts';
import { formatTimestampMs } from '../../lib/timestamp.ts';
import { assessResult } from './assess-measurement.ts';
import { isOver } from './metric-verdict.ts';
import type { ProviderOutcome } from './outcome.ts';

/** What the shell reports of a measurement that was ordered. */
export interface MeasurementReport {
  readonly metricName: string;
  readonly startedAtMs: number;
  readonly progress:
    | { readonly type: 'finished'; readonly finishedAtMs: number; readonly outcome: ProviderOutcome }
    /** The provider wants to be asked again; `state` is what it then needs to know. */
    | { readonly type: 'waiting'; readonly resumeAtMs: number; readonly state: Readonly<Record<string, string>> };
  /** What the provider says about the metric itself, such as the query it resolved to. */
  readonly metricMetadata?: Readonly<Record<string, string>>;
  /** What it was asked with and must not be shown, besides the Secrets that the run names. */
  readonly secrets?: readonly string[];
}

/** Characters of a value, a message or an item of metadata that are recorded; all of a run has to fit into one object. */
const RECORDED_LENGTH_MAX = 8_192;

/** The measurement to record for a report, judged by the resolved metric, with secrets hidden and only the beginning of long texts. */
export function measurementOf(report: MeasurementReport, metric: Metric, ofRun: readonly string[]): Measurement {
  const { progress } = report;
  const secrets = [...ofRun, ...(report.secrets ?? [])];
  const startedAt = formatTimestampMs(report.startedAtMs);
  if (progress.type === 'waiting') {
    const metadata = shown(progress.state, secrets);
    return {
      phase: 'Running',
      startedAt,
      resumeAt: formatTimestampMs(progress.resumeAtMs),
      ...metadataField(metadata),
    };
  }
  const { outcome, finishedAtMs } = progress;
  const judged =
    outcome.type === 'verdict'
      ? outcome
      : { ...assessResult(metric, outcome.result, finishedAtMs), value: outcome.value };
  const message = shownText(judged.message ?? '', secrets);
  const value = shownText(judged.value ?? '', secrets);
  return {
    phase: judged.phase,
    ...(message === '' ? {} : { message }),
    startedAt,
    finishedAt: formatTimestampMs(finishedAtMs),
    ...(value === '' ? {} : { value }),
    ...metadataField(shown(outcome.metadata ?? {}, secrets)),
  };
}

function shown(texts: Readonly<Record<string, string>>, secrets: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, shownText(text, secrets)]));
}

/** Cut after secrets are hidden, so that none stays in part. */
function shownText(text: string, secrets: readonly string[]): string {
  const hidden = redact(text, secrets);
  if (hidden.length <= RECORDED_LENGTH_MAX) return hidden;
  return `${hidden.slice(0, RECORDED_LENGTH_MAX).toWellFormed()}… (${hidden.length} characters)`;
}

/**
 * A metric whose measurement was under way when the run had to end. A Job that was stopped has shown nothing, and
 * counts as inconclusive; a question that was given up counts for nothing.
 */
export function withTerminated(result: MetricResult, metric: Metric | undefined, nowMs: number): MetricResult {
  const last = result.measurements?.at(-1);
  if (last === undefined || last.finishedAt !== undefined || isOver(result.phase)) return result;
  const { resumeAt: _resumeAt, ...rest } = last;
  const finishedAt = formatTimestampMs(nowMs);
  const message = 'Metric Terminated';
  if (metric?.provider.job !== undefined)
    return withMeasurement(result, { ...rest, phase: 'Inconclusive', message, finishedAt });
  const ended: Measurement = { ...rest, phase: 'Successful', message, finishedAt };
  return { ...result, measurements: [...(result.measurements?.slice(0, -1) ?? []), ended] };
}

/** The result of a metric with one more measurement, or with its unfinished one replaced. */
export function withMeasurement(result: MetricResult, measurement: Measurement): MetricResult {
  const measurements = result.measurements ?? [];
  const isResumed = measurements.at(-1) !== undefined && measurements.at(-1)?.finishedAt === undefined;
  const kept = isResumed ? measurements.slice(0, -1) : measurements;
  return { ...counted(result, measurement), measurements: [...kept, measurement] };
}

/** Errors do not count as measurements; anything else ends a row of errors. */
function counted(result: MetricResult, measurement: Measurement): MetricResult {
  const one = (value: number | undefined): number => (value ?? 0) + 1;
  const judged = { ...result, count: one(result.count), consecutiveError: undefined };
  switch (measurement.phase) {
    case 'Successful':
      return present({
        ...judged,
        successful: one(result.successful),
        consecutiveSuccess: one(result.consecutiveSuccess),
      });
    case 'Failed':
      return present({ ...judged, failed: one(result.failed), consecutiveSuccess: undefined });
    case 'Inconclusive':
      return present({ ...judged, inconclusive: one(result.inconclusive), consecutiveSuccess: undefined });
    case 'Error':
      return present({
        ...result,
        error: one(result.error),
        consecutiveError: one(result.consecutiveError),
        consecutiveSuccess: undefined,
      });
    case 'Pending':
    case 'Running':
      return result;
  }
}

function present(result: MetricResult): MetricResult {
  const { consecutiveError, consecutiveSuccess, ...rest } = result;
  return {
    ...rest,
    ...(consecutiveError === undefined ? {} : { consecutiveError }),
    ...(consecutiveSuccess === undefined ? {} : { consecutiveSuccess }),
  };
}

export function redactAll(
  metadata: Readonly<Record<string, string>> | undefined,
  secrets: readonly string[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(metadata ?? {}).map(([key, value]) => [key, shownText(value, secrets)]));
}

function metadataField(metadata: Readonly<Record<string, string>>): Pick<Measurement, 'metadata'> {
  return Object.keys(metadata).length === 0 ? {} : { metadata };
}
