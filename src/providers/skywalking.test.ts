import assert from 'node:assert/strict';
import { test } from 'node:test';

import { errorOf, httpAnswer, judged, providerQuery, startHttp } from '../../test/support/provider-query.ts';
import type { ProviderStep } from './contract.ts';
import { skywalking } from './skywalking.ts';

const QUERY = providerQuery({ skywalking: { address: 'http://oap:12800', query: 'query q', interval: '90m' } });

test('posts the GraphQL with the time to look back as its duration, in minutes', () => {
  const exchange = startHttp(skywalking, QUERY);

  assert.equal(exchange.url, 'http://oap:12800/graphql');
  assert.deepEqual(JSON.parse(exchange.body ?? ''), {
    query: 'query q',
    variables: { duration: { start: '2025-12-31 2230', end: '2026-01-01 0000', step: 'MINUTE' } },
  });
});

test('the data of the answer is the result', () => {
  const data = { apdex: { values: { values: [{ value: 9_950 }, { value: 9_800 }] } } };

  assert.deepEqual(judged(read({ data }), 'all(result.apdex.values.values, asFloat(#.value) >= 9900)'), [
    JSON.stringify(data),
    'Failed',
  ]);
});

test('errors are errors, also beside data, and so is no data', () => {
  assert.match(errorOf(read({ data: { a: 1 }, errors: [{ message: 'bad field' }] })), /SkyWalking: bad field/);
  assert.match(errorOf(read({ data: {} })), /no data/);
  assert.match(errorOf(read({ data: null })), /no data/);
  assert.match(errorOf(read({ data: { apdex: { label: null, values: { values: [] } } } })), /no data returned/);
});

test('a time without a value is no data, whatever stands beside the value', () => {
  const empty = { id: 'minute', value: 0, isEmptyValue: true };
  const expressed = { type: 'SINGLE_VALUE', error: null, results: [{ metric: { labels: [] }, values: [NULL, NULL] }] };
  const labelled = [{ label: 'p99', values: { values: [empty, empty] } }];

  for (const nothing of [empty, expressed, labelled, { label: 'p99', values: { values: [] } }]) {
    assert.match(errorOf(read({ data: { errors: nothing, calls: nothing } })), /^no data returned from SkyWalking$/);
  }
});

test('what was measured is judged, also beside a time without a value', () => {
  const holed = {
    values: {
      values: [
        { value: 0, isEmptyValue: true },
        { value: 0, isEmptyValue: false },
      ],
    },
  };
  const expressed = { type: 'TIME_SERIES_VALUES', results: [{ values: [NULL, { id: '1', value: '0' }] }] };

  for (const measured of [holed, expressed, 0, { value: 0 }, { name: 'shop' }]) {
    assert.equal(judged(read({ data: { value: measured, values: null } }), 'true')[1], 'Successful');
  }
});

test('a condition that says what it means judges a time without a value', () => {
  const step = read({ data: { errors: { value: 0, isEmptyValue: true } } }, 'isNil(result) || result.errors.value < 1');

  assert.equal(judged(step, 'result.errors.isEmptyValue')[1], 'Successful');
});

test('an expression that cannot be evaluated is an error, though it is none of GraphQL', () => {
  const refused = { type: 'UNKNOWN', error: 'Metric: [sal] does not exist.', results: [] };

  assert.match(errorOf(read({ data: { calls: refused } }, 'len(result) > 0')), /^SkyWalking: Metric: \[sal\] does not/);
});

test('a status of 400 is told with the reason beside it', () => {
  const refused = (answer: unknown): string =>
    errorOf(skywalking.next(startHttp(skywalking, QUERY), httpAnswer(answer, 400), QUERY));

  assert.equal(refused({ errors: [{ message: 'bad field' }] }), 'SkyWalking: bad field');
  assert.equal(refused({ data: { calls: 1 } }), 'SkyWalking answered with status 400: {"data":{"calls":1}}');
});

const NULL = { id: null, value: null };

function read(answer: unknown, successCondition = ''): ProviderStep {
  const query = { ...QUERY, metric: { ...QUERY.metric, successCondition } };
  return skywalking.next(startHttp(skywalking, query), httpAnswer(answer), query);
}
