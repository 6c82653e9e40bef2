import assert from 'node:assert/strict';
import { test } from 'node:test';

import { errorOf, httpAnswer, judged, providerQuery, startHttp } from '../../test/support/provider-query.ts';
import type { MetricQuery, ProviderStep } from './contract.ts';
import { newRelic } from './new-relic.ts';

const SECRET = { 'personal-api-key': 'k1', 'account-id': '17' };

test('posts the NRQL to NerdGraph, with account and time-out as variables', () => {
  const exchange = startHttp(newRelic, queryOf({}, 20));

  assert.equal(exchange.url, 'https://api.newrelic.com/graphql');
  assert.equal(exchange.headers['api-key'], 'k1');
  assert.equal(exchange.timeoutMs, 25_000);
  const { query, variables } = JSON.parse(exchange.body ?? '');
  assert.match(query, /account\(id: \$account\) \{ nrql\(query: \$nrql, timeout: \$timeout\) \{ results \} \}/);
  assert.deepEqual(variables, { account: 17, nrql: 'SELECT 1', timeout: 20 });
});

test('asks in the region of the Secret, or at its own address', () => {
  assert.equal(startHttp(newRelic, queryOf({ region: 'EU' })).url, 'https://api.eu.newrelic.com/graphql');
  assert.equal(startHttp(newRelic, queryOf({ 'base-url-nerdgraph': 'https://nr.test/g' })).url, 'https://nr.test/g');
  assert.match(errorOf(newRelic.start(queryOf({ region: 'moon' }))), /not us or eu/);
  assert.match(errorOf(newRelic.start(queryOf({ 'account-id': 'x' }))), /not a number/);
});

test('records the query that the metric resolved to', () => {
  assert.deepEqual(newRelic.metadata?.(queryOf({}).metric), { ResolvedNewRelicQuery: 'SELECT 1' });
});

test('a profile is the name of a Secret', () => {
  const { metric } = providerQuery({ newRelic: { profile: 'team', query: 'x' } });

  assert.equal(newRelic.secretFor?.(metric)?.name, 'team');
});

test('one row is an object, several are a list, none is an error', () => {
  assert.deepEqual(judged(read([{ rate: 0.5 }]), 'result.rate < 1'), ['{"rate":0.5}', 'Successful']);
  assert.deepEqual(judged(read([{ n: 1 }, { n: 2 }]), 'all(result, #.n < 2)'), ['[{"n":1},{"n":2}]', 'Failed']);
  assert.match(errorOf(read([])), /no results returned from NRQL query/);
});

test('errors of GraphQL are errors, also beside data', () => {
  const query = queryOf({});
  const answer = httpAnswer({ errors: [{ message: 'NRQL Syntax Error' }], data: { actor: null } });

  assert.match(errorOf(newRelic.next(startHttp(newRelic, query), answer, query)), /New Relic: NRQL Syntax Error/);
});

function read(results: unknown): ProviderStep {
  const query = queryOf({});
  const answer = httpAnswer({ data: { actor: { account: { nrql: { results } } } } });
  return newRelic.next(startHttp(newRelic, query), answer, query);
}

function queryOf(secret: Readonly<Record<string, string>>, timeout = 0): MetricQuery {
  return providerQuery({ newRelic: { query: 'SELECT 1', timeout } }, { secret: { ...SECRET, ...secret } });
}
