import type { AnalysisRun, Metric, MetricResult } from '../../api/analysis.ts';
import { argumentValues, resolvedMetricsOf, resolveMetric, secretReferencesOf } from './arguments.ts';

/** Why a run is bad, in the few facts that people want to read first. */
export interface FailingMetric {
  readonly name: string;
  readonly phase: string;
  /** What the deciding measurement gave. */
  readonly value?: string;
  /** The condition that decided; values from Secrets are hidden. */
  readonly condition?: string;
  /** The error, where there is no value. */
  readonly message?: string;
}

const ORDER = ['Failed', 'Error', 'Inconclusive'];

/** The worst metric of a run that counts, with its latest bad measurement; undefined when no metric is bad. */
export function failingMetricOf(run: Pick<AnalysisRun, 'spec' | 'status'>): FailingMetric | undefined {
  const worst = worstResultOf(run);
  if (worst === undefined) return undefined;
  const { result } = worst;
  const bad = result.measurements?.findLast((measurement) => measurement.phase === result.phase);
  const message = bad?.message ?? result.message;
  return {
    name: result.name,
    phase: result.phase,
    ...(bad?.value === undefined ? {} : { value: bad.value }),
    ...(bad === undefined ? {} : conditionField(worst)),
    ...(message === undefined ? {} : { message }),
  };
}

export interface WorstResult {
  readonly result: MetricResult;
  /** With its arguments filled in; values from Secrets are hidden. */
  readonly metric: Metric | undefined;
}

/** What decided against a run: the first metric that failed, else that erred, else that was inconclusive. Dry runs decide nothing. */
export function worstResultOf(run: Pick<AnalysisRun, 'spec' | 'status'>): WorstResult | undefined {
  const counting = (run.status?.metricResults ?? []).filter(({ dryRun }) => dryRun !== true);
  const [result] = ORDER.flatMap((phase) => counting.filter((one) => one.phase === phase));
  if (result === undefined) return undefined;
  const metric = run.spec.metrics[resolvedMetricsOf(run.spec).findIndex(({ name }) => name === result.name)];
  return { result, metric: metric === undefined ? undefined : withArguments(metric, run) };
}

function conditionField({ result, metric }: WorstResult): Pick<FailingMetric, 'condition'> {
  const { successCondition, failureCondition } = metric ?? {};
  const condition =
    result.phase === 'Failed' ? (failureCondition ?? successCondition) : (successCondition ?? failureCondition);
  return condition === undefined || condition === '' ? {} : { condition };
}

function withArguments(metric: Metric, run: Pick<AnalysisRun, 'spec'>): Metric {
  const args = run.spec.args ?? [];
  const hidden = Object.fromEntries(secretReferencesOf(args).map(({ argument }) => [argument, { value: '*****' }]));
  const values = argumentValues(args, hidden);
  const resolved = values.ok ? resolveMetric(metric, values.values) : undefined;
  return resolved?.ok === true ? resolved.metric : metric;
}
