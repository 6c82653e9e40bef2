import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { PrometheusProvider } from '../api/analysis.ts';
import { assessResult } from '../core/analysis/assess-measurement.ts';
import type { ProviderOutcome } from '../core/analysis/outcome.ts';
import type { HttpExchange } from '../core/exchange.ts';
import type { MetricQuery, ProviderStep } from './contract.ts';
import { prometheus } from './prometheus.ts';

const NOW_MS = 1_767_225_600_250;

test('posts an instant query as a form, with the time of the measurement', () => {
  const exchange = startHttp({
    address: 'http://prom:9090/',
    query: 'sum(rate(http_requests_total{code=~"5.."}[1m]))',
  });

  assert.deepEqual(exchange, {
    type: 'http',
    method: 'POST',
    url: 'http://prom:9090/api/v1/query',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: 'query=sum%28rate%28http_requests_total%7Bcode%3D%7E%225..%22%7D%5B1m%5D%29%29&time=1767225600.250',
    timeoutMs: 30_000,
    maxResponseBytes: 4_194_304,
    tls: { insecureSkipVerify: false },
    secrets: [],
  });
});

test('asks a range query between two times given as expressions', () => {
  const rangeQuery = { start: 'now() - duration("10m")', end: 'now()', step: '1m' };
  const exchange = startHttp({ address: 'http://prom:9090', query: 'up', rangeQuery });

  assert.equal(exchange.url, 'http://prom:9090/api/v1/query_range');
  assert.equal(exchange.body, 'query=up&start=1767225000.250&end=1767225600.250&step=60');
});

test('takes time-out, headers, TLS and basic authentication from the metric', () => {
  const exchange = startHttp({
    address: 'https://prom',
    query: 'up',
    timeout: 5,
    insecure: true,
    headers: [{ key: 'X-Scope-OrgID', value: 'tenant' }],
    authentication: { basicAuth: { username: 'me', password: 'pä55' } },
  });

  assert.equal(exchange.timeoutMs, 5_000);
  assert.deepEqual(exchange.tls, { insecureSkipVerify: true });
  assert.equal(exchange.headers['x-scope-orgid'], 'tenant');
  assert.equal(exchange.headers['authorization'], `Basic ${Buffer.from('me:pä55').toString('base64')}`);
  assert.ok(exchange.secrets.includes('pä55'));
});

test('takes empty blocks of authentication for none, as stored objects have them', () => {
  const authentication = { oauth2: {}, sigv4: {}, basicAuth: {} };
  const query = queryOf({ address: 'http://prom', query: 'up', authentication });
  const exchange = startHttp(query.metric.provider.prometheus ?? {});

  assert.equal(exchange.url, 'http://prom/api/v1/query');
  assert.equal(exchange.headers['authorization'], undefined);
  assert.equal(prometheus.awsFor?.(query.metric), undefined);
});

test('sends a bearer token that a header carries, and treats it as a secret', () => {
  const exchange = startHttp({
    address: 'http://prom',
    query: 'up',
    headers: [{ key: 'Authorization', value: 'Bearer t0k' }],
  });

  assert.equal(exchange.headers['authorization'], 'Bearer t0k');
  assert.ok(exchange.secrets.includes('Bearer t0k'));
});

test('gets a token first where the metric wants one, and asks with it', () => {
  const oauth2 = { tokenUrl: 'https://login/token', clientId: 'me', clientSecret: 'pä55', scopes: ['read', 'query'] };
  const settings = { address: 'https://prom', query: 'up', authentication: { oauth2 } };
  const token = startHttp(settings);

  assert.equal(token.url, 'https://login/token');
  assert.equal(token.body, 'grant_type=client_credentials&scope=read+query');
  assert.equal(token.headers['authorization'], `Basic ${btoa('me:p%C3%A455')}`);

  const question = prometheus.next(token, http(200, { access_token: 't0k', token_type: 'bearer' }), queryOf(settings));

  assert.ok(question.type === 'http');
  assert.equal(question.url, 'https://prom/api/v1/query');
  assert.equal(question.headers['authorization'], 'Bearer t0k');
  assert.ok(question.secrets.includes('t0k'));
});

test('gives the credentials in the body to a token server that does not take them in a header', () => {
  const oauth2 = { tokenUrl: 'https://login/token', clientId: 'me', clientSecret: 'p&5' };
  const settings = { address: 'https://prom', query: 'up', authentication: { oauth2 } };

  const again = prometheus.next(startHttp(settings), http(401, ''), queryOf(settings));

  assert.ok(again.type === 'http');
  assert.equal(again.headers['authorization'], undefined);
  assert.equal(again.body, 'grant_type=client_credentials&client_id=me&client_secret=p%265');
  const refused = prometheus.next(again, http(401, { error: 'invalid_client' }), queryOf(settings));
  assert.ok(refused.type === 'outcome' && refused.outcome.type === 'verdict' && refused.outcome.phase === 'Error');
});

test('falls back to the address that the operator set', () => {
  const step = prometheus.start({ ...queryOf({ query: 'up' }), options: { prometheusAddress: 'http://default:9090' } });

  assert.equal(step.type === 'http' && step.url, 'http://default:9090/api/v1/query');
});

const REFUSED: readonly { readonly settings: PrometheusProvider; readonly message: RegExp }[] = [
  { settings: { query: 'up' }, message: /^prometheus address is not configured$/ },
  { settings: { address: 'prom:9090', query: 'up' }, message: /^prometheus address is not is url format$/ },
  { settings: { address: 'file:///etc/passwd', query: 'up' }, message: /not is url format/ },
  { settings: { address: 'http://prom', query: 'up', timeout: -1 }, message: /should not be negative/ },
  { settings: { address: 'http://prom' }, message: /query is empty/ },
  {
    settings: { address: 'http://prom', query: 'up', rangeQuery: { start: 'x', end: 'now()', step: '1m' } },
    message: /unknown name x/,
  },
  {
    settings: { address: 'http://prom', query: 'up', rangeQuery: { start: 'now()', end: 'now()', step: '1' } },
    message: /step/,
  },
  {
    settings: { address: 'http://prom', query: 'up', authentication: { sigv4: { region: 'r' } } },
    message: /no credentials for AWS/,
  },
];

for (const { settings, message } of REFUSED) {
  test(`refuses to ask with ${JSON.stringify(settings)}`, () => {
    const outcome = outcomeOf(prometheus.start(queryOf(settings)));

    assert.ok(outcome.type === 'verdict' && outcome.phase === 'Error');
    assert.match(outcome.message ?? '', message);
  });
}

test('asks again by GET where POST is not allowed', () => {
  const query = queryOf({ address: 'http://prom', query: 'up' });
  const step = prometheus.next(startHttp({ address: 'http://prom', query: 'up' }), http(405, ''), query);

  assert.ok(step.type === 'http');
  assert.equal(step.method, 'GET');
  assert.equal(step.url, 'http://prom/api/v1/query?query=up&time=1767225600.250');
  assert.equal(step.body, undefined);
});

interface Golden {
  readonly title: string;
  readonly data: unknown;
  readonly value: string;
  /** The phase under `successCondition` and under `failureCondition`. */
  readonly success: readonly [condition: string, phase: string];
  readonly failure: readonly [condition: string, phase: string];
}

const GOLDEN: readonly Golden[] = [
  {
    title: 'a vector of one series',
    data: { resultType: 'vector', result: [{ metric: {}, value: [1, '0.02'] }] },
    value: '[0.02]',
    success: ['result[0] < 0.05', 'Successful'],
    failure: ['result[0] >= 0.05', 'Successful'],
  },
  {
    title: 'a vector of several series',
    data: {
      resultType: 'vector',
      result: [
        { metric: { a: '1' }, value: [1, '1e-7'] },
        { metric: {}, value: [1, '12'] },
      ],
    },
    value: '[0.0000001,12]',
    success: ['all(result, # < 5)', 'Failed'],
    failure: ['any(result, # > 5)', 'Failed'],
  },
  {
    title: 'a scalar',
    data: { resultType: 'scalar', result: [1, '1e+21'] },
    value: '1000000000000000000000',
    success: ['result > 5', 'Successful'],
    failure: ['result > 5', 'Failed'],
  },
  {
    title: 'a matrix',
    data: {
      resultType: 'matrix',
      result: [
        {
          metric: {},
          values: [
            [1, '1'],
            [2, '2'],
          ],
        },
        { metric: {}, values: [[1, '3']] },
      ],
    },
    value: '[1,2,3]',
    success: ['max(result) < 5', 'Successful'],
    failure: ['max(result) >= 3', 'Failed'],
  },
  {
    title: 'no data',
    data: { resultType: 'vector', result: [] },
    value: '[]',
    success: ['all(result, # < 5)', 'Error'],
    failure: ['any(result, # > 5)', 'Error'],
  },
  {
    title: 'no data where the condition indexes it',
    data: { resultType: 'vector', result: [] },
    value: '[]',
    success: ['result[0] < 5', 'Error'],
    failure: ['result[0] > 5', 'Error'],
  },
  {
    title: 'no data where the condition says what that means',
    data: { resultType: 'vector', result: [] },
    value: '[]',
    success: ['len(result) == 0 or result[0] < 5', 'Successful'],
    failure: ['len(result) == 0', 'Failed'],
  },
  {
    title: 'NaN, as 0 errors of 0 requests gives',
    data: { resultType: 'vector', result: [{ metric: {}, value: [1, 'NaN'] }] },
    value: '[NaN]',
    success: ['not (result[0] > 0.05)', 'Error'],
    failure: ['result[0] > 0.05', 'Error'],
  },
  {
    title: 'NaN where the condition says what that means',
    data: { resultType: 'vector', result: [{ metric: {}, value: [1, 'NaN'] }] },
    value: '[NaN]',
    success: ['isNaN(result[0]) or result[0] < 0.05', 'Successful'],
    failure: ['not isNaN(result[0]) and result[0] > 0.05', 'Successful'],
  },
  {
    title: 'an infinity',
    data: { resultType: 'scalar', result: [1, '+Inf'] },
    value: '+Inf',
    success: ['result < 5', 'Failed'],
    failure: ['isInf(result)', 'Failed'],
  },
];

for (const { title, data, value, success, failure } of GOLDEN) {
  test(`judges ${title}`, () => {
    const query = queryOf({ address: 'http://prom', query: 'up' });
    const outcome = outcomeOf(
      prometheus.next(
        startHttp({ address: 'http://prom', query: 'up' }),
        http(200, { status: 'success', data }),
        query,
      ),
    );

    assert.ok(outcome.type === 'result', JSON.stringify(outcome));
    assert.equal(outcome.value, value);
    assert.equal(assessResult({ successCondition: success[0] }, outcome.result, NOW_MS).phase, success[1]);
    assert.equal(assessResult({ failureCondition: failure[0] }, outcome.result, NOW_MS).phase, failure[1]);
  });
}

test('an answer without data is an error also without any condition', () => {
  const empty = read({ status: 'success', data: { resultType: 'vector', result: [] } });

  assert.ok(empty.type === 'result');
  assert.deepEqual(assessResult({}, empty.result, NOW_MS), {
    phase: 'Error',
    message: 'metric result is nil or empty: no data returned from the metric provider',
  });
});

test('names the condition in the message for missing data, in the known words', () => {
  const empty = read({ status: 'success', data: { resultType: 'vector', result: [] } });

  assert.ok(empty.type === 'result');
  assert.equal(
    assessResult({ successCondition: 'result[0] >= 0.95' }, empty.result, NOW_MS).message,
    'could not evaluate successCondition "result[0] >= 0.95": metric result is nil or empty: no data returned from the metric provider',
  );
});

test('keeps the warnings of Prometheus with the measurement', () => {
  const outcome = read({
    status: 'success',
    warnings: ['slow', 'partial'],
    data: { resultType: 'scalar', result: [1, '1'] },
  });

  assert.deepEqual(outcome.metadata, { warnings: '"slow", "partial"' });
});

test('passes on what Prometheus says of a bad query', () => {
  const outcome = read({ status: 'error', errorType: 'bad_data', error: 'parse error at char 3' }, 400);

  assert.deepEqual(outcome, { type: 'verdict', phase: 'Error', message: 'bad_data: parse error at char 3' });
});

test('trusts no value that comes with an error status', () => {
  const outcome = read({ status: 'success', data: { resultType: 'scalar', result: [1, '0'] } }, 503);

  assert.ok(outcome.type === 'verdict' && outcome.phase === 'Error');
  assert.match(outcome.message ?? '', /^server_error: server error: 503/);
});

test('does not take a native histogram or a text for a number', () => {
  const histogram = read({
    status: 'success',
    data: { resultType: 'vector', result: [{ metric: {}, histogram: [1, {}] }] },
  });
  const text = read({ status: 'success', data: { resultType: 'string', result: [1, 'ok'] } });

  assert.ok(histogram.type === 'verdict' && histogram.phase === 'Error');
  assert.ok(text.type === 'verdict' && text.message === 'Prometheus metric type not supported: string');
});

test('records the query that the metric resolved to', () => {
  assert.deepEqual(prometheus.metadata?.(queryOf({ query: 'up' }).metric), { ResolvedPrometheusQuery: 'up' });
});

function queryOf(settings: PrometheusProvider): MetricQuery {
  return {
    metric: { name: 'errors', provider: { prometheus: settings } },
    run: { namespace: 'shop', name: 'run', uid: 'u1' },
    measurementNumber: 1,
    nowMs: NOW_MS,
    secrets: [],
    options: {},
  };
}

function startHttp(settings: PrometheusProvider): HttpExchange {
  const step = prometheus.start(queryOf(settings));
  assert.ok(step.type === 'http', JSON.stringify(step));
  return step;
}

function read(body: unknown, status = 200): ProviderOutcome {
  const settings = { address: 'http://prom', query: 'up' };
  return outcomeOf(prometheus.next(startHttp(settings), http(status, body), queryOf(settings)));
}

function http(status: number, body: unknown) {
  return { type: 'http', status, headers: {}, body: typeof body === 'string' ? body : JSON.stringify(body) } as const;
}

function outcomeOf(step: ProviderStep): ProviderOutcome {
  assert.ok(step.type === 'outcome', JSON.stringify(step));
  return step.outcome;
}
