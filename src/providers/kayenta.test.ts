import assert from 'node:assert/strict';
import { test } from 'node:test';

import { errorOf, httpAnswer, NOW_MS, providerQuery, startHttp } from '../../test/support/provider-query.ts';
import type { MetricQuery, ProviderStep } from './contract.ts';
import { kayenta } from './kayenta.ts';

const SCOPE = { scope: 'shop', region: 'eu', step: 60, start: '2026-01-01T00:00:00Z', end: '2026-01-01T00:10:00Z' };
const UNTIMED = { scope: 'shop', region: 'eu', step: 60 };
type Scope = typeof UNTIMED & { readonly start?: string; readonly end?: string };
/** Kayenta calls a region a location. */
const SENT = { scope: 'shop', location: 'eu', step: 60, start: SCOPE.start, end: SCOPE.end };
const QUERY = providerQuery({
  kayenta: {
    address: 'http://kayenta:8090/',
    application: 'shop',
    canaryConfigName: 'errors',
    metricsAccountName: 'prom',
    configurationAccountName: 'conf',
    storageAccountName: 'store',
    threshold: { pass: 90, marginal: 75 },
    scopes: [{ name: 'default', controlScope: { ...SCOPE, scope: 'stable' }, experimentScope: SCOPE }],
  },
});

test('looks the configuration up by its name, then lets Kayenta judge', () => {
  const lookUp = startHttp(kayenta, QUERY);
  const configurations = [
    { id: 'c0', name: 'other' },
    { id: 'c1', name: 'errors' },
  ];
  const judge = kayenta.next(lookUp, httpAnswer(configurations), QUERY);

  assert.equal(lookUp.url, 'http://kayenta:8090/canaryConfig?application=shop&configurationAccountName=conf');
  assert.ok(judge.type === 'http' && judge.method === 'POST');
  assert.equal(
    judge.url,
    'http://kayenta:8090/canary/c1?application=shop&metricsAccountName=prom&configurationAccountName=conf&storageAccountName=store',
  );
  assert.deepEqual(JSON.parse(judge.body ?? ''), {
    scopes: { default: { controlScope: { ...SENT, scope: 'stable' }, experimentScope: SENT } },
    thresholds: { pass: 90, marginal: 75 },
  });
  assert.deepEqual(kayenta.next(judge, httpAnswer({ canaryExecutionId: 'e1' }), QUERY), {
    type: 'wait',
    resumeAtMs: NOW_MS + 15_000,
    state: { canaryExecutionId: 'e1' },
  });
  assert.match(errorOf(kayenta.next(lookUp, httpAnswer([]), QUERY)), /no canary configuration named errors/);
  assert.match(errorOf(kayenta.next(judge, httpAnswer({}), QUERY)), /no canaryExecutionId/);
});

const TIMES: readonly (readonly [title: string, lookback: boolean, start: string])[] = [
  ['one interval', false, '2025-12-31T23:55:00Z'],
  ['the whole run', true, '2025-12-31T23:00:00Z'],
];

for (const [title, lookback, start] of TIMES) {
  test(`a scope without times covers ${title} when lookback is ${lookback}`, () => {
    const query = withScopes(UNTIMED, UNTIMED, lookback);
    const judge = kayenta.next(startHttp(kayenta, query), httpAnswer([{ id: 'c1', name: 'errors' }]), query);

    const sent = { ...SENT, start, end: '2026-01-01T00:00:00Z' };
    assert.ok(judge.type === 'http');
    assert.deepEqual(JSON.parse(judge.body ?? '').scopes, { default: { controlScope: sent, experimentScope: sent } });
  });
}

test('refuses a time that only one of the two scopes has', () => {
  assert.match(errorOf(kayenta.start(withScopes(SCOPE, UNTIMED, false))), /scope default: set start and end in both/);
});

function withScopes(controlScope: Scope, experimentScope: Scope, lookback: boolean): MetricQuery {
  const settings = QUERY.metric.provider.kayenta;
  assert.ok(settings !== undefined);
  const scopes = [{ name: 'default', controlScope, experimentScope }];
  return {
    ...QUERY,
    metric: { ...QUERY.metric, interval: '5m', provider: { kayenta: { ...settings, scopes, lookback } } },
    run: { ...QUERY.run, startedAtMs: NOW_MS - 3_600_000 },
  };
}

const SCORES: readonly (readonly [score: number, phase: string])[] = [
  [100, 'Successful'],
  [90, 'Successful'],
  [89.9, 'Inconclusive'],
  [75, 'Inconclusive'],
  [74, 'Failed'],
];

for (const [score, phase] of SCORES) {
  test(`a score of ${score} between 75 and 90 is ${phase}`, () => {
    assert.deepEqual(judgement({ complete: true, result: { judgeResult: { score: { score } } } }), {
      type: 'outcome',
      outcome: { type: 'verdict', phase, value: String(score), metadata: { canaryExecutionId: 'e1' } },
    });
  });
}

test('waits until the judgement is complete, and takes none without a score for an error', () => {
  assert.equal(judgement({ complete: false, status: 'running' }).type, 'wait');
  assert.match(errorOf(judgement({ complete: true, status: 'terminal' })), /without a score \(status terminal\)/);
  assert.match(errorOf(judgement({})), /does not say whether it is complete/);
});

function judgement(answer: unknown): ProviderStep {
  const query: MetricQuery = {
    ...QUERY,
    measurement: { phase: 'Running', metadata: { canaryExecutionId: 'e1' } },
  };
  const step = query.measurement === undefined ? undefined : kayenta.resume?.(query.measurement, query);
  assert.ok(step?.type === 'http' && step.url === 'http://kayenta:8090/canary/e1', JSON.stringify(step));
  return kayenta.next(step, httpAnswer(answer), query);
}
