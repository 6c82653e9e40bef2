import type { AnalysisRun } from '../../api/analysis.ts';
import type { MeasurementOrder } from '../../core/analysis/decide-run.ts';
import type { MeasurementReport } from '../../core/analysis/measurement.ts';
import type { Clock } from '../../ports/clock.ts';
import {
  failed,
  type MetricProvider,
  type MetricQuery,
  type ProviderOptions,
  type ProviderStep,
} from '../../providers/contract.ts';
import { providerOf } from '../../providers/registry.ts';
import { carryOut, type ExchangePorts } from '../exchange.ts';

export interface MeasureInput {
  readonly run: AnalysisRun;
  readonly order: Exclude<MeasurementOrder, { readonly type: 'terminate' }>;
  readonly ports: ExchangePorts;
  readonly clock: Clock;
  readonly options: ProviderOptions;
  readonly signal: AbortSignal;
}

/** A provider that asks on and on is a defect of its own; no API needs more questions for one value. */
const EXCHANGES_MAX = 20;

/** Takes one measurement to its end, or to where the provider wants to wait; never rejects. */
export async function measure(input: MeasureInput): Promise<MeasurementReport> {
  const { order, clock } = input;
  const metricName = order.metric.name;
  const choice = providerOf(order.metric);
  const startedAtMs = startedAt(order) ?? clock.nowMs();
  const ended = choice.ok ? await ask(choice.provider, input) : failed(choice.message);
  const metricMetadata = choice.ok ? choice.provider.metadata?.(order.metric) : undefined;
  const about = { metricName, startedAtMs, ...(metricMetadata === undefined ? {} : { metricMetadata }) };
  if (ended.type === 'wait') {
    return { ...about, progress: { type: 'waiting', resumeAtMs: ended.resumeAtMs, state: ended.state } };
  }
  const step = ended.type === 'outcome' ? ended : failed(`${metricName} needed more than ${EXCHANGES_MAX} requests`);
  const outcome = step.type === 'outcome' ? step.outcome : undefined;
  if (outcome === undefined) throw new Error('a measurement ends with an outcome');
  return { ...about, progress: { type: 'finished', finishedAtMs: clock.nowMs(), outcome } };
}

async function ask(provider: MetricProvider, input: MeasureInput): Promise<ProviderStep> {
  let step = firstStep(provider, input);
  for (let asked = 0; asked < EXCHANGES_MAX; asked += 1) {
    if (step.type === 'outcome' || step.type === 'wait') return step;
    const response = await carryOut(step, input.ports, input.signal);
    step = provider.next(step, response, queryOf(input));
  }
  return step;
}

function firstStep(provider: MetricProvider, input: MeasureInput): ProviderStep {
  if (input.order.type === 'start') return provider.start(queryOf(input));
  return (
    provider.resume?.(input.order.measurement, queryOf(input)) ??
    failed(`${provider.id} cannot go on with a measurement`)
  );
}

function queryOf({ run, order, clock, options }: MeasureInput): MetricQuery {
  const { namespace = '', name, uid = '' } = run.metadata;
  return { metric: order.metric, run: { namespace, name, uid }, nowMs: clock.nowMs(), secrets: order.secrets, options };
}

function startedAt(order: MeasureInput['order']): number | undefined {
  if (order.type === 'start' || order.measurement.startedAt === undefined) return undefined;
  return Date.parse(order.measurement.startedAt);
}
