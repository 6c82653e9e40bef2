import type { Metric, PrometheusProvider } from '../api/analysis.ts';
import { formatDecimal as decimal } from '../core/analysis/expression/number-text.ts';
import { evaluateTime } from '../core/analysis/expression/program.ts';
import { slice } from '../core/analysis/expression/value.ts';
import type { Exchange, ExchangeResponse, HttpExchange } from '../core/exchange.ts';
import { excerptOf, parsedJson } from '../core/web/answer.ts';
import {
  asksForRole,
  awsNext,
  awsStart,
  awsWanted,
  wantsAws,
  type AwsRequest,
  type AwsSettings,
} from '../core/web/aws-request.ts';
import { credentialsOf } from '../core/web/authorization.ts';
import { asksForToken, tokenAnswer, tokenExchange, wantsToken, withToken } from '../core/web/oauth2.ts';
import { base64 } from '../lib/base64.ts';
import { parseDurationNs } from '../lib/go-duration.ts';
import { fieldsOf } from '../lib/fields-of.ts';
import { isPlainObject } from '../lib/merge-patch.ts';
import { RESPONSE_BYTES_MAX, failed } from './contract.ts';
import type { MetricProvider, MetricQuery, ProviderStep } from './contract.ts';

const DEFAULT_TIMEOUT_SECONDS = 30;

/** Queries the HTTP API of Prometheus, or of anything that speaks it. */
export const prometheus: MetricProvider = {
  id: 'prometheus',
  start,
  next,
  awsFor: (metric) => awsWanted(metric.provider.prometheus?.authentication?.sigv4),
  metadata: (metric: Metric) => {
    const text = metric.provider.prometheus?.query ?? '';
    const metadata: Readonly<Record<string, string>> = text === '' ? {} : { ResolvedPrometheusQuery: text };
    return metadata;
  },
};

function start(query: MetricQuery): ProviderStep {
  const question = ask(query);
  const { oauth2: credentials, sigv4 } = query.metric.provider.prometheus?.authentication ?? {};
  if (question.type !== 'http') return question;
  if (wantsAws(sigv4)) return stepOf(awsStart(awsRequest(question, sigv4, query)));
  if (!wantsToken(credentials)) return question;
  const token = tokenExchange(credentials, question);
  return 'problem' in token ? failed(token.problem) : token;
}

function ask(query: MetricQuery): ProviderStep {
  const settings = query.metric.provider.prometheus;
  if (settings === undefined) return failed('prometheus settings are missing');
  const address = addressOf(settings, query);
  if (typeof address !== 'string') return failed(address.problem);
  const timeoutSeconds = settings.timeout ?? DEFAULT_TIMEOUT_SECONDS;
  if (timeoutSeconds < 0) return failed('prometheus timeout should not be negative');
  const question = questionOf(settings, query.nowMs);
  if (!('form' in question)) return failed(question.problem);
  const authorization = authorizationOf(settings);
  return exchangeFor({ settings, address, timeoutSeconds, question, authorization, secrets: query.secrets });
}

/** Amazon Managed Service for Prometheus. */
const AWS_SERVICE = 'aps';

function awsRequest(question: HttpExchange, settings: AwsSettings, query: MetricQuery): AwsRequest {
  return { question, settings, account: query.aws, service: AWS_SERVICE, nowMs: query.nowMs };
}

function stepOf(step: HttpExchange | Problem): ProviderStep {
  return 'problem' in step ? failed(step.problem) : step;
}

/** Servers that only take GET say so; the form then moves into the URL. */
function next(exchange: Exchange, response: ExchangeResponse, query: MetricQuery): ProviderStep {
  const { oauth2: credentials, sigv4 } = query.metric.provider.prometheus?.authentication ?? {};
  if (wantsAws(sigv4)) {
    const question = ask(query);
    return asksForRole(exchange) && question.type === 'http'
      ? stepOf(awsNext(response, awsRequest(question, sigv4, query)))
      : read(response, query);
  }
  if (wantsToken(credentials) && asksForToken(exchange)) {
    const answer = tokenAnswer(exchange, response, credentials);
    if ('problem' in answer) return failed(answer.problem);
    if ('again' in answer) return answer.again;
    const question = ask(query);
    return question.type === 'http' ? withToken(question, answer.authorization) : question;
  }
  const isPost = exchange.type === 'http' && exchange.method === 'POST';
  if (isPost && response.type === 'http' && (response.status === 405 || response.status === 501)) {
    const { body, ...rest } = exchange;
    return { ...rest, method: 'GET', url: `${exchange.url}?${body ?? ''}` };
  }
  return read(response, query);
}

interface Problem {
  readonly problem: string;
}

function addressOf(settings: PrometheusProvider, query: MetricQuery): string | Problem {
  const text = settings.address || query.options.prometheusAddress || '';
  if (text === '') return { problem: 'prometheus address is not configured' };
  const isUrl = URL.canParse(text) && /^https?:\/\//i.test(text);
  return isUrl ? text.replace(/\/+$/, '') : { problem: 'prometheus address is not is url format' };
}

interface Question {
  readonly path: 'query' | 'query_range';
  readonly form: Readonly<Record<string, string>>;
}

function questionOf(settings: PrometheusProvider, nowMs: number): Question | Problem {
  const query = settings.query ?? '';
  if (query === '') return { problem: 'prometheus query is empty' };
  const { rangeQuery } = settings;
  if (rangeQuery === undefined) return { path: 'query', form: { query, time: seconds(nowMs) } };
  const start = evaluateTime(rangeQuery.start ?? '', nowMs);
  if ('message' in start) return { problem: `failed to parse rangeQuery.start as time: ${start.message}` };
  const end = evaluateTime(rangeQuery.end ?? '', nowMs);
  if ('message' in end) return { problem: `failed to parse rangeQuery.end as time: ${end.message}` };
  const stepNs = parseDurationNs(rangeQuery.step ?? '');
  if (typeof stepNs === 'string') return { problem: `failed to parse rangeQuery.step as duration: ${stepNs}` };
  if (stepNs <= 0n) return { problem: 'rangeQuery.step has to be more than zero, such as 30s' };
  const form = { query, start: seconds(start.ms), end: seconds(end.ms), step: String(Number(stepNs) / 1e9) };
  return { path: 'query_range', form };
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(3);
}

/** The Authorization header's value, or undefined for none. */
function authorizationOf(settings: PrometheusProvider): string | undefined {
  const { basicAuth } = settings.authentication ?? {};
  if (basicAuth?.username === undefined && basicAuth?.password === undefined) return undefined;
  return `Basic ${base64(`${basicAuth.username ?? ''}:${basicAuth.password ?? ''}`)}`;
}

interface Request {
  readonly settings: PrometheusProvider;
  readonly address: string;
  readonly timeoutSeconds: number;
  readonly question: Question;
  readonly authorization: string | undefined;
  readonly secrets: readonly string[];
}

/** By POST, so that no query is too long for a URL. */
function exchangeFor(request: Request): HttpExchange {
  const { settings, address, timeoutSeconds, question, authorization } = request;
  const headers: Record<string, string> = {
    'content-type': 'application/x-www-form-urlencoded',
    accept: 'application/json',
  };
  if (authorization !== undefined) headers['authorization'] = authorization;
  for (const { key, value } of settings.headers ?? []) headers[key.toLowerCase()] = value;
  const secrets = [...request.secrets];
  const { authorization: sent } = headers;
  if (sent !== undefined) secrets.push(sent, credentialsOf(sent));
  const password = settings.authentication?.basicAuth?.password;
  if (password !== undefined && password !== '') secrets.push(password);
  return {
    type: 'http',
    method: 'POST',
    url: `${address}/api/v1/${question.path}`,
    headers,
    body: new URLSearchParams(question.form).toString(),
    timeoutMs: (timeoutSeconds === 0 ? DEFAULT_TIMEOUT_SECONDS : timeoutSeconds) * 1_000,
    maxResponseBytes: RESPONSE_BYTES_MAX,
    tls: { insecureSkipVerify: settings.insecure === true },
    secrets,
  };
}

function read(response: ExchangeResponse, query: MetricQuery): ProviderStep {
  if (response.type === 'failed') return failed(`querying Prometheus for ${query.metric.name}: ${response.message}`);
  if (response.type !== 'http') return failed('Prometheus was not asked');
  const answer = parsedJson(response.body);
  const refused = refusal(response.status, answer, response.body);
  if (refused !== undefined) return failed(refused);
  if (!isPlainObject(answer) || !isPlainObject(answer['data'])) return failed(notAnAnswer(response));
  const data = valueOf(answer['data']);
  if ('problem' in data) return failed(data.problem);
  const warnings = Array.isArray(answer['warnings']) ? answer['warnings'].map(String) : [];
  const metadata =
    warnings.length === 0 ? {} : { metadata: { warnings: warnings.map((one) => `"${one}"`).join(', ') } };
  return { type: 'outcome', outcome: { type: 'result', ...data, ...metadata } };
}

/** What Prometheus (or something in front of it) answered instead of a result. */
function refusal(status: number, answer: unknown, body: string): string | undefined {
  if (isPlainObject(answer) && answer['status'] === 'error') {
    return `${textOf(answer['errorType'], 'error')}: ${textOf(answer['error'], '')}`;
  }
  if (status >= 200 && status < 300) return undefined;
  const kind = status >= 500 ? 'server_error: server error' : 'client_error: client error';
  const excerpt = excerptOf(body);
  return `${kind}: ${status}${excerpt === '' ? '' : `: ${excerpt}`}`;
}

function textOf(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}

function notAnAnswer(response: { readonly status: number; readonly body: string }): string {
  const excerpt = excerptOf(response.body);
  return `the answer (status ${response.status}) is not one of Prometheus; check the address: ${excerpt}`;
}

interface PrometheusValue {
  readonly result: number | ReturnType<typeof slice>;
  readonly value: string;
}

/** A scalar is a number, a vector the list of its numbers, a matrix the list of all its numbers in order. */
function valueOf(data: Readonly<Record<string, unknown>>): PrometheusValue | Problem {
  const { resultType, result } = data;
  switch (resultType) {
    case 'scalar': {
      const number = sampleOf(result);
      return number === undefined ? unreadable() : { result: number, value: decimal(number) };
    }
    case 'vector':
      return listOf(seriesOf(result).map((series) => sampleOf(series['value'])));
    case 'matrix':
      return listOf(
        seriesOf(result).flatMap((series) =>
          Array.isArray(series['values']) ? series['values'].map(sampleOf) : [undefined],
        ),
      );
    default:
      return { problem: `Prometheus metric type not supported: ${String(resultType)}` };
  }
}

function listOf(numbers: readonly (number | undefined)[]): PrometheusValue | Problem {
  const known = numbers.filter((number) => number !== undefined);
  if (known.length < numbers.length) return unreadable();
  return { result: slice(known, 'float64'), value: `[${known.map(decimal).join(',')}]` };
}

function unreadable(): Problem {
  return { problem: 'Prometheus answered a sample that is no number' };
}

/** Native histograms have no `value`; they are unreadable, not zero. */
function seriesOf(result: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(result) ? result.map((series) => fieldsOf(series)) : [{}];
}

/** `[time, "0.25"]`, where NaN and the infinities are written out. */
function sampleOf(sample: unknown): number | undefined {
  const text: unknown = Array.isArray(sample) ? sample[1] : undefined;
  if (typeof text !== 'string' || text.trim() === '') return undefined;
  if (text === 'NaN') return NaN;
  if (text === '+Inf' || text === 'Inf') return Infinity;
  if (text === '-Inf') return -Infinity;
  const number = Number(text);
  return Number.isNaN(number) ? undefined : number;
}
