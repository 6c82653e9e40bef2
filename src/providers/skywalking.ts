import { knowsOfAbsence } from '../core/analysis/absence.ts';
import { fromJson } from '../core/analysis/expression/value.ts';
import type { Exchange, ExchangeResponse } from '../core/exchange.ts';
import { jsonAnswer, parsedJson } from '../core/web/answer.ts';
import { baseOf, jsonQuestion } from '../core/web/question.ts';
import { parseDurationMs } from '../lib/duration.ts';
import { fieldsOf } from '../lib/fields-of.ts';
import { isPlainObject } from '../lib/merge-patch.ts';
import { formatTimestamp } from '../lib/timestamp.ts';
import { failed } from './contract.ts';
import type { MetricProvider, MetricQuery, ProviderStep } from './contract.ts';

const TIMEOUT_MS = 30_000;
/** The fields of an answer that hold what was measured. */
const HOLDERS = ['results', 'values', 'value'];

/** Asks Apache SkyWalking by GraphQL; the query may use `$duration`. */
export const skywalking: MetricProvider = { id: 'skywalking', start, next };

function start(query: MetricQuery): ProviderStep {
  const { address = '', query: text = '', interval = '' } = query.metric.provider.skywalking ?? {};
  const base = baseOf(address);
  if (base === undefined) return failed('skywalking address is not a URL; use http://host:port');
  if (text.trim() === '') return failed('skywalking query is empty');
  const intervalMs = parseDurationMs(interval === '' ? '5m' : interval) ?? 0;
  if (intervalMs <= 0) return failed(`skywalking interval "${interval}" is not a duration such as 5m`);
  const duration = { start: minuteOf(query.nowMs - intervalMs), end: minuteOf(query.nowMs), step: 'MINUTE' };
  return jsonQuestion({
    method: 'POST',
    url: base.endsWith('/graphql') ? base : `${base}/graphql`,
    json: { query: text, variables: { duration } },
    timeoutMs: TIMEOUT_MS,
    secrets: query.secrets,
  });
}

/** `2026-01-01 0930`, in UTC. */
function minuteOf(ms: number): string {
  const [date = '', time = ''] = formatTimestamp(ms).split('T');
  return `${date} ${time.slice(0, 2)}${time.slice(3, 5)}`;
}

function next(_exchange: Exchange, response: ExchangeResponse, query: MetricQuery): ProviderStep {
  const answer = jsonAnswer(response, 'SkyWalking');
  // It says why it refuses a query with a status of 400 or of 200.
  const { data, errors } = fieldsOf(answer.ok ? answer.json : jsonOf(response));
  if (Array.isArray(errors) && errors.length > 0) return failed(`SkyWalking: ${errors.map(messageOf).join('; ')}`);
  if (!answer.ok) return failed(answer.problem);
  if (!isPlainObject(data) || Object.keys(data).length === 0) return failed('the answer of SkyWalking has no data');
  const refusal = refusedExpression(data);
  if (refusal !== undefined) return failed(`SkyWalking: ${refusal}`);
  if (Object.values(data).every(measuredNothing) && !knowsOfAbsence(query.metric)) {
    return failed('no data returned from SkyWalking');
  }
  return { type: 'outcome', outcome: { type: 'result', result: fromJson(data), value: JSON.stringify(data) } };
}

function jsonOf(response: ExchangeResponse): unknown {
  return response.type === 'http' ? parsedJson(response.body) : undefined;
}

function messageOf(error: unknown): string {
  return isPlainObject(error) && typeof error['message'] === 'string' ? error['message'] : 'an error without a message';
}

/** What it says of an expression (MQE) that it cannot evaluate: that is no error of GraphQL. */
function refusedExpression(data: Readonly<Record<string, unknown>>): string | undefined {
  const errors = Object.values(data).map((of) => fieldsOf(of)['error']);
  return errors.find((error): error is string => typeof error === 'string' && error !== '');
}

/**
 * Whether there is no value in it. For a time without one it answers `{ value: 0, isEmptyValue: true }`, or
 * `{ value: null }` for an expression; ids, labels and types beside values are none.
 */
function measuredNothing(json: unknown): boolean {
  if (Array.isArray(json)) return json.every(measuredNothing);
  if (!isPlainObject(json)) return json === null || json === undefined;
  if (json['isEmptyValue'] === true) return true;
  const measured = HOLDERS.filter((name) => Object.hasOwn(json, name)).map((name) => json[name]);
  return (measured.length > 0 ? measured : Object.values(json)).every(measuredNothing);
}
