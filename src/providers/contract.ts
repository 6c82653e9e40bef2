import type { Measurement, Metric } from '../api/analysis.ts';
import type { ProviderOutcome } from '../core/analysis/outcome.ts';
import type { Exchange, ExchangeResponse } from '../core/exchange.ts';
import type { AwsAccount, AwsWanted } from '../lib/aws-account.ts';

/**
 * A metric provider is a transformation without I/O: it says what to ask, and what an answer comes to. The shell asks,
 * with time-outs, TLS, size limits, redaction and logs.
 *
 * Contract (one suite runs over every registered provider): nothing throws, whatever the settings and the answer are;
 * a failed exchange, an error status and an answer that cannot be read are errors, never a value; every exchange is
 * bounded in time and size; equal input gives equal output; secrets stand in an exchange's `secrets` and nowhere else.
 */
export interface MetricProvider {
  /** The key under `provider` in a metric. */
  readonly id: string;
  /** The first question of a measurement, or at once what it comes to where the settings allow no question. */
  start(query: MetricQuery): ProviderStep;
  /** What the answer comes to, or the next question. */
  next(exchange: Exchange, response: ExchangeResponse, query: MetricQuery): ProviderStep;
  /** Goes on with a measurement that waited. Only for providers that return waits. */
  resume?(measurement: Measurement, query: MetricQuery): ProviderStep;
  /** The Secret with the credentials that a metric is asked with, if it needs one. The shell reads it. */
  secretFor?(metric: Metric): SecretRequest | undefined;
  /** In the name of which AWS account a metric is asked for, if in any; the shell then gets its credentials. */
  awsFor?(metric: Metric): AwsWanted | undefined;
  /** Undoes what the measurement that `query` is about may have started, when it is no longer wanted. */
  terminate?(query: MetricQuery): Exchange;
  /** Removes what measurements that are no longer kept left behind. */
  garbage?(measurements: readonly Measurement[], query: MetricQuery): readonly Exchange[];
  /** What to record of the metric itself, such as the query that it resolved to. */
  metadata?(metric: Metric): Readonly<Record<string, string>>;
}

export interface SecretRequest {
  /** In the namespace of the controller, or in that of the run. */
  readonly place: 'controller' | 'run';
  readonly name: string;
  /** Keys whose values are no secrets, such as an address; all others are never shown. */
  readonly openKeys: readonly string[];
}

export interface MetricQuery {
  /** With its arguments filled in, secrets too. */
  readonly metric: Metric;
  readonly run: {
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
    /** When the run began to measure. */
    readonly startedAtMs?: number;
  };
  /** Counts the measurements of this metric in this run, from 1; also when one of them was an error. */
  readonly measurementNumber: number;
  /** What is recorded of a measurement that waited; absent while it is being started. */
  readonly measurement?: Measurement;
  readonly nowMs: number;
  /** The data of the Secret that the provider wanted; absent when there is none. */
  readonly secret?: Readonly<Record<string, string>>;
  /** Credentials of the controller at AWS, and where it runs; present when the provider needs them. */
  readonly aws?: AwsAccount;
  /** Values from Secrets that stand somewhere in the metric. */
  readonly secrets: readonly string[];
  readonly options: ProviderOptions;
}

/** What the operator of the controller set for all metrics. */
export interface ProviderOptions {
  /** Where the controller runs; Secrets with credentials for all metrics are there. */
  readonly namespace?: string;
  /** Where Prometheus is when a metric does not say. */
  readonly prometheusAddress?: string;
}

export type ProviderStep = Exchange | { readonly type: 'outcome'; readonly outcome: ProviderOutcome };

/** More than any sane answer to a query; a longer one is refused. */
export const RESPONSE_BYTES_MAX = 4 * 1024 * 1024;

export function failed(message: string): ProviderStep {
  return { type: 'outcome', outcome: { type: 'verdict', phase: 'Error', message } };
}
