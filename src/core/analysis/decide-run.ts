import type { AnalysisRun, AnalysisRunStatus, Measurement, Metric, MetricResult } from '../../api/analysis.ts';
import type { EventNotice } from '../../api/kube-write.ts';
import { metricsFault } from '../../api/validation/metric.ts';
import { formatTimestampMs, waitStartMs } from '../../lib/timestamp.ts';
import { argumentValues, resolvedMetricsOf, resolveMetric } from './arguments.ts';
import type { SecretValue } from './arguments.ts';
import { foreignChanges } from './foreign-changes.ts';
import { measurementOf, redactAll, withMeasurement, withTerminated } from './measurement.ts';
import type { MeasurementReport } from './measurement.ts';
import { metricRulesOf } from './metric-rules.ts';
import type { MetricRules } from './metric-rules.ts';
import { isOver } from './metric-verdict.ts';
import { DROPPED_KEY, retained } from './retention.ts';
import { assessRun, isTerminating, notMeasuredText } from './run-verdict.ts';
import { nextMeasurement } from './schedule.ts';
import { deletionTimeMs } from './ttl.ts';

/** All that a decision over one AnalysisRun may depend on, read at one moment. Plain data. */
export interface RunObservation {
  readonly nowMs: number;
  readonly run: AnalysisRun;
  /** By argument, for those that come from a Secret; read live from the run's own namespace. */
  readonly secrets: Readonly<Record<string, SecretValue>>;
  /** Names of metrics that are being measured right now in this process. */
  readonly inFlight: readonly string[];
  /** What came back since the last decision; each is handed over until a status with it was written. */
  readonly reports: readonly MeasurementReport[];
}

/** What one pass over an AnalysisRun wants. An unchanged world gives the same status and no orders. */
export interface RunDecision {
  /** The whole next status; the shell writes the difference on the main object, guarded by resourceVersion. */
  readonly status: AnalysisRunStatus;
  /** Carried out after the status was written. */
  readonly orders: readonly MeasurementOrder[];
  readonly events: readonly EventNotice[];
  /** When to look again even if nothing changes (milliseconds since the epoch). */
  readonly wakeAtMs?: number;
  /** The run ended long enough ago: delete it. */
  readonly deleteRun: boolean;
}

export type MeasurementOrder =
  /** `metric` has its arguments filled in, secrets too: it must not be logged. */
  | { readonly type: 'start'; readonly metric: Metric; readonly secrets: readonly string[] }
  | {
      readonly type: 'resume';
      readonly metric: Metric;
      readonly secrets: readonly string[];
      readonly measurement: Measurement;
    }
  /** Stop what is under way, if anything is; `measurement` is the recorded unfinished one. Nothing is reported. */
  | { readonly type: 'terminate'; readonly metric: Metric; readonly measurement?: Measurement };

/** The single door to analysis: what a run's status should be, what to measure now, and when to look again. */
export function decideRun(observation: RunObservation): RunDecision {
  const { run, inFlight } = observation;
  if (isForged(run)) return distrust(observation);
  if (isOver(run.status?.phase)) return decideEnded(observation);
  if (run.metadata.deletionTimestamp !== undefined) {
    return {
      status: run.status ?? {},
      orders: terminations(resolvedMetricsOf(run.spec), inFlight, []),
      events: [],
      deleteRun: false,
    };
  }
  const prepared = prepare(run);
  if (!prepared.ok) return end(observation, { phase: 'Error', message: prepared.message });
  return measure(observation, prepared);
}

/** Written to by somebody else, and not known to be bad or undecided yet. */
function isForged(run: AnalysisRun): boolean {
  const { phase } = run.status ?? {};
  return (!isOver(phase) || phase === 'Successful') && foreignChanges(run).length > 0;
}

/** What it measured, or says it measured, can no longer be told from what was written into it. */
function distrust(observation: RunObservation): RunDecision {
  const { run } = observation;
  const message = `Not trusted, because of what somebody else wrote: ${foreignChanges(run).join(', ')}`;
  const ended = end(observation, { phase: 'Inconclusive', message });
  return { ...ended, events: [{ type: 'Warning', reason: 'AnalysisRunNotTrusted', message }, ...ended.events] };
}

/** Only its time to live is left. A run that another controller ended without a time gets one. */
function decideEnded({ nowMs, run, inFlight }: RunObservation): RunDecision {
  const needsTime = run.spec.ttlStrategy !== undefined && run.status?.completedAt === undefined;
  const status: AnalysisRunStatus = needsTime
    ? { ...run.status, completedAt: formatTimestampMs(nowMs) }
    : (run.status ?? {});
  const deleteAtMs = deletionTimeMs({ spec: run.spec, status });
  const deleteRun = deleteAtMs !== undefined && deleteAtMs <= nowMs && run.metadata.deletionTimestamp === undefined;
  const orders = terminations(resolvedMetricsOf(run.spec), inFlight, []);
  return { status, orders, events: [], deleteRun, ...(deleteRun ? {} : wake([deleteAtMs])) };
}

type Prepared = { readonly ok: true; readonly metrics: readonly Metric[]; readonly rules: MetricRules };

/** The run's metrics with arguments filled in (a placeholder for secrets), if the spec makes sense. */
function prepare(run: AnalysisRun): Prepared | { readonly ok: false; readonly message: string } {
  const values = argumentValues(run.spec.args ?? [], 'placeholder');
  if (!values.ok) return { ok: false, message: `Unable to resolve metric arguments: ${values.message}` };
  const metrics: Metric[] = [];
  for (const metric of run.spec.metrics) {
    const resolved = resolveMetric(metric, values.values);
    if (!resolved.ok) return { ok: false, message: `Unable to resolve metric arguments: ${resolved.message}` };
    metrics.push(resolved.metric);
  }
  const fault = metricsFault(metrics);
  if (fault !== undefined) return { ok: false, message: `Analysis spec invalid: ${fault}` };
  const rules = metricRulesOf(run.spec, metrics);
  return rules.ok
    ? { ok: true, metrics, rules: rules.rules }
    : { ok: false, message: `Analysis spec invalid: ${rules.message}` };
}

function measure(observation: RunObservation, prepared: Prepared): RunDecision {
  const { nowMs, run } = observation;
  const startedAt = run.status?.startedAt ?? formatTimestampMs(nowMs);
  const secretMetrics = lazySecretMetrics(observation, prepared);
  const recorded = recordReports(observation, prepared, secretMetrics);
  if (!recorded.ok) return end(observation, { phase: 'Error', message: recorded.message });
  const terminated = terminate(observation, prepared, recorded.results);
  const verdict = assessRun(run.spec, prepared.metrics, terminated.results, prepared.rules);
  const metricResults = retained(verdict.metricResults, prepared.rules);
  const status: AnalysisRunStatus = {
    ...run.status,
    phase: verdict.phase,
    ...(verdict.message === '' ? {} : { message: verdict.message }),
    metricResults,
    startedAt,
    ...(isOver(verdict.phase) ? { completedAt: formatTimestampMs(nowMs) } : {}),
    runSummary: verdict.runSummary,
    dryRunSummary: verdict.dryRunSummary,
  };
  const events = eventsOf(run, status, verdict.notMeasured);
  if (isOver(verdict.phase)) {
    const orders = terminations(prepared.metrics, observation.inFlight, terminated.measurements);
    return { status, orders, events, deleteRun: false, ...wake([deletionTimeMs({ spec: run.spec, status })]) };
  }
  const plan = planMeasurements({ observation, prepared, results: metricResults, startedAt, secretMetrics });
  if (!plan.ok) return end(observation, { phase: 'Error', message: plan.message });
  return { status, orders: plan.orders, events, deleteRun: false, ...wake(plan.timesMs) };
}

type SecretMetric =
  | { readonly ok: true; readonly metric: Metric; readonly secrets: readonly string[] }
  | { readonly ok: false; readonly message: string };

/** Metrics with their secrets filled in; a Secret that is missing harms only when something is to be measured. */
function lazySecretMetrics({ run, secrets }: RunObservation, { metrics }: Prepared): (name: string) => SecretMetric {
  return (name) => {
    const values = argumentValues(run.spec.args ?? [], secrets);
    const metric = run.spec.metrics[metrics.findIndex((one) => one.name === name)];
    if (!values.ok || metric === undefined) {
      return {
        ok: false,
        message: `Unable to resolve metric arguments: ${values.ok ? `no metric ${name}` : values.message}`,
      };
    }
    const resolved = resolveMetric(metric, values.values);
    if (!resolved.ok) return { ok: false, message: `Unable to resolve metric arguments: ${resolved.message}` };
    return { ok: true, metric: { ...resolved.metric, name }, secrets: values.secrets };
  };
}

type Recorded =
  | { readonly ok: true; readonly results: readonly MetricResult[] }
  | { readonly ok: false; readonly message: string };

function recordReports(
  { run, reports }: RunObservation,
  { metrics, rules }: Prepared,
  secretMetrics: (name: string) => SecretMetric,
): Recorded {
  let results: readonly MetricResult[] = run.status?.metricResults ?? [];
  for (const report of reports) {
    const found = results.find((result) => result.name === report.metricName);
    if (found !== undefined && (isOver(found.phase) || isRecorded(found, report))) continue;
    if (!metrics.some((metric) => metric.name === report.metricName)) continue;
    const resolved = secretMetrics(report.metricName);
    if (!resolved.ok) return resolved;
    const before = found ?? newResult(report, rules, resolved.secrets);
    const after = withMeasurement(before, measurementOf(report, resolved.metric, resolved.secrets));
    results = found === undefined ? [...results, after] : results.map((result) => (result === found ? after : result));
  }
  return { ok: true, results };
}

/** A report may be handed over again after its status write went through: the time of start tells. */
function isRecorded(result: MetricResult, report: MeasurementReport): boolean {
  const startedAt = formatTimestampMs(report.startedAtMs);
  const same = result.measurements?.findLast((measurement) => measurement.startedAt === startedAt);
  return same?.finishedAt !== undefined;
}

function newResult(report: MeasurementReport, rules: MetricRules, secrets: readonly string[]): MetricResult {
  const metadata = redactAll(report.metricMetadata, secrets);
  return {
    name: report.metricName,
    phase: 'Running',
    ...(rules.isDryRun(report.metricName) ? { dryRun: true } : {}),
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
  };
}

interface Terminated {
  readonly results: readonly MetricResult[];
  /** Unfinished measurements of before, by metric. */
  readonly measurements: readonly { readonly metricName: string; readonly measurement: Measurement }[];
}

/** When the run has to end, what is recorded as unfinished ends too. */
function terminate({ nowMs, run }: RunObservation, prepared: Prepared, results: readonly MetricResult[]): Terminated {
  const assessed = assessRun(run.spec, prepared.metrics, results, prepared.rules).metricResults;
  if (!isTerminating(run.spec, assessed)) return { results, measurements: [] };
  const measurements: { metricName: string; measurement: Measurement }[] = [];
  const ended = results.map((result) => {
    const metric = prepared.metrics.find((one) => one.name === result.name);
    const after = withTerminated(result, metric, nowMs);
    const last = result.measurements?.at(-1);
    if (after !== result && last !== undefined) measurements.push({ metricName: result.name, measurement: last });
    return after;
  });
  return { results: ended, measurements };
}

function terminations(
  metrics: readonly Metric[],
  inFlight: readonly string[],
  unfinished: Terminated['measurements'],
): readonly MeasurementOrder[] {
  return metrics.flatMap((metric): MeasurementOrder[] => {
    const recorded = unfinished.find((one) => one.metricName === metric.name);
    if (recorded !== undefined) return [{ type: 'terminate', metric, measurement: recorded.measurement }];
    return inFlight.includes(metric.name) ? [{ type: 'terminate', metric }] : [];
  });
}

interface PlanInput {
  readonly observation: RunObservation;
  readonly prepared: Prepared;
  readonly results: readonly MetricResult[];
  readonly startedAt: string;
  readonly secretMetrics: (name: string) => SecretMetric;
}

type Plan =
  | { readonly ok: true; readonly orders: readonly MeasurementOrder[]; readonly timesMs: readonly number[] }
  | { readonly ok: false; readonly message: string };

/** What is due is ordered now; what is not gives the time to wake at. */
function planMeasurements(input: PlanInput): Plan {
  const { nowMs, run, inFlight } = input.observation;
  const startedAtMs = run.status?.startedAt === undefined ? nowMs : (waitStartMs(input.startedAt) ?? nowMs);
  const orders: MeasurementOrder[] = [];
  const timesMs: number[] = [];
  for (const metric of input.prepared.metrics) {
    const result = input.results.find((one) => one.name === metric.name);
    if (isOver(result?.phase) || inFlight.includes(metric.name)) continue;
    const next = nextMeasurement(metric, result, { startedAtMs });
    if (next.type === 'none') continue;
    if (next.atMs > nowMs) {
      timesMs.push(next.atMs);
      continue;
    }
    const resolved = input.secretMetrics(metric.name);
    if (!resolved.ok) return resolved;
    const { secrets } = resolved;
    orders.push(
      next.type === 'start'
        ? { type: 'start', metric: resolved.metric, secrets }
        : { type: 'resume', metric: resolved.metric, secrets, measurement: next.measurement },
    );
  }
  return { ok: true, orders, timesMs };
}

/** The run cannot go on: it ends at once. */
function end(
  { nowMs, run, inFlight }: RunObservation,
  { phase, message }: { readonly phase: 'Error' | 'Inconclusive'; readonly message: string },
): RunDecision {
  const now = formatTimestampMs(nowMs);
  const status: AnalysisRunStatus = {
    ...run.status,
    phase,
    message,
    metricResults: run.status?.metricResults ?? [],
    startedAt: run.status?.startedAt ?? now,
    completedAt: now,
  };
  return {
    status,
    orders: terminations(resolvedMetricsOf(run.spec), inFlight, []),
    events: eventsOf(run, status, []),
    deleteRun: false,
    ...wake([deletionTimeMs({ spec: run.spec, status })]),
  };
}

function eventsOf(run: AnalysisRun, status: AnalysisRunStatus, notMeasured: readonly string[]): readonly EventNotice[] {
  const events: EventNotice[] = [];
  for (const result of status.metricResults ?? []) {
    const known = run.status?.metricResults?.find((one) => one.name === result.name);
    const dropped = result.metadata?.[DROPPED_KEY];
    if (dropped !== undefined && known?.metadata?.[DROPPED_KEY] === undefined) {
      events.push({ type: 'Warning', reason: 'MeasurementsDropped', message: `Metric '${result.name}': ${dropped}` });
    }
    if (result.phase === known?.phase || !isOver(result.phase)) continue;
    const unmeasured = result.phase === 'Successful' && (result.count ?? 0) === 0 ? ' (not measured)' : '';
    events.push({
      type: eventType(result.phase),
      reason: `Metric${result.phase}`,
      message: `Metric '${result.name}' Completed. Result: ${result.phase}${unmeasured}`,
    });
  }
  if (status.phase !== undefined && isOver(status.phase)) {
    events.push({
      type: eventType(status.phase),
      reason: `AnalysisRun${status.phase}`,
      message: `Analysis Completed. Result: ${status.phase}${notMeasuredText(notMeasured)}`,
    });
  }
  return events;
}

function eventType(phase: string): EventNotice['type'] {
  return phase === 'Error' || phase === 'Failed' ? 'Warning' : 'Normal';
}

function wake(timesMs: readonly (number | undefined)[]): Pick<RunDecision, 'wakeAtMs'> {
  const known = timesMs.filter((timeMs) => timeMs !== undefined);
  return known.length === 0 ? {} : { wakeAtMs: Math.min(...known) };
}
