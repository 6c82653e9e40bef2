import type { Metric } from '../api/analysis.ts';
import { parseFloatText, parseIntegerText } from '../core/analysis/expression/number-text.ts';
import { formatValue, slice, type Value } from '../core/analysis/expression/value.ts';
import type { Exchange, ExchangeResponse } from '../core/exchange.ts';
import { excerptOf, parsedJson } from '../core/web/answer.ts';
import { baseOf, jsonQuestion } from '../core/web/question.ts';
import { parseCsv } from '../lib/csv.ts';
import { isPlainObject } from '../lib/merge-patch.ts';
import { failed } from './contract.ts';
import type { MetricProvider, MetricQuery, ProviderStep, SecretRequest } from './contract.ts';

const SECRET_NAME = 'influxdb';
const TIMEOUT_MS = 30_000;

/** Asks InfluxDB 2 by Flux; the answer is annotated CSV. */
export const influxdb: MetricProvider = { id: 'influxdb', start, next, secretFor };

function secretFor(metric: Metric): SecretRequest {
  const profile = metric.provider.influxdb?.profile ?? '';
  return { place: 'controller', name: profile === '' ? SECRET_NAME : profile, openKeys: ['address', 'org'] };
}

function start(query: MetricQuery): ProviderStep {
  const { query: flux = '' } = query.metric.provider.influxdb ?? {};
  if (flux.trim() === '') return failed('influxdb query is empty');
  const { name } = secretFor(query.metric);
  const { address = '', authToken = '', org = '' } = query.secret ?? {};
  if (address === '' || authToken === '' || org === '') {
    return failed(`secret "${name}" with address, authToken and org not found`);
  }
  const base = baseOf(address);
  if (base === undefined) return failed(`address in secret "${name}" is not a URL; use http://host:port`);
  return jsonQuestion({
    method: 'POST',
    url: `${base}/api/v2/query?${new URLSearchParams({ org }).toString()}`,
    headers: { authorization: `Token ${authToken}`, accept: 'application/csv' },
    json: {
      query: flux,
      type: 'flux',
      dialect: { header: true, delimiter: ',', annotations: ['datatype', 'default'] },
    },
    timeoutMs: TIMEOUT_MS,
    secrets: query.secrets,
  });
}

function next(_exchange: Exchange, response: ExchangeResponse): ProviderStep {
  if (response.type === 'failed') return failed(`asking InfluxDB: ${response.message}`);
  if (response.type !== 'http') return failed('InfluxDB was not asked');
  const { status, body } = response;
  if (status < 200 || status >= 300) return failed(`InfluxDB answered with status ${status}: ${refusalOf(body)}`);
  const values = valuesOf(parseCsv(body));
  if (!Array.isArray(values)) return failed(values.problem);
  if (values.length === 0) return failed('no data returned from InfluxDB');
  const value = `[${values.map(formatValue).join(',')}]`;
  return { type: 'outcome', outcome: { type: 'result', result: slice(values), value } };
}

function refusalOf(body: string): string {
  const json = parsedJson(body);
  if (isPlainObject(json) && typeof json['message'] === 'string') return json['message'];
  const [header = [], row = []] = parseCsv(body);
  return errorIn(header, row) ?? excerptOf(body);
}

/** What is wrong, when the table is one that says so: `error` and perhaps `reference`, and no `_value`. */
function errorIn(header: readonly string[], row: readonly string[]): string | undefined {
  return header.includes('_value') ? undefined : row[header.indexOf('error')];
}

/**
 * The column `_value` of all records, in order. A table begins with rows of annotations; an empty line ends it, and
 * its first row names the columns. An error that comes while the query runs is a table of its own.
 */
function valuesOf(rows: readonly (readonly string[])[]): Value[] | { readonly problem: string } {
  const values: Value[] = [];
  let types: readonly string[] = [];
  let defaults: readonly string[] = [];
  let header: readonly string[] | undefined;
  for (const row of rows) {
    const isAnnotation = row[0]?.startsWith('#') === true;
    if (row.length === 0 || isAnnotation) {
      if (header !== undefined) [header, types, defaults] = [undefined, [], []];
      if (row[0] === '#datatype') types = row;
      if (row[0] === '#default') defaults = row;
      continue;
    }
    if (header === undefined) {
      header = row;
      continue;
    }
    const error = errorIn(header, row);
    if (error !== undefined) return { problem: `InfluxDB: ${error}` };
    const at = header.indexOf('_value');
    if (at < 0) return { problem: 'InfluxDB answered a table without a column _value' };
    const text = row[at] === '' ? (defaults[at] ?? '') : (row[at] ?? '');
    const value = valueOf(text, types[at] ?? '');
    if (value === undefined) return { problem: `InfluxDB answered "${text}", which is no ${types[at] ?? 'value'}` };
    values.push(value);
  }
  return values;
}

/** A value of a type of annotated CSV; an empty one is null, except for texts. */
function valueOf(text: string, type: string): Value | undefined {
  if (type === 'string') return text;
  if (text === '') return null;
  switch (type) {
    case 'double': {
      const number = parseFloatText(text);
      return typeof number === 'number' ? number : undefined;
    }
    case 'long':
    case 'unsignedLong': {
      const number = parseIntegerText(text, 'decimal');
      return typeof number === 'bigint' ? number : undefined;
    }
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : undefined;
    default:
      return type === '' ? undefined : text;
  }
}
