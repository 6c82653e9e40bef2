import { holdsNothing, knowsOfAbsence } from '../core/analysis/absence.ts';
import { fromJson } from '../core/analysis/expression/value.ts';
import type { Exchange, ExchangeResponse } from '../core/exchange.ts';
import { jsonAnswer } from '../core/web/answer.ts';
import { baseOf, jsonQuestion } from '../core/web/question.ts';
import { parseDurationMs } from '../lib/duration.ts';
import { isPlainObject } from '../lib/merge-patch.ts';
import { formatTimestamp } from '../lib/timestamp.ts';
import { failed } from './contract.ts';
import type { MetricProvider, MetricQuery, ProviderStep } from './contract.ts';

const TIMEOUT_MS = 30_000;

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
  if (!answer.ok) return failed(answer.problem);
  const { data, errors } = isPlainObject(answer.json) ? answer.json : {};
  if (Array.isArray(errors) && errors.length > 0) return failed(`SkyWalking: ${errors.map(messageOf).join('; ')}`);
  if (!isPlainObject(data) || Object.keys(data).length === 0) return failed('the answer of SkyWalking has no data');
  if (holdsNothing(data) && !knowsOfAbsence(query.metric)) return failed('no data returned from SkyWalking');
  return { type: 'outcome', outcome: { type: 'result', result: fromJson(data), value: JSON.stringify(data) } };
}

function messageOf(error: unknown): string {
  return isPlainObject(error) && typeof error['message'] === 'string' ? error['message'] : 'an error without a message';
}
