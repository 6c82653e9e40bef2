import type { AnalysisRun, Measurement, Metric, MetricResult } from '../../api/analysis.ts';
import { argumentValues, resolvedMetricsOf, resolveMetric, secretReferencesOf } from './arguments.ts';
import { isOver } from './metric-verdict.ts';

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
  const results = (run.status?.metricResults ?? []).filter((result) => result.dryRun !== true && isOver(result.phase));
  const worst = ORDER.map((phase) => results.find((result) => result.phase === phase)).find(
    (result) => result !== undefined,
  );
  if (worst === undefined) return undefined;
  const bad = worst.measurements?.findLast((measurement) => measurement.phase === worst.phase);
  const message = bad?.message ?? worst.message;
  return {
    name: worst.name,
    phase: worst.phase,
    ...(bad?.value === undefined ? {} : { value: bad.value }),
    ...conditionField(run, worst, bad),
    ...(message === undefined ? {} : { message }),
  };
}

function conditionField(
  run: Pick<AnalysisRun, 'spec'>,
  result: MetricResult,
  measurement: Measurement | undefined,
): Pick<FailingMetric, 'condition'> {
  const metric = run.spec.metrics[resolvedMetricsOf(run.spec).findIndex((one) => one.name === result.name)];
  if (metric === undefined || measurement === undefined) return {};
  const { successCondition, failureCondition } = withArguments(metric, run);
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
