import assert from 'node:assert/strict';
import { test } from 'node:test';

import { errorOf, httpAnswer, NOW_MS, providerQuery, startHttp } from '../../test/support/provider-query.ts';
import type { MetricQuery, ProviderStep } from './contract.ts';
import { kayenta } from './kayenta.ts';

const SCOPE = { scope: 'shop', region: 'eu', step: 60, start: '2026-01-01T00:00:00Z', end: '2026-01-01T00:10:00Z' };
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
    scopes: { default: { controlScope: { ...SCOPE, scope: 'stable' }, experimentScope: SCOPE } },
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
      outcome: { type: 'verdict', phase, value: score.toFixed(2), metadata: { canaryExecutionId: 'e1' } },
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
