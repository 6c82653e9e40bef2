import { formatDecimal } from '../core/analysis/expression/number-text.ts';
import { slice } from '../core/analysis/expression/value.ts';
import type { Exchange, ExchangeResponse } from '../core/exchange.ts';
import { jsonAnswer } from '../core/web/answer.ts';
import { baseOf, jsonQuestion } from '../core/web/question.ts';
import { fieldsOf } from '../lib/fields-of.ts';
import { isPlainObject } from '../lib/merge-patch.ts';
import { failed } from './contract.ts';
import type { MetricProvider, MetricQuery, ProviderStep } from './contract.ts';

const SECRET_NAME = 'wavefront-api-tokens';
const TIMEOUT_MS = 30_000;
/** Points come once a minute, and late. */
const LOOK_BACK_MS = 5 * 60_000;

/** Asks Wavefront (VMware Aria Operations for Applications) for the latest point of each series. */
export const wavefront: MetricProvider = {
  id: 'wavefront',
  start,
  next,
  secretFor: () => ({ place: 'controller', name: SECRET_NAME, openKeys: [] }),
};

function start(query: MetricQuery): ProviderStep {
  const { query: text = '', address = '' } = query.metric.provider.wavefront ?? {};
  if (text === '') return failed('wavefront query is empty');
  const found = Object.entries(query.secret ?? {}).find(([host]) => address === '' || host === address);
  const [host = '', token = ''] = found ?? [];
  if (token === '') return failed(`API token not found: secret "${SECRET_NAME}" has no key ${address || '(any host)'}`);
  const base = baseOf(`https://${host}`);
  if (base === undefined) return failed(`wavefront address ${host} is not the name of a host`);
  const form = new URLSearchParams({
    q: text,
    s: String(query.nowMs - LOOK_BACK_MS),
    e: String(query.nowMs),
    g: 'm',
    i: 'false',
    strict: 'true',
  });
  return jsonQuestion({
    method: 'GET',
    url: `${base}/api/v2/chart/api?${form.toString()}`,
    headers: { authorization: `Bearer ${token}` },
    timeoutMs: TIMEOUT_MS,
    secrets: query.secrets,
  });
}

function next(_exchange: Exchange, response: ExchangeResponse): ProviderStep {
  const answer = jsonAnswer(response, 'Wavefront');
  if (!answer.ok) return failed(answer.problem);
  const { timeseries, warnings, errorMessage } = fieldsOf(answer.json);
  if (typeof errorMessage === 'string' && errorMessage !== '') return failed(`Wavefront: ${errorMessage}`);
  if (!Array.isArray(timeseries) || timeseries.length === 0) {
    return failed('No TimeSeries found in response from Wavefront');
  }
  const values = timeseries.map(lastValue);
  const known = values.filter((value) => value !== undefined);
  if (known.length < values.length) return failed('Wavefront answered a series without a point');
  const metadata = typeof warnings === 'string' && warnings !== '' ? { metadata: { warnings } } : {};
  const [only = NaN] = known;
  const outcome =
    known.length === 1
      ? { result: only, value: formatDecimal(only) }
      : { result: slice(known, 'float64'), value: `[${known.map(formatDecimal).join(',')}]` };
  return { type: 'outcome', outcome: { type: 'result', ...outcome, ...metadata } };
}

/** Points are `[seconds, value]`, in order of time. */
function lastValue(series: unknown): number | undefined {
  const points: unknown = isPlainObject(series) ? series['data'] : undefined;
  const last: unknown = Array.isArray(points) ? points.at(-1) : undefined;
  const value: unknown = Array.isArray(last) ? last[1] : undefined;
  return typeof value === 'number' ? value : undefined;
}
