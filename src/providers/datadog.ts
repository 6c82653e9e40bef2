import type { Metric, MetricProvider as Providers } from '../api/analysis.ts';
import { formatDecimal } from '../core/analysis/expression/number-text.ts';
import { slice, type Value } from '../core/analysis/expression/value.ts';
import type { Exchange, ExchangeResponse } from '../core/exchange.ts';
import { jsonAnswer } from '../core/web/answer.ts';
import { baseOf, jsonQuestion } from '../core/web/question.ts';
import { parseDurationMs } from '../lib/duration.ts';
import { fieldsOf } from '../lib/fields-of.ts';
import { isPlainObject } from '../lib/merge-patch.ts';
import { failed } from './contract.ts';
import type { MetricProvider, MetricQuery, ProviderStep, SecretRequest } from './contract.ts';

type DatadogSettings = NonNullable<Providers['datadog']>;

const SECRET_NAME = 'datadog';
const DEFAULT_ADDRESS = 'https://api.datadoghq.com';
const TIMEOUT_MS = 10_000;

/** Asks Datadog: v1 for the last point of a series, v2 for the scalars of queries and a formula. */
export const datadog: MetricProvider = { id: 'datadog', start, next, secretFor };

function secretFor(metric: Metric): SecretRequest {
  const { name = '', namespaced = false } = metric.provider.datadog?.secretRef ?? {};
  return {
    place: namespaced ? 'run' : 'controller',
    name: name === '' ? SECRET_NAME : name,
    openKeys: ['address'],
  };
}

function start(query: MetricQuery): ProviderStep {
  const settings = query.metric.provider.datadog;
  if (settings === undefined) return failed('datadog settings are missing');
  const problem = problemOf(settings);
  if (problem !== undefined) return failed(problem);
  const { 'api-key': apiKey = '', 'app-key': appKey = '', address = '' } = query.secret ?? {};
  if (apiKey === '' || appKey === '') {
    return failed(`secret "${secretFor(query.metric).name}" with api-key and app-key not found`);
  }
  const base = baseOf(address === '' ? DEFAULT_ADDRESS : address);
  if (base === undefined) return failed('address in the secret of datadog is not a URL; use https://host');
  const intervalMs = parseDurationMs(settings.interval || '5m') ?? 0;
  const common = {
    headers: { 'dd-api-key': apiKey, 'dd-application-key': appKey },
    timeoutMs: parseDurationMs(settings.requestTimeout ?? '') ?? TIMEOUT_MS,
    secrets: query.secrets,
  };
  const range = { fromMs: query.nowMs - intervalMs, toMs: query.nowMs };
  return settings.apiVersion === 'v2'
    ? jsonQuestion({
        ...common,
        method: 'POST',
        url: `${base}/api/v2/query/scalar`,
        json: scalarRequest(settings, range),
      })
    : jsonQuestion({ ...common, method: 'GET', url: `${base}/api/v1/query?${seriesQuery(settings, range)}` });
}

/** The API's rules about which fields go together. */
function problemOf(settings: DatadogSettings): string | undefined {
  const { apiVersion = 'v1', query = '', queries = {}, formula = '', interval = '5m', requestTimeout = '' } = settings;
  const names = Object.keys(queries);
  if ((parseDurationMs(interval || '5m') ?? 0) <= 0)
    return `datadog interval "${interval}" is not a duration such as 5m`;
  if (requestTimeout !== '' && (parseDurationMs(requestTimeout) ?? 0) <= 0)
    return `datadog requestTimeout "${requestTimeout}" is not a duration such as 30s`;
  if (apiVersion === 'v1') {
    if (query === '') return 'Query is empty. API Version v1 only supports using the query parameter.';
    if (names.length > 0) return 'Query is empty. API Version v1 only supports using the query parameter.';
    return formula === '' ? undefined : 'Formula are only valid when queries are set and ApiVersion is v2';
  }
  if (query === '' && names.length === 0) return 'Must have either a query or queries set.';
  if (query !== '' && names.length > 0)
    return 'Cannot have both a query and queries. Please review the Analysis Template.';
  if (query !== '' && formula !== '') return 'Formula are only valid when queries are set';
  return names.length > 1 && formula === '' ? 'When multiple queries are set you must include a formula.' : undefined;
}

interface Range {
  readonly fromMs: number;
  readonly toMs: number;
}

function seriesQuery({ query = '' }: DatadogSettings, { fromMs, toMs }: Range): string {
  const seconds = (ms: number): string => String(Math.floor(ms / 1_000));
  return new URLSearchParams({ query, from: seconds(fromMs), to: seconds(toMs) }).toString();
}

function scalarRequest(settings: DatadogSettings, { fromMs, toMs }: Range): unknown {
  const { query = '', queries = {}, formula = '', aggregator } = settings;
  const asked = query === '' ? queries : { query };
  const [firstName = ''] = Object.keys(asked);
  return {
    data: {
      type: 'scalar_request',
      attributes: {
        from: Math.floor(fromMs),
        to: Math.floor(toMs),
        formulas: [{ formula: formula === '' ? firstName : formula }],
        queries: Object.entries(asked).map(([name, text]) => ({
          aggregator: aggregator ?? 'last',
          data_source: 'metrics',
          name,
          query: text,
        })),
      },
    },
  };
}

function next(_exchange: Exchange, response: ExchangeResponse, query: MetricQuery): ProviderStep {
  if (response.type === 'http' && (response.status === 401 || response.status === 403)) {
    return failed(
      `received authentication error response code: ${response.status}; check the keys in the secret of datadog`,
    );
  }
  const answer = jsonAnswer(response, 'Datadog');
  if (!answer.ok) return failed(answer.problem);
  const json = fieldsOf(answer.json);
  const refused = refusalOf(json);
  if (refused !== undefined) return failed(refused);
  return query.metric.provider.datadog?.apiVersion === 'v2' ? readScalars(json) : readSeries(json);
}

function refusalOf(json: Readonly<Record<string, unknown>>): string | undefined {
  const { error, errors, status } = json;
  if (typeof error === 'string' && error !== '') return `Datadog: ${error}`;
  if (typeof errors === 'string' && errors !== '') return `Datadog: ${errors}`;
  if (Array.isArray(errors) && errors.length > 0) return `Datadog: ${errors.map(String).join('; ')}`;
  return status === 'error' ? 'Datadog answered with an error' : undefined;
}

/** The last point of the first series. A point without a value is no data; it is not 0. */
function readSeries({ series }: Readonly<Record<string, unknown>>): ProviderStep {
  if (!Array.isArray(series)) return failed('the answer of Datadog has no series');
  const [first] = series;
  if (first === undefined) return valueStep(null);
  const points: unknown = isPlainObject(first) ? first['pointlist'] : undefined;
  if (!Array.isArray(points)) return failed('the answer of Datadog has a series without points');
  const last: unknown = points.at(-1);
  if (last === undefined) return valueStep(null);
  const value: unknown = Array.isArray(last) ? last[1] : undefined;
  return isValue(value) ? valueStep(value) : failed('Datapoint does not have a corresponding value');
}

/** One number, or the list of the numbers of all groups where the query has a `by`. */
function readScalars(json: Readonly<Record<string, unknown>>): ProviderStep {
  const data = fieldsOf(json['data']);
  const columns = isPlainObject(data['attributes']) ? data['attributes']['columns'] : undefined;
  if (!Array.isArray(columns)) return failed('the answer of Datadog has no columns');
  const known = columns.filter(isPlainObject);
  const numbers = known.find((column) => column['type'] === 'number') ?? known.find(({ type }) => type === undefined);
  if (numbers === undefined) return valueStep(null);
  const values: unknown = numbers['values'];
  if (!Array.isArray(values) || !values.every(isValue)) return failed('Datadog answered a value that is no number');
  const isGrouped = known.some((column) => column['type'] === 'group');
  if (isGrouped) return groupStep(values);
  return valueStep(values[0] ?? null);
}

function isValue(value: unknown): value is number | null {
  return value === null || typeof value === 'number';
}

function valueStep(value: number | null): ProviderStep {
  return resultStep(value, value === null ? '' : formatDecimal(value));
}

function groupStep(values: readonly (number | null)[]): ProviderStep {
  const hasGaps = values.includes(null);
  const text = `[${values.map((value) => (value === null ? '<nil>' : formatDecimal(value))).join(',')}]`;
  return resultStep(slice(values, hasGaps ? 'interface {}' : 'float64'), text);
}

function resultStep(result: Value, value: string): ProviderStep {
  return { type: 'outcome', outcome: { type: 'result', result, value } };
}
