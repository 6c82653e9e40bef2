import assert from 'node:assert/strict';
import { test } from 'node:test';

import { errorOf, httpAnswer, providerQuery, startHttp } from '../../test/support/provider-query.ts';
import { alertmanager } from './alertmanager.ts';
import type { ProviderStep } from './contract.ts';

const FILTER = ['app="shop"', 'severity=~"critical|page"'];
const QUERY = providerQuery({ alertmanager: { address: 'http://alerts:9093/am/', filter: FILTER } });
const READY = { cluster: { status: 'ready' }, versionInfo: { version: '0.28.0' } };

test('asks whether the server is ready, then for the alerts that fire and match', () => {
  const status = startHttp(alertmanager, QUERY);
  const alerts = alertmanager.next(status, httpAnswer(READY), QUERY);

  assert.equal(status.url, 'http://alerts:9093/am/api/v2/status');
  assert.ok(alerts.type === 'http');
  const url = new URL(alerts.url);
  assert.equal(url.pathname, '/am/api/v2/alerts');
  assert.deepEqual(url.searchParams.getAll('filter'), FILTER);
  assert.deepEqual(
    ['active', 'silenced', 'inhibited', 'unprocessed'].map((name) => url.searchParams.get(name)),
    ['true', 'false', 'false', 'false'],
  );
});

test('no alert is a success, and one that fires is a failure with its name', () => {
  assert.deepEqual(read([]), { type: 'outcome', outcome: { type: 'verdict', phase: 'Successful', value: '0' } });
  assert.deepEqual(read([alert('HighErrors'), alert('HighErrors'), alert('Down')]), {
    type: 'outcome',
    outcome: { type: 'verdict', phase: 'Failed', value: '3', message: 'firing: Down, HighErrors' },
  });
});

test('many alerts are counted, not listed', () => {
  const step = read(['a', 'b', 'c', 'd', 'e', 'f', 'g'].map(alert));

  assert.ok(step.type === 'outcome' && step.outcome.type === 'verdict');
  assert.equal(step.outcome.message, 'firing: a, b, c, d, e and 2 more');
});

test('a server that is not ready, or is none, gives no good news', () => {
  const status = (answer: unknown): string =>
    errorOf(alertmanager.next(startHttp(alertmanager, QUERY), httpAnswer(answer), QUERY));

  assert.match(status({ ...READY, cluster: { status: 'settling' } }), /not ready: its cluster is settling/);
  assert.match(status([]), /no Alertmanager/);
  assert.match(errorOf(read({ status: 'success' })), /no list of alerts/);
});

test('is not asked without a filter', () => {
  const query = providerQuery({ alertmanager: { address: 'http://alerts:9093', filter: [] } });

  assert.match(errorOf(alertmanager.start(query)), /filter is empty/);
});

function alert(name: string): unknown {
  return { labels: { alertname: name }, status: { state: 'active' } };
}

function read(answer: unknown): ProviderStep {
  const alerts = alertmanager.next(startHttp(alertmanager, QUERY), httpAnswer(READY), QUERY);
  assert.ok(alerts.type === 'http');
  return alertmanager.next(alerts, httpAnswer(answer), QUERY);
}
