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

function read(answer: unknown): ProviderStep {
  return skywalking.next(startHttp(skywalking, QUERY), httpAnswer(answer), QUERY);
}
