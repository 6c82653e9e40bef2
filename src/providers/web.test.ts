import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Metric } from '../api/analysis.ts';
import { assessResult } from '../core/analysis/assess-measurement.ts';
import type { HttpExchange } from '../core/exchange.ts';
import type { MetricQuery, ProviderStep } from './contract.ts';
import { web } from './web.ts';

type WebSettings = NonNullable<Metric['provider']['web']>;

test('gets the URL as it is written, within 10 seconds', () => {
  assert.deepEqual(startHttp({ url: 'https://shop/errors?since=5m' }), {
    type: 'http',
    method: 'GET',
    url: 'https://shop/errors?since=5m',
    headers: {},
    timeoutMs: 10_000,
    maxResponseBytes: 4_194_304,
    tls: { insecureSkipVerify: false },
    secrets: [],
  });
});

test('sends method, headers, time-out and a JSON body as the metric says', () => {
  const exchange = startHttp({
    url: 'https://shop/check',
    method: 'POST',
    headers: [{ key: 'Authorization', value: 'Bearer t0k' }],
    jsonBody: { version: 'v2', limits: { errors: 3 } },
    timeoutSeconds: 40,
    insecure: true,
  });

  assert.equal(exchange.method, 'POST');
  assert.equal(exchange.body, '{"version":"v2","limits":{"errors":3}}');
  assert.equal(exchange.headers['content-type'], 'application/json');
  assert.equal(exchange.headers['authorization'], 'Bearer t0k');
  assert.equal(exchange.timeoutMs, 40_000);
  assert.deepEqual(exchange.tls, { insecureSkipVerify: true });
  assert.ok(exchange.secrets.includes('Bearer t0k'));
});

test('sends a body of text as it is', () => {
  const exchange = startHttp({ url: 'https://shop/check', method: 'PUT', body: 'a=1' });

  assert.equal(exchange.body, 'a=1');
  assert.equal(exchange.headers['content-type'], undefined);
});

test('gets a token first where the metric wants one', () => {
  const oauth2 = { tokenUrl: 'https://login/token', clientId: 'me', clientSecret: 's' };
  const settings: WebSettings = { url: 'https://shop/check', authentication: { oauth2 } };
  const token = startHttp(settings);
  const question = web.next(token, http(200, '{"access_token":"t0k"}'), queryOf(settings));

  assert.equal(token.url, 'https://login/token');
  assert.ok(question.type === 'http');
  assert.equal(question.url, 'https://shop/check');
  assert.equal(question.headers['authorization'], 'Bearer t0k');
});

test('follows a redirect at the same host, and no other', () => {
  const settings: WebSettings = { url: 'https://shop/check' };
  const moved = (location: string): ProviderStep =>
    web.next(startHttp(settings), { type: 'http', status: 302, headers: { location }, body: '' }, queryOf(settings));

  const same = moved('/check/');
  assert.ok(same.type === 'http' && same.url === 'https://shop/check/');
  assert.match(messageOf(moved('http://169.254.169.254/')), /redirected to 169\.254\.169\.254/);
});

const REFUSED: readonly (readonly [WebSettings, RegExp])[] = [
  [{ url: 'shop/errors' }, /not a URL/],
  [{ url: 'file:///etc/passwd' }, /not a URL/],
  [{ url: 'http://shop', body: 'a', jsonBody: {}, method: 'POST' }, /use either Body or JSONBody/],
  [{ url: 'http://shop', body: 'a' }, /only be used with POST or PUT/],
  [{ url: 'http://shop', jsonPath: '$.a' }, /one expression in braces/],
  [{ url: 'http://shop', jsonPath: '{$.a' }, /one expression in braces/],
  [{ url: 'http://shop', jsonPath: '{$.a[}' }, /unterminated/],
  [{ url: 'http://shop', jsonPath: `{$.${'a'.repeat(1_000)}}` }, /longer than/],
  [{ url: 'http://shop', authentication: { sigv4: { region: 'r' } } }, /no credentials for AWS/],
  [{ url: 'http://shop', authentication: { oauth2: { tokenUrl: 'https://x' } } }, /mandatory parameter/],
];

for (const [settings, message] of REFUSED) {
  test(`refuses to ask with ${JSON.stringify(settings).slice(0, 100)}`, () => {
    assert.match(messageOf(web.start(queryOf(settings))), message);
  });
}

interface Golden {
  readonly title: string;
  readonly path?: string;
  readonly body: string;
  readonly value: string;
  readonly condition: string;
  readonly phase: string;
}

const GOLDEN: readonly Golden[] = [
  {
    title: 'a number',
    path: '{$.rate}',
    body: '{"rate":0.25}',
    value: '0.25',
    condition: 'result < 0.5',
    phase: 'Successful',
  },
  {
    title: 'a bad number',
    path: '{$.rate}',
    body: '{"rate":1}',
    value: '1',
    condition: 'result < 0.5',
    phase: 'Failed',
  },
  {
    title: 'a text',
    path: '{$.s}',
    body: '{"s":"12 %"}',
    value: '"12 %"',
    condition: 'result == "12 %"',
    phase: 'Successful',
  },
  {
    title: 'an object, with sorted keys',
    body: '{"b":{"x":"<1>"},"a":[true,null]}',
    value: '{"a":[true,null],"b":{"x":"\\u003c1\\u003e"}}',
    condition: 'result.a[0] && result.b.x == "<1>"',
    phase: 'Successful',
  },
  {
    title: 'the first of several matches',
    path: '{$.items[*].ok}',
    body: '{"items":[{"ok":false},{"ok":true}]}',
    value: 'false',
    condition: 'result',
    phase: 'Failed',
  },
  {
    title: 'what a filter finds',
    path: '{$.items[?(@.name=="new")].errors}',
    body: '{"items":[{"name":"old","errors":9},{"name":"new","errors":1}]}',
    value: '1',
    condition: 'asInt(result) < 5',
    phase: 'Successful',
  },
  {
    title: 'text that is no JSON',
    body: 'all good',
    value: 'all good',
    condition: 'result == "all good"',
    phase: 'Successful',
  },
  {
    title: 'null, which is no data',
    path: '{$.rate}',
    body: '{"rate":null}',
    value: 'null',
    condition: 'result != 5',
    phase: 'Error',
  },
  {
    title: 'null where the condition says what that means',
    path: '{$.rate}',
    body: '{"rate":null}',
    value: 'null',
    condition: 'default(result, 0) < 5',
    phase: 'Successful',
  },
];

for (const { title, path, body, value, condition, phase } of GOLDEN) {
  test(`reads ${title}`, () => {
    const step = answered({ url: 'http://shop', ...(path === undefined ? {} : { jsonPath: path }) }, http(200, body));

    assert.ok(step.type === 'outcome' && step.outcome.type === 'result', JSON.stringify(step));
    assert.equal(step.outcome.value, value);
    assert.equal(assessResult({ successCondition: condition }, step.outcome.result, 0).phase, phase);
  });
}

const ERRORS: readonly (readonly [body: string, status: number, message: RegExp])[] = [
  ['{"a":{"b":1}}', 404, /^received non 2xx response code: 404: \{"a"/],
  ['{"a":{"b":1}}', 304, /^received non 2xx response code: 304/],
  ['{"a":{}}', 200, /^Could not find JSONPath in body: \{\$\.a\.b\} finds nothing/],
  ['[]', 200, /^Could not find JSONPath/],
  ['<html>', 200, /^Could not parse JSON body: <html>/],
  ['', 200, /^Could not parse JSON body/],
];

for (const [body, status, message] of ERRORS) {
  test(`takes ${JSON.stringify(body)} with status ${status} for an error`, () => {
    assert.match(messageOf(answered({ url: 'http://shop', jsonPath: '{$.a.b}' }, http(status, body))), message);
  });
}

test('takes an empty answer for an error where any text would do', () => {
  assert.match(messageOf(answered({ url: 'http://shop' }, http(204, ' '))), /the answer is empty/);
});

function queryOf(settings: WebSettings): MetricQuery {
  return {
    metric: { name: 'errors', provider: { web: settings } },
    run: { namespace: 'shop', name: 'run', uid: 'u1' },
    measurementNumber: 1,
    nowMs: 0,
    secrets: [],
    options: {},
  };
}

function startHttp(settings: WebSettings): HttpExchange {
  const step = web.start(queryOf(settings));
  assert.ok(step.type === 'http', JSON.stringify(step));
  return step;
}

function answered(settings: WebSettings, answer: ReturnType<typeof http>): ProviderStep {
  return web.next(startHttp(settings), answer, queryOf(settings));
}

function http(status: number, body: string) {
  return { type: 'http', status, headers: {}, body } as const;
}

function messageOf(step: ProviderStep): string {
  assert.ok(step.type === 'outcome' && step.outcome.type === 'verdict', JSON.stringify(step));
  assert.equal(step.outcome.phase, 'Error');
  return step.outcome.message ?? '';
}
