import type {
  AnalysisPhase,
  AnalysisRunSpec,
  AnalysisRunStatus,
  Metric,
  MetricResult,
  RunSummary,
} from '../../api/analysis.ts';
import { resolvedMetricsOf } from './arguments.ts';
import { assessMetric, isOver } from './metric-verdict.ts';
import type { MetricRules } from './metric-rules.ts';

export interface RunVerdict {
  readonly phase: AnalysisPhase;
  readonly message: string;
  /** Results with their phases and messages brought up to date. */
  readonly metricResults: readonly MetricResult[];
  readonly runSummary: RunSummary;
  readonly dryRunSummary: RunSummary;
  /** Metrics that count and that the end of the run came before: its being Successful says nothing of them. */
  readonly notMeasured: readonly string[];
}

/** From best to worst. */
const BADNESS: Readonly<Record<AnalysisPhase, number>> = {
  Successful: 0,
  Running: 1,
  Pending: 2,
  Inconclusive: 3,
  Error: 4,
  Failed: 5,
};

/** Whether the run takes no more measurements: it was told to end, or a metric that counts is bad. */
export function isTerminating(spec: AnalysisRunSpec, results: readonly MetricResult[]): boolean {
  if (spec.terminate === true) return true;
  return results.some((result) => result.dryRun !== true && isOver(result.phase) && result.phase !== 'Successful');
}

/** The state of a run from the counters of its metrics. `metrics` are resolved. */
export function assessRun(
  spec: AnalysisRunSpec,
  metrics: readonly Metric[],
  results: readonly MetricResult[],
  rules: MetricRules,
): RunVerdict {
  // A metric that has just become bad ends the run in the same pass.
  const before = updateResults(metrics, results, isTerminating(spec, results), rules);
  const terminating = isTerminating(spec, before);
  const updated = updateResults(metrics, before, terminating, rules);
  const counting = metrics.filter((metric) => !rules.isDryRun(metric.name));
  const dry = metrics.filter((metric) => rules.isDryRun(metric.name));
  const everyMetricOver = metrics.every((metric) => isOver(resultOf(updated, metric.name)?.phase));
  const over = terminating || everyMetricOver;
  const worst = over ? worstOf(counting, updated) : undefined;
  const phase = over ? (worst?.result.phase ?? 'Successful') : 'Running';
  const isEndedEarly = phase === 'Successful' && spec.terminate === true;
  const notMeasured = isEndedEarly ? namesOf(counting.filter(({ name }) => !isMeasured(updated, name))) : [];
  return {
    phase,
    notMeasured,
    message: over ? messageOf(spec, worst, notMeasured) : '',
    metricResults: updated,
    runSummary: summaryOf(counting, updated),
    dryRunSummary: summaryOf(dry, updated),
  };
}

/** The metrics that count and of which no value was ever judged: a run that ended is no proof of them. */
export function unmeasuredMetrics(spec: AnalysisRunSpec, results: readonly MetricResult[]): readonly string[] {
  return resolvedMetricsOf(spec)
    .filter((metric) => {
      const result = resultOf(results, metric.name);
      return result?.dryRun !== true && !isMeasured(results, metric.name);
    })
    .map((metric) => metric.name);
}

function isMeasured(results: readonly MetricResult[], name: string): boolean {
  return (resultOf(results, name)?.count ?? 0) > 0;
}

/**
 * Why a run that reads Successful is no proof: a metric was never measured, or was ended before it had what it was to measure.
 * Undefined where it is one. Dry-run metrics do not count.
 */
export function unprovenCause(run: {
  readonly spec: AnalysisRunSpec;
  readonly status?: Pick<AnalysisRunStatus, 'phase' | 'metricResults'>;
}): string | undefined {
  const results = run.status?.metricResults ?? [];
  const unmeasured = unmeasuredMetrics(run.spec, results);
  if (unmeasured.length > 0) return `it ended before it had measured ${unmeasured.join(', ')}`;
  if (run.spec.terminate !== true) return undefined;
  const unfinished = resolvedMetricsOf(run.spec).filter(
    (metric) => !succeededByItself(metric, resultOf(results, metric.name)),
  );
  return unfinished.length === 0 ? undefined : `it was ended while it measured ${namesOf(unfinished).join(', ')}`;
}

/** What had everything measured before the run was told to end did end by itself. */
function succeededByItself(metric: Metric, result: MetricResult | undefined): boolean {
  if (result?.dryRun === true) return true;
  return result !== undefined && assessMetric(metric, { ...result, phase: 'Running' }, false).phase === 'Successful';
}

function namesOf(metrics: readonly Metric[]): readonly string[] {
  return metrics.map(({ name }) => name);
}

interface Worst {
  readonly metric: Metric;
  readonly result: MetricResult;
  readonly reason?: string;
}

function updateResults(
  metrics: readonly Metric[],
  results: readonly MetricResult[],
  terminating: boolean,
  rules: MetricRules,
): readonly MetricResult[] {
  return results.map((result) => {
    const metric = metrics.find((one) => one.name === result.name);
    if (metric === undefined) return result;
    const verdict = assessMetric(metric, result, terminating);
    const last = result.measurements?.at(-1);
    const changed = result.phase !== verdict.phase;
    const message = changed ? last?.message : result.message;
    const isDryRun = rules.isDryRun(metric.name);
    const dryMessage =
      isDryRun && verdict.reason !== undefined ? `Metric assessed ${verdict.phase} due to ${verdict.reason}` : message;
    return withMessage({ ...result, phase: verdict.phase }, dryMessage);
  });
}

function withMessage(result: MetricResult, message: string | undefined): MetricResult {
  const { message: _old, ...rest } = result;
  return message === undefined || message === '' ? rest : { ...rest, message };
}

function worstOf(metrics: readonly Metric[], results: readonly MetricResult[]): Worst | undefined {
  let worst: Worst | undefined;
  for (const metric of metrics) {
    const result = resultOf(results, metric.name);
    if (result === undefined || !isOver(result.phase)) continue;
    if (worst !== undefined && BADNESS[result.phase] <= BADNESS[worst.result.phase]) continue;
    worst = { metric, result, reason: assessMetric(metric, result, true).reason };
  }
  return worst;
}

function messageOf(spec: AnalysisRunSpec, worst: Worst | undefined, notMeasured: readonly string[]): string {
  if (worst !== undefined && worst.result.phase !== 'Successful') {
    const cause = worst.result.message === undefined ? '' : `: "Error Message: ${worst.result.message}"`;
    const due = worst.reason === undefined ? '' : ` due to ${worst.reason}`;
    return `Metric "${worst.metric.name}" assessed ${worst.result.phase}${due}${cause}`;
  }
  return spec.terminate === true ? `Run Terminated${notMeasuredText(notMeasured)}` : '';
}

/** What follows a verdict that does not cover every metric. */
export function notMeasuredText(names: readonly string[]): string {
  return names.length === 0 ? '' : ` (not measured: ${names.join(', ')})`;
}

/** Of the metrics that are decided; one that was ended without a value is counted, but not as successful. */
function summaryOf(metrics: readonly Metric[], results: readonly MetricResult[]): RunSummary {
  const phases = metrics.flatMap((metric) => {
    const result = resultOf(results, metric.name);
    return result === undefined || (result.count ?? 0) + (result.error ?? 0) === 0 ? [] : [result.phase];
  });
  const count = (phase: AnalysisPhase): number => phases.filter((one) => one === phase).length;
  const summary = {
    count: metrics.length,
    successful: count('Successful'),
    failed: count('Failed'),
    inconclusive: count('Inconclusive'),
    error: count('Error'),
  };
  // Zeros are left out, as in the API.
  return Object.fromEntries(Object.entries(summary).filter(([, value]) => value > 0));
}

function resultOf(results: readonly MetricResult[], name: string): MetricResult | undefined {
  return results.find((result) => result.name === name);
}
