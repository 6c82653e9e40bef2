import type { AnalysisRun, Measurement } from '../../api/analysis.ts';
import type { MeasurementOrder } from '../../core/analysis/decide-run.ts';
import type { MeasurementReport } from '../../core/analysis/measurement.ts';
import type { ProviderOutcome } from '../../core/analysis/outcome.ts';
import type { Exchange, WaitExchange } from '../../core/exchange.ts';
import type { AwsAccount, AwsWanted } from '../../lib/aws-account.ts';
import type { AwsCredentialSource } from '../../ports/aws.ts';
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
import { causeOf } from '../failure.ts';
import { readProviderSecret } from './provider-secret.ts';

export interface MeasureInput<Order = Exclude<MeasurementOrder, { readonly type: 'terminate' }>> {
  readonly run: AnalysisRun;
  readonly order: Order;
  readonly ports: ExchangePorts;
  readonly clock: Clock;
  readonly options: ProviderOptions;
  /** Absent where nothing at AWS can be asked. */
  readonly aws?: AwsCredentialSource;
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
  const secrets = [...order.secrets];
  const ended = choice.ok ? await ask(choice.provider, input, secrets) : outcomeOf(failed(choice.message));
  const metricMetadata = choice.ok ? choice.provider.metadata?.(order.metric) : undefined;
  const about = { metricName, startedAtMs, secrets, ...(metricMetadata === undefined ? {} : { metricMetadata }) };
  return ended.type === 'wait'
    ? { ...about, progress: { type: 'waiting', resumeAtMs: ended.resumeAtMs, state: ended.state } }
    : { ...about, progress: { type: 'finished', finishedAtMs: clock.nowMs(), outcome: ended.outcome } };
}

/**
 * Undoes what a measurement that is no longer wanted may have started, recorded or not. Answers why it could not, or
 * undefined. Never rejects.
 */
export async function terminateMeasurement(
  input: Omit<MeasureInput<Extract<MeasurementOrder, { readonly type: 'terminate' }>>, 'signal'>,
): Promise<string | undefined> {
  const choice = providerOf(input.order.metric);
  if (!choice.ok) return undefined;
  const exchange = choice.provider.terminate?.(queryOf(input, { secrets: [] }));
  if (exchange === undefined || exchange.type === 'wait') return undefined;
  const response = await carryOut(exchange, input.ports);
  return response.type === 'failed' ? response.message : undefined;
}

/** Removes what measurements that are no longer kept in status left behind; answers why something could not be. */
export async function removeGarbage(
  input: Omit<MeasureInput<{ readonly metric: AnalysisRun['spec']['metrics'][number] }>, 'signal'>,
  dropped: readonly Measurement[],
): Promise<readonly string[]> {
  const choice = providerOf(input.order.metric);
  const exchanges = choice.ok ? (choice.provider.garbage?.(dropped, queryOf(input, { secrets: [] })) ?? []) : [];
  const problems: string[] = [];
  for (const exchange of exchanges) {
    if (exchange.type === 'wait') continue;
    const response = await carryOut(exchange, input.ports);
    if (response.type === 'failed') problems.push(response.message);
  }
  return problems;
}

type Ended = WaitExchange | { readonly type: 'outcome'; readonly outcome: ProviderOutcome };

/** Adds to `hidden` what it asks with: an answer may repeat it. */
async function ask(provider: MetricProvider, input: MeasureInput, hidden: string[]): Promise<Ended> {
  const { order } = input;
  const wanted = provider.secretFor?.(order.metric);
  const places = { controller: input.options.namespace ?? '', run: input.run.metadata.namespace ?? '' };
  const secret = wanted === undefined ? undefined : await readProviderSecret(wanted, input.ports.reader, places);
  if (secret?.ok === false) return outcomeOf(failed(secret.message));
  hidden.push(...(secret?.hidden ?? []));
  const awsWanted = provider.awsFor?.(order.metric);
  const aws = awsWanted === undefined ? undefined : await awsAccount(input.aws, awsWanted);
  if (typeof aws === 'string') return outcomeOf(failed(aws));
  if (aws !== undefined) hidden.push(aws.credentials.secretAccessKey, aws.credentials.sessionToken ?? '');
  const query = (): MetricQuery => ({
    ...queryOf(input, { secrets: hidden }),
    ...(aws === undefined ? {} : { aws }),
    ...(secret?.data === undefined ? {} : { secret: secret.data }),
  });
  let step = firstStep(provider, order, query());
  for (let asked = 0; asked < EXCHANGES_MAX; asked += 1) {
    if (step.type === 'wait') return step;
    if (step.type === 'outcome') return outcomeOf(step);
    // Given up: nothing more may be started.
    if (input.signal.aborted) return outcomeOf(failed(`${order.metric.name} is no longer measured`));
    const exchange: Exclude<Exchange, WaitExchange> = step;
    if (exchange.type === 'http') hidden.push(...exchange.secrets.filter((secret) => !hidden.includes(secret)));
    step = provider.next(exchange, await carryOut(exchange, input.ports, input.signal), query());
  }
  return outcomeOf(failed(`${order.metric.name} needed more than ${EXCHANGES_MAX} requests`));
}

/** The account, or why there is none. */
async function awsAccount(source: AwsCredentialSource | undefined, wanted: AwsWanted): Promise<AwsAccount | string> {
  if (source === undefined) return 'this controller has no credentials for AWS';
  try {
    return await source.account(wanted);
  } catch (error) {
    return `getting credentials for AWS: ${causeOf(error)}`;
  }
}

function firstStep(provider: MetricProvider, order: MeasureInput['order'], query: MetricQuery): ProviderStep {
  if (order.type === 'start') return provider.start(query);
  return provider.resume?.(order.measurement, query) ?? failed(`${provider.id} cannot go on with a measurement`);
}

function outcomeOf(step: ProviderStep): Ended {
  const outcome = step.type === 'outcome' ? step.outcome : undefined;
  if (outcome === undefined) throw new Error('a measurement ends with an outcome');
  return { type: 'outcome', outcome };
}

type QueryInput = Pick<MeasureInput, 'run' | 'clock' | 'options'> & {
  readonly order: { readonly metric: MetricQuery['metric']; readonly measurement?: Measurement };
};

function queryOf({ run, order, clock, options }: QueryInput, { secrets }: Pick<MetricQuery, 'secrets'>): MetricQuery {
  const { namespace = '', name, uid = '' } = run.metadata;
  const startedAtMs = run.status?.startedAt === undefined ? {} : { startedAtMs: Date.parse(run.status.startedAt) };
  const result = run.status?.metricResults?.find((one) => one.name === order.metric.name);
  return {
    metric: order.metric,
    run: { namespace, name, uid, ...startedAtMs },
    measurementNumber: (result?.count ?? 0) + (result?.error ?? 0) + 1,
    ...(order.measurement === undefined ? {} : { measurement: order.measurement }),
    nowMs: clock.nowMs(),
    secrets,
    options,
  };
}

function startedAt(order: MeasureInput['order']): number | undefined {
  if (order.type === 'start' || order.measurement.startedAt === undefined) return undefined;
  return Date.parse(order.measurement.startedAt);
}
