import type { MetricProvider as Providers } from '../api/analysis.ts';
import { fromJson } from '../core/analysis/expression/value.ts';
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
import { redirectOf } from '../core/web/redirect.ts';
import { base64 } from '../lib/base64.ts';
import { compileJsonPath } from '../lib/json-path.ts';
import { isPlainObject } from '../lib/merge-patch.ts';
import { RESPONSE_BYTES_MAX, failed } from './contract.ts';
import type { MetricProvider, MetricQuery, ProviderStep } from './contract.ts';

type WebSettings = NonNullable<Providers['web']>;

const DEFAULT_TIMEOUT_SECONDS = 10;
const WHOLE_ANSWER = '{$}';
/** Longer ones are no paths that people write, and cost time to read. */
const PATH_LENGTH_MAX = 1_000;

/** Asks any HTTP server, and takes the first value that a JSONPath finds in its answer. */
export const web: MetricProvider = {
  id: 'web',
  start,
  next,
  awsFor: (metric) => awsWanted(metric.provider.web?.authentication?.sigv4),
};

function start(query: MetricQuery): ProviderStep {
  const settings = query.metric.provider.web;
  if (settings === undefined) return failed('web settings are missing');
  const problem = problemOf(settings);
  if (problem !== undefined) return failed(problem);
  const question = questionOf(settings, query);
  const { oauth2: credentials, sigv4 } = settings.authentication ?? {};
  if (wantsAws(sigv4)) return stepOf(awsStart(awsRequest(question, sigv4, query)));
  if (!wantsToken(credentials)) return question;
  const token = tokenExchange(credentials, question);
  return 'problem' in token ? failed(token.problem) : token;
}

function next(exchange: Exchange, response: ExchangeResponse, query: MetricQuery): ProviderStep {
  const settings = query.metric.provider.web;
  if (settings === undefined || exchange.type !== 'http') return failed('web settings are missing');
  const { oauth2: credentials, sigv4 } = settings.authentication ?? {};
  if (wantsAws(sigv4) && asksForRole(exchange)) {
    return stepOf(awsNext(response, awsRequest(questionOf(settings, query), sigv4, query)));
  }
  if (wantsToken(credentials) && asksForToken(exchange)) {
    const answer = tokenAnswer(exchange, response, credentials);
    if ('problem' in answer) return failed(answer.problem);
    return 'again' in answer ? answer.again : withToken(questionOf(settings, query), answer.authorization);
  }
  const redirect = redirectOf(exchange, response);
  if (redirect.type === 'follow') return redirect.exchange;
  if (redirect.type === 'refused') return failed(redirect.message);
  return read(settings, response, query.metric.name);
}

/** The API signs for Amazon Managed Service for Prometheus, whoever is asked. */
const AWS_SERVICE = 'aps';

function awsRequest(question: HttpExchange, settings: AwsSettings, query: MetricQuery): AwsRequest {
  return { question, settings, account: query.aws, service: AWS_SERVICE, nowMs: query.nowMs };
}

function stepOf(step: HttpExchange | { readonly problem: string }): ProviderStep {
  return 'problem' in step ? failed(step.problem) : step;
}

function problemOf(settings: WebSettings): string | undefined {
  const { url, method = 'GET', body = '', jsonBody, jsonPath = WHOLE_ANSWER } = settings;
  if (!URL.canParse(url ?? '') || !/^https?:\/\//i.test(url)) return 'web url is not a URL; use http://host/path';
  if (body !== '' && jsonBody !== undefined)
    return 'use either Body or JSONBody; both cannot exists for WebMetric payload';
  if (method === 'GET' && (body !== '' || jsonBody !== undefined)) {
    return 'Body/JSONBody can only be used with POST or PUT WebMetric Method types';
  }
  const path = pathOf(jsonPath);
  return 'problem' in path ? path.problem : undefined;
}

/** Headers, TLS and credentials of the metric; credentials that stand in headers are secrets too. */
function questionOf(settings: WebSettings, query: MetricQuery): HttpExchange {
  const { url, method = 'GET', body = '', jsonBody, timeoutSeconds = 0, insecure } = settings;
  const { username, password = '' } = settings.authentication?.basicAuth ?? {};
  const headers: Record<string, string> = {};
  if (jsonBody !== undefined) headers['content-type'] = 'application/json';
  if (username !== undefined || password !== '') {
    headers['authorization'] = `Basic ${base64(`${username ?? ''}:${password}`)}`;
  }
  for (const { key, value } of settings.headers ?? []) headers[key.toLowerCase()] = value;
  const payload = jsonBody === undefined ? body : JSON.stringify(jsonBody);
  const authorization = headers['authorization'] ?? '';
  const hidden = [password, authorization, credentialsOf(authorization)].filter((text) => text !== '');
  return {
    type: 'http',
    method,
    url,
    headers,
    ...(payload === '' ? {} : { body: payload }),
    timeoutMs: (timeoutSeconds > 0 ? timeoutSeconds : DEFAULT_TIMEOUT_SECONDS) * 1_000,
    maxResponseBytes: RESPONSE_BYTES_MAX,
    tls: { insecureSkipVerify: insecure === true },
    secrets: [...query.secrets, ...hidden],
  };
}

function read(settings: WebSettings, response: ExchangeResponse, metricName: string): ProviderStep {
  if (response.type === 'failed') return failed(`asking the server for ${metricName}: ${response.message}`);
  if (response.type !== 'http') return failed('the server was not asked');
  const { status, body } = response;
  if (status < 200 || status >= 300) {
    const excerpt = excerptOf(body);
    return failed(`received non 2xx response code: ${status}${excerpt === '' ? '' : `: ${excerpt}`}`);
  }
  const json = parsedJson(body);
  const path = settings.jsonPath || WHOLE_ANSWER;
  if (json !== undefined) return found(json, path);
  if (path !== WHOLE_ANSWER) return failed(`Could not parse JSON body: ${excerptOf(body)}`);
  return body.trim() === ''
    ? failed('the answer is empty')
    : { type: 'outcome', outcome: { type: 'result', result: body, value: body } };
}

/** The first value that the path finds; what it does not find is an error, never a value. */
function found(json: unknown, path: string): ProviderStep {
  try {
    const compiled = pathOf(path);
    if ('problem' in compiled) return failed(compiled.problem);
    const matches = compiled.find(json);
    if (matches.length === 0) return failed(`Could not find JSONPath in body: ${path} finds nothing`);
    return {
      type: 'outcome',
      outcome: { type: 'result', result: fromJson(matches[0]), value: jsonText(matches[0]) },
    };
  } catch (error) {
    return failed(`Could not find JSONPath in body: ${error instanceof Error ? error.message : ''}`);
  }
}

type CompiledPath = { readonly find: (json: unknown) => readonly unknown[] } | { readonly problem: string };

/** The dialect of `kubectl -o jsonpath`: one expression in braces. */
function pathOf(path: string): CompiledPath {
  const text = path.trim() === '' ? WHOLE_ANSWER : path.trim();
  if (text.length > PATH_LENGTH_MAX) return { problem: `jsonPath is longer than ${PATH_LENGTH_MAX} characters` };
  if (!/^\{[^{}]*\}$/.test(text)) {
    return { problem: `jsonPath "${text}" is not one expression in braces; write {$.field} as for kubectl` };
  }
  try {
    return { find: compileJsonPath(`{${text.slice(1, -1).trim()}}`) };
  } catch (error) {
    return { problem: `jsonPath "${text}": ${error instanceof Error ? error.message : 'cannot be read'}` };
  }
}

/** As the API records a value: JSON with sorted keys, `<`, `>` and `&` escaped. */
function jsonText(value: unknown): string {
  return sorted(value).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function sorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sorted).join(',')}]`;
  if (!isPlainObject(value)) return JSON.stringify(value);
  const keys = Object.keys(value).toSorted();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${sorted(value[key])}`).join(',')}}`;
}
