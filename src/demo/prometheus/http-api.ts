import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Clock } from '../../lib/clock.ts';
import { evaluate } from './evaluate.ts';
import { evaluateRange } from './evaluate-range.ts';
import { parseQueryDurationMs } from './literals.ts';
import type { Labels, Value } from './model.ts';
import { parseQuery } from './parse.ts';
import { badData, QueryError } from './query-error.ts';
import type { Scraper } from './scrape.ts';
import type { SampleSource } from './storage.ts';

export interface PrometheusApiOptions {
  readonly clock: Clock;
  readonly source: SampleSource;
  readonly scraper?: Pick<Scraper, 'health'>;
}

/** Prometheus' HTTP API (v1) over the samples: query, query_range, labels, label values, series, targets, buildinfo. */
export function createPrometheusServer(options: PrometheusApiOptions): Server {
  return createServer((request, response) => {
    void answer(options, request, response);
  });
}

type Parameters = URLSearchParams;
type Endpoint = (options: PrometheusApiOptions, parameters: Parameters, path: string) => unknown;

async function answer(
  options: PrometheusApiOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (url.pathname === '/-/healthy' || url.pathname === '/-/ready') {
      response.end('Prometheus Server is Healthy.\n');
      return;
    }
    const endpoint = ENDPOINTS.find(({ pattern }) => pattern.test(url.pathname));
    if (endpoint === undefined)
      return fail(response, 404, 'not_found', `${url.pathname} is not served by this small Prometheus`);
    if (request.method !== 'GET' && request.method !== 'POST')
      return fail(response, 405, 'bad_data', `${request.method} is not allowed here`);
    const data = endpoint.run(options, await parametersOf(request, url), url.pathname);
    send(response, 200, { status: 'success', data });
  } catch (error) {
    if (error instanceof QueryError)
      fail(response, error.errorType === 'bad_data' ? 400 : 422, error.errorType, error.message);
    else fail(response, 500, 'internal', error instanceof Error ? error.message : String(error));
  }
}

const ENDPOINTS: readonly { readonly pattern: RegExp; readonly run: Endpoint }[] = [
  { pattern: /^\/api\/v1\/query$/, run: query },
  { pattern: /^\/api\/v1\/query_range$/, run: queryRange },
  { pattern: /^\/api\/v1\/labels$/, run: labelNames },
  { pattern: /^\/api\/v1\/label\/[^/]+\/values$/, run: labelValues },
  { pattern: /^\/api\/v1\/series$/, run: series },
  { pattern: /^\/api\/v1\/targets$/, run: targets },
  {
    pattern: /^\/api\/v1\/status\/buildinfo$/,
    run: () => ({ version: '3.0.0-demo', revision: '', branch: '', goVersion: 'none' }),
  },
];

function query({ clock, source }: PrometheusApiOptions, parameters: Parameters): unknown {
  const expr = parseQuery(required(parameters, 'query'));
  const atMs = timeMs(parameters.get('time')) ?? clock.nowMs();
  return renderValue(evaluate(expr, atMs, source), atMs);
}

function queryRange({ source }: PrometheusApiOptions, parameters: Parameters): unknown {
  const expr = parseQuery(required(parameters, 'query'));
  const startMs = timeMs(required(parameters, 'start')) ?? 0;
  const endMs = timeMs(required(parameters, 'end')) ?? 0;
  const step = required(parameters, 'step');
  const stepMs = parseQueryDurationMs(step) ?? Number(step) * 1_000;
  if (!Number.isFinite(stepMs)) throw badData(`invalid parameter "step": cannot parse "${step}" to a valid duration`);
  const elements = evaluateRange(expr, { startMs, endMs, stepMs }, source);
  return {
    resultType: 'matrix',
    result: elements.map(({ labels, points }) => ({
      metric: labels,
      values: points.map((point) => renderPoint(point.atMs, point.value)),
    })),
  };
}

function labelNames({ source }: PrometheusApiOptions, parameters: Parameters): unknown {
  return [...new Set(matchingSeries(source, parameters).flatMap((labels) => Object.keys(labels)))].sort();
}

function labelValues({ source }: PrometheusApiOptions, parameters: Parameters, path: string): unknown {
  const name = decodeURIComponent(path.split('/').at(-2) ?? '');
  return [...new Set(matchingSeries(source, parameters).flatMap((labels) => labels[name] ?? []))].sort();
}

function series({ source }: PrometheusApiOptions, parameters: Parameters): unknown {
  if (!parameters.has('match[]')) throw badData('no match[] parameter provided');
  return matchingSeries(source, parameters);
}

function matchingSeries(source: SampleSource, parameters: Parameters): Labels[] {
  const selectors = parameters.getAll('match[]');
  if (selectors.length === 0) return source.select([]).map(({ labels }) => labels);
  const found = new Set<Labels>();
  for (const text of selectors) {
    const expr = parseQuery(text);
    if (expr.type !== 'selector') throw badData(`invalid parameter "match[]": ${text} is not a series selector`);
    for (const { labels } of source.select(expr.matchers)) found.add(labels);
  }
  return [...found];
}

function targets({ scraper }: PrometheusApiOptions): unknown {
  const activeTargets = (scraper?.health() ?? []).map(({ target, up, error, atMs }) => ({
    labels: target.labels,
    scrapeUrl: `http://${target.host}:${target.port}${target.path}`,
    lastError: error,
    lastScrape: new Date(atMs).toISOString(),
    health: up ? 'up' : 'down',
  }));
  return { activeTargets, droppedTargets: [] };
}

function renderValue(value: Value, atMs: number): unknown {
  switch (value.type) {
    case 'scalar':
      return { resultType: 'scalar', result: renderPoint(atMs, value.value) };
    case 'string':
      return { resultType: 'string', result: [atMs / 1_000, value.value] };
    case 'vector':
      return {
        resultType: 'vector',
        result: value.elements.map((element) => ({ metric: element.labels, value: renderPoint(atMs, element.value) })),
      };
    case 'matrix':
      return {
        resultType: 'matrix',
        result: value.elements.map(({ labels, points }) => ({
          metric: labels,
          values: points.map((point) => renderPoint(point.atMs, point.value)),
        })),
      };
  }
}

function renderPoint(atMs: number, value: number): [number, string] {
  return [atMs / 1_000, renderNumber(value)];
}

function renderNumber(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return Object.is(value, -0) ? '-0' : String(value);
}

function required(parameters: Parameters, name: string): string {
  const value = parameters.get(name);
  if (value === null || value === '') throw badData(`invalid parameter "${name}": it must be given`);
  return value;
}

/** A moment as the API takes it: seconds since the epoch with a fraction, or RFC 3339. */
function timeMs(text: string | null): number | undefined {
  if (text === null || text === '') return undefined;
  const ms = /^-?\d+(\.\d+)?(e\d+)?$/i.test(text) ? Math.round(Number(text) * 1_000) : Date.parse(text);
  if (Number.isNaN(ms)) throw badData(`invalid parameter "time": cannot parse "${text}" to a valid timestamp`);
  return ms;
}

/** A longer body is refused. */
const BODY_BYTES_MAX = 1_048_576;

async function parametersOf(request: IncomingMessage, url: URL): Promise<Parameters> {
  if (request.method !== 'POST') return url.searchParams;
  let body = '';
  for await (const chunk of request as AsyncIterable<Buffer>) {
    body += chunk.toString('utf8');
    if (body.length > BODY_BYTES_MAX) throw badData(`body is larger than ${BODY_BYTES_MAX} bytes`);
  }
  const parameters = new URLSearchParams(body);
  for (const [name, value] of url.searchParams) parameters.append(name, value);
  return parameters;
}

function fail(response: ServerResponse, status: number, errorType: string, error: string): void {
  send(response, status, { status: 'error', errorType, error });
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
