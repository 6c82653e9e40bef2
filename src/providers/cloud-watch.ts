import type { MetricProvider as Providers } from '../api/analysis.ts';
import { holdsNothing, knowsOfAbsence } from '../core/analysis/absence.ts';
import { fromJson } from '../core/analysis/expression/value.ts';
import type { Exchange, ExchangeResponse, HttpExchange } from '../core/exchange.ts';
import { parsedJson, excerptOf } from '../core/web/answer.ts';
import { awsStart } from '../core/web/aws-request.ts';
import { jsonQuestion } from '../core/web/question.ts';
import { domainOf } from '../lib/aws-account.ts';
import { parseDurationMs } from '../lib/duration.ts';
import { fieldsOf } from '../lib/fields-of.ts';
import { isPlainObject } from '../lib/merge-patch.ts';
import { failed } from './contract.ts';
import type { MetricProvider, MetricQuery, ProviderStep } from './contract.ts';

type CloudWatchSettings = NonNullable<Providers['cloudWatch']>;
type DataQuery = NonNullable<CloudWatchSettings['metricDataQueries']>[number];

const TIMEOUT_MS = 30_000;
const DEFAULT_PERIOD_SECONDS = 300;

/** Asks AWS CloudWatch by GetMetricData, in the name of the controller and in its region. */
export const cloudWatch: MetricProvider = { id: 'cloudWatch', start, next, awsFor: () => ({}) };

function start(query: MetricQuery): ProviderStep {
  const settings = query.metric.provider.cloudWatch;
  const { metricDataQueries = [], interval = '' } = settings ?? {};
  if (metricDataQueries.length === 0) return failed('cloudWatch metricDataQueries is empty');
  const intervalMs = parseDurationMs(interval === '' ? '5m' : interval) ?? 0;
  if (intervalMs <= 0) return failed(`cloudWatch interval "${interval}" is not a duration such as 5m`);
  const region = query.aws?.region ?? '';
  if (!/^[a-z0-9-]+$/.test(region)) return failed('the region of AWS is not known; set AWS_REGION for the controller');
  const seconds = (ms: number): number => Math.floor(ms / 1_000);
  const question = jsonQuestion({
    method: 'POST',
    url: `https://monitoring.${region}.${domainOf(region)}/`,
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'GraniteServiceVersion20100801.GetMetricData',
    },
    json: {
      StartTime: seconds(query.nowMs - intervalMs),
      EndTime: seconds(query.nowMs),
      MetricDataQueries: metricDataQueries.map(dataQuery),
    },
    timeoutMs: TIMEOUT_MS,
    secrets: query.secrets,
  });
  const step: HttpExchange | { readonly problem: string } = awsStart({
    question,
    settings: {},
    account: query.aws,
    service: 'monitoring',
    nowMs: query.nowMs,
  });
  return 'problem' in step ? failed(step.problem) : step;
}

function dataQuery(query: DataQuery, index: number): unknown {
  const { id, expression, label, metricStat, period, returnData } = query;
  return {
    Id: id ?? `q${index}`,
    ...(expression === undefined ? {} : { Expression: expression }),
    ...(label === undefined ? {} : { Label: label }),
    ...(metricStat === undefined ? {} : { MetricStat: metricStatOf(metricStat) }),
    ...(period === undefined ? {} : { Period: Number(period) }),
    ...(returnData === undefined ? {} : { ReturnData: returnData }),
  };
}

function metricStatOf({ metric, period, stat, unit }: NonNullable<DataQuery['metricStat']>): unknown {
  return {
    Metric: {
      Namespace: metric?.namespace,
      MetricName: metric?.metricName,
      Dimensions: (metric?.dimensions ?? []).map(({ name, value }) => ({ Name: name, Value: value })),
    },
    Period: Number(period ?? DEFAULT_PERIOD_SECONDS),
    Stat: stat,
    ...(unit === undefined ? {} : { Unit: unit }),
  };
}

function next(_exchange: Exchange, response: ExchangeResponse, query: MetricQuery): ProviderStep {
  if (response.type === 'failed') return failed(`asking CloudWatch: ${response.message}`);
  if (response.type !== 'http') return failed('CloudWatch was not asked');
  const json = parsedJson(response.body);
  const answer = fieldsOf(json);
  if (response.status < 200 || response.status >= 300) {
    const why = answer['message'] ?? answer['Message'];
    const text = typeof why === 'string' ? why : excerptOf(response.body);
    return failed(`CloudWatch answered with status ${response.status}: ${text}`);
  }
  const results = answer['MetricDataResults'];
  if (!Array.isArray(results) || !results.every(isPlainObject))
    return failed('the answer of CloudWatch has no results');
  const broken = results.find(({ StatusCode }) => StatusCode === 'InternalError' || StatusCode === 'Forbidden');
  if (broken !== undefined)
    return failed(`CloudWatch could not measure ${textOf(broken['Id'])}: ${textOf(broken['StatusCode'])}`);
  const values = results.map(({ Values }): readonly unknown[] => (Array.isArray(Values) ? Values : []));
  if (holdsNothing(values) && !knowsOfAbsence(query.metric)) {
    return failed('no data returned from CloudWatch: no result has a value');
  }
  const result = fromJson(results.map((one, index) => ({ ...one, Values: values[index] })));
  return {
    type: 'outcome',
    outcome: { type: 'result', result, value: JSON.stringify(values), ...messagesOf(answer['Messages']) },
  };
}

/** What CloudWatch has to say beside the results, such as that a query found too many series. */
function messagesOf(messages: unknown): { readonly metadata?: Readonly<Record<string, string>> } {
  const isSilent = !Array.isArray(messages) || messages.length === 0;
  return isSilent ? {} : { metadata: { messages: JSON.stringify(messages) } };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '(unnamed)';
}
