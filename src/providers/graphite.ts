import { formatDecimal } from '../core/analysis/expression/number-text.ts';
import { slice } from '../core/analysis/expression/value.ts';
import type { Exchange, ExchangeResponse } from '../core/exchange.ts';
import { jsonAnswer } from '../core/web/answer.ts';
import { baseOf, jsonQuestion } from '../core/web/question.ts';
import { isPlainObject } from '../lib/merge-patch.ts';
import { failed } from './contract.ts';
import type { MetricProvider, MetricQuery, ProviderStep } from './contract.ts';

const TIMEOUT_MS = 10_000;

/** Asks the render API of Graphite for the points of a series. */
export const graphite: MetricProvider = { id: 'graphite', start, next };

/**
 * The query is the query string of the render API: `target=...&from=-5min`. It may be on many lines: its white space is
 * left out, as by the API's other controller. Left in, Graphite would not know ` from` and look back a day.
 */
function start(query: MetricQuery): ProviderStep {
  const { address = '', query: text = '' } = query.metric.provider.graphite ?? {};
  const base = baseOf(address);
  if (base === undefined) return failed('graphite address is not a URL; use http://host:port');
  const compact = text.replace(/\s+/g, '');
  if (compact === '') return failed('graphite query is empty');
  const form = new URLSearchParams(/(^|&)target=/.test(compact) ? compact : { target: compact });
  form.set('format', 'json');
  const url = `${base}/render?${form.toString()}`;
  return jsonQuestion({ method: 'GET', url, timeoutMs: TIMEOUT_MS, secrets: query.secrets });
}

/** The points of the first series that have a value; those without are left out, as the API does. */
function next(_exchange: Exchange, response: ExchangeResponse): ProviderStep {
  const answer = jsonAnswer(withoutErrorPage(response), 'Graphite');
  if (!answer.ok) return failed(answer.problem);
  if (!Array.isArray(answer.json)) return failed('the answer of Graphite is no list of series');
  const [first] = answer.json;
  if (first === undefined) return failed('no values found: Graphite answered without a series');
  const points: unknown = isPlainObject(first) ? first['datapoints'] : undefined;
  if (!Array.isArray(points)) return failed('Graphite answered a series without points');
  const values = points.map((point: unknown): unknown => (Array.isArray(point) ? point[0] : undefined));
  // Infinity comes as 1e9999: what overflowed on the way says nothing, above all not that `result[0] > 0.95`.
  const known = values.filter((value) => typeof value === 'number');
  if (values.some((value) => value !== null && !Number.isFinite(value))) {
    return failed('Graphite answered a value that is no finite number');
  }
  const value = `[${known.map(formatDecimal).join(',')}]`;
  return { type: 'outcome', outcome: { type: 'result', result: slice(known, 'float64'), value } };
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#x27;': "'",
  '&amp;': '&',
};

/** A target that Graphite cannot work out is told at the end of a page with a traceback; only that last line helps. */
function withoutErrorPage(response: ExchangeResponse): ExchangeResponse {
  if (response.type !== 'http' || response.status < 500) return response;
  const traceback = /<pre>([\s\S]*?)<\/pre>/.exec(response.body)?.[1]?.trim();
  if (traceback === undefined) return response;
  const last = traceback.slice(traceback.lastIndexOf('\n') + 1);
  return { ...response, body: last.replace(/&(lt|gt|quot|#x27|amp);/g, (entity) => ENTITIES[entity] ?? entity) };
}
