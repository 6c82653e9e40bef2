import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Metric } from '../api/analysis.ts';
import { errorOf, httpAnswer, judged, providerQuery, startHttp } from '../../test/support/provider-query.ts';
import type { MetricQuery, ProviderStep } from './contract.ts';
import { datadog } from './datadog.ts';

type Settings = NonNullable<Metric['provider']['datadog']>;

const SECRET = { 'api-key': 'k1', 'app-key': 'k2' };
const V2: Settings = { apiVersion: 'v2', query: 'avg:errors{*}' };

test('v1 asks for the series of the last 5 minutes', () => {
  const exchange = startHttp(datadog, queryOf({ query: 'avg:errors{env:a b}' }));

  assert.equal(exchange.method, 'GET');
  assert.equal(
    exchange.url,
    'https://api.datadoghq.com/api/v1/query?query=avg%3Aerrors%7Benv%3Aa+b%7D&from=1767225300&to=1767225600',
  );
  assert.equal(exchange.headers['dd-api-key'], 'k1');
  assert.equal(exchange.headers['dd-application-key'], 'k2');
});

test('v2 posts queries, formula, aggregator and interval to the address of the Secret', () => {
  const settings: Settings = {
    apiVersion: 'v2',
    queries: { a: 'sum:errors{*}', b: 'sum:requests{*}' },
    formula: 'a / b',
    aggregator: 'mean',
    interval: '1m',
  };
  const exchange = startHttp(datadog, queryOf(settings, { ...SECRET, address: 'https://api.datadoghq.eu/' }));

  assert.equal(exchange.url, 'https://api.datadoghq.eu/api/v2/query/scalar');
  assert.deepEqual(JSON.parse(exchange.body ?? ''), {
    data: {
      type: 'scalar_request',
      attributes: {
        from: 1_767_225_540_000,
        to: 1_767_225_600_000,
        formulas: [{ formula: 'a / b' }],
        queries: [
          { aggregator: 'mean', data_source: 'metrics', name: 'a', query: 'sum:errors{*}' },
          { aggregator: 'mean', data_source: 'metrics', name: 'b', query: 'sum:requests{*}' },
        ],
      },
    },
  });
});

test('the Secret is the controller’s own, unless the metric names one of its own namespace', () => {
  const named = { secretRef: { name: 'team', namespaced: true } };

  assert.deepEqual(datadog.secretFor?.(queryOf({}).metric), {
    place: 'controller',
    name: 'datadog',
    openKeys: ['address'],
  });
  assert.deepEqual(datadog.secretFor?.(queryOf(named).metric), { place: 'run', name: 'team', openKeys: ['address'] });
});

const REFUSED: readonly (readonly [Settings, RegExp])[] = [
  [{}, /Query is empty/],
  [{ queries: { a: 'x' } }, /Query is empty/],
  [{ query: 'x', formula: 'a' }, /Formula are only valid/],
  [{ query: 'x', interval: 'soon' }, /not a duration/],
  [{ apiVersion: 'v2' }, /Must have either a query or queries/],
  [{ apiVersion: 'v2', query: 'x', queries: { a: 'x' } }, /Cannot have both/],
  [{ apiVersion: 'v2', queries: { a: 'x', b: 'y' } }, /must include a formula/],
];

for (const [settings, message] of REFUSED) {
  test(`refuses to ask with ${JSON.stringify(settings)}`, () => {
    assert.match(errorOf(datadog.start(queryOf(settings))), message);
  });
}

const GOLDEN: readonly (readonly [
  title: string,
  Settings,
  answer: unknown,
  condition: string,
  value: string,
  phase: string,
])[] = [
  [
    'v1: the last point of the first series',
    { query: 'x' },
    {
      status: 'ok',
      series: [
        {
          pointlist: [
            [1, 0.5],
            [2, 0.0000001],
          ],
        },
        { pointlist: [[1, 9]] },
      ],
    },
    'result < 0.01',
    '0.0000001',
    'Successful',
  ],
  ['v1: a bad point', { query: 'x' }, { series: [{ pointlist: [[1, 5]] }] }, 'result < 1', '5', 'Failed'],
  ['v1: no series', { query: 'x' }, { series: [] }, 'result != 1', '', 'Error'],
  [
    'v1: no series, where the condition has a default',
    { query: 'x' },
    { series: [] },
    'default(result, 0) < 1',
    '',
    'Successful',
  ],
  [
    'v1: a point without a value is not 0',
    { query: 'x' },
    { series: [{ pointlist: [[1, null]] }] },
    'result != 1',
    '',
    'Error',
  ],
  ['v2: one number', V2, scalars([{ type: 'number', values: [0.25] }]), 'result < 1', '0.25', 'Successful'],
  ['v2: no number', V2, scalars([{ type: 'number', values: [null] }]), 'result != 1', '', 'Error'],
  ['v2: no column', V2, scalars([]), 'result != 1', '', 'Error'],
  [
    'v2: a number for each group',
    V2,
    scalars([
      { type: 'group', values: [['a'], ['b']] },
      { type: 'number', values: [0.5, 2] },
    ]),
    'all(result, # < 1)',
    '[0.5,2]',
    'Failed',
  ],
  [
    'v2: a group without a number is not 0',
    V2,
    scalars([
      { type: 'group', values: [['a'], ['b']] },
      { type: 'number', values: [0.5, null] },
    ]),
    'all(result, # < 1)',
    '[0.5,<nil>]',
    'Error',
  ],
];

for (const [title, settings, answer, condition, value, phase] of GOLDEN) {
  test(`reads ${title}`, () => assert.deepEqual(judged(read(settings, answer), condition), [value, phase]));
}

test('an error is an error, also with status 200', () => {
  assert.match(errorOf(read({ query: 'x' }, { status: 'error', error: 'bad query', series: [] })), /bad query/);
  assert.match(errorOf(read(V2, { errors: 'bad formula' })), /bad formula/);
  assert.match(errorOf(read(V2, { errors: ['a', 'b'] })), /a; b/);
  assert.match(errorOf(read(V2, '{}', 403)), /^received authentication error response code: 403/);
  assert.match(errorOf(read(V2, 'busy', 429)), /status 429: busy/);
});

test('waits ten seconds for an answer, or as long as requestTimeout says', () => {
  const waits = (settings: Settings): number => startHttp(datadog, queryOf(settings)).timeoutMs;

  assert.equal(waits({ query: 'x' }), 10_000);
  assert.equal(waits({ query: 'x', requestTimeout: '30s' }), 30_000);
  assert.match(errorOf(datadog.start(queryOf({ query: 'x', requestTimeout: 'soon' }))), /requestTimeout "soon"/);
});

function scalars(columns: readonly unknown[]): unknown {
  return { data: { type: 'scalar_response', attributes: { columns } } };
}

function read(settings: Settings, answer: unknown, status = 200): ProviderStep {
  const query = queryOf(settings);
  return datadog.next(startHttp(datadog, query), httpAnswer(answer, status), query);
}

function queryOf(settings: Settings, secret: Readonly<Record<string, string>> = SECRET): MetricQuery {
  return providerQuery({ datadog: settings }, { secret });
}
