import type { AnalysisPhase, Metric, MetricResult } from '../../api/analysis.ts';
import { metricLimitsOf } from '../../api/defaults.ts';

export interface MetricVerdict {
  readonly phase: AnalysisPhase;
  /** Why it is bad or undecided, in the API's words: `failed (2) > failureLimit (1)`. */
  readonly reason?: string;
}

/** What the counters of a metric come to after its latest measurement. `terminating`: no measurement will follow. */
export function assessMetric(metric: Metric, result: MetricResult, terminating: boolean): MetricVerdict {
  const measurements = result.measurements ?? [];
  const last = measurements.at(-1);
  if (isOver(result.phase)) return { phase: result.phase, ...reasonOf(badVerdict(metric, result, terminating)) };
  if (last === undefined) return { phase: terminating ? 'Successful' : 'Pending' };
  if (!isOver(last.phase)) return { phase: 'Running' };
  return badVerdict(metric, result, terminating) ?? goodVerdict(metric, result, terminating);
}

export function isOver(phase: AnalysisPhase | undefined): boolean {
  return phase === 'Successful' || phase === 'Failed' || phase === 'Error' || phase === 'Inconclusive';
}

/** A later rule overrides an earlier one, as in the API. */
function badVerdict(metric: Metric, result: MetricResult, terminating: boolean): Required<MetricVerdict> | undefined {
  const limits = metricLimitsOf(metric);
  const { failed = 0, inconclusive = 0, error = 0, consecutiveError = 0, count = 0 } = result;
  let verdict: Required<MetricVerdict> | undefined;
  if (limits.failureLimit >= 0 && failed > limits.failureLimit) {
    verdict = { phase: 'Failed', reason: `failed (${failed}) > failureLimit (${limits.failureLimit})` };
  }
  if (inconclusive > limits.inconclusiveLimit) {
    const reason = `inconclusive (${inconclusive}) > inconclusiveLimit (${limits.inconclusiveLimit})`;
    verdict = { phase: 'Inconclusive', reason };
  }
  if (consecutiveError > limits.consecutiveErrorLimit) {
    const reason = `consecutiveErrors (${consecutiveError}) > consecutiveErrorLimit (${limits.consecutiveErrorLimit})`;
    verdict = { phase: 'Error', reason };
  }
  // Nothing but errors when it has to end: it was never measured, so it cannot be called good.
  if (verdict === undefined && terminating && error > 0 && count === 0) {
    verdict = { phase: 'Error', reason: `errors (${error}) without any measured value` };
  }
  return verdict ?? undecidedVerdict(metric, result);
}

/** The count is reached without the successes in a row that were asked for. */
function undecidedVerdict(metric: Metric, result: MetricResult): Required<MetricVerdict> | undefined {
  const limits = metricLimitsOf(metric);
  const { count = 0, consecutiveSuccess = 0 } = result;
  const wanted = limits.consecutiveSuccessLimit;
  if (wanted <= 0 || consecutiveSuccess >= wanted || limits.count === undefined || count < limits.count)
    return undefined;
  const reason = `consecutiveSuccesses (${consecutiveSuccess}) < consecutiveSuccessLimit (${wanted})`;
  return { phase: limits.failureLimit === -1 ? 'Failed' : 'Inconclusive', reason };
}

function goodVerdict(metric: Metric, result: MetricResult, terminating: boolean): MetricVerdict {
  const limits = metricLimitsOf(metric);
  const { count = 0, consecutiveSuccess = 0 } = result;
  const hasEnoughInARow = limits.consecutiveSuccessLimit > 0 && consecutiveSuccess >= limits.consecutiveSuccessLimit;
  const hasAll = limits.count !== undefined && count >= limits.count;
  return { phase: hasEnoughInARow || hasAll || terminating ? 'Successful' : 'Running' };
}

function reasonOf(verdict: MetricVerdict | undefined): { readonly reason?: string } {
  return verdict?.reason === undefined ? {} : { reason: verdict.reason };
}
