import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../api/kube-object.ts';
import type { Rollout, RolloutStatus } from '../../api/rollout.ts';
import { AdditiveStatus } from './additive-status.ts';

const MEANT: RolloutStatus = {
  phase: 'Healthy',
  conditions: [],
  canary: { weights: { canary: { weight: 0 }, stable: { weight: 100 } } },
  headgate: { step: '1/2' },
};

function answer(status: object): KubeObject {
  return { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', metadata: { name: 'shop' }, status } as KubeObject;
}

function rollout(status: RolloutStatus): Rollout {
  return { metadata: { name: 'shop' }, spec: {}, status } as unknown as Rollout;
}

test('what the API server drops is not written again, and a condition names it', () => {
  const additive = new AdditiveStatus();
  const { headgate: _dropped, ...held } = MEANT;

  assert.deepEqual(additive.kept(MEANT, 0), MEANT);
  assert.equal(additive.learns(MEANT, answer({ ...held, canary: {} })), true);
  const kept = additive.kept(MEANT, 0);

  assert.equal(kept.headgate, undefined);
  assert.deepEqual(kept.canary, {});
  assert.equal(
    kept.conditions?.[0]?.message,
    'The CRD rollouts.argoproj.io drops status.canary.weights and status.headgate; apply the CRDs of Headgate',
  );
  assert.equal(additive.isUntold(rollout(MEANT)), true);
  assert.equal(additive.isUntold(rollout(kept)), false);
  assert.deepEqual(additive.kept({ ...MEANT, conditions: kept.conditions }, 60_000), kept, 'it is told once');
});

test('when the API server keeps it again, it is written, and the condition goes', () => {
  const additive = new AdditiveStatus();
  const { headgate: _dropped, ...held } = MEANT;
  additive.learns(MEANT, answer(held));
  const told = additive.kept(MEANT, 0);

  assert.equal(additive.learns(MEANT, answer(MEANT)), true);

  assert.deepEqual(additive.kept({ ...MEANT, conditions: told.conditions }, 0), MEANT);
  assert.equal(additive.isUntold(rollout(told)), true);
});

test('a status that lacks a field tells nothing about it', () => {
  const additive = new AdditiveStatus();
  additive.learns(
    { ...MEANT, duration: { totalSeconds: 1 } } as RolloutStatus,
    answer({ phase: 'Healthy', conditions: [], canary: MEANT.canary }),
  );
  const told = additive.dropped;

  assert.equal(
    additive.learns({ phase: 'Paused', conditions: [] }, answer({ phase: 'Paused', conditions: [] })),
    false,
  );
  const { headgate: _dropped, ...held } = MEANT;
  assert.equal(additive.learns(MEANT, answer(held)), false);

  assert.deepEqual(told, ['duration', 'headgate']);
  assert.deepEqual(additive.dropped, told);

  additive.learns(MEANT, answer(MEANT));
  assert.deepEqual(additive.dropped, [], 'it is another CRD now');
});

test('an answer without news is no news', () => {
  const additive = new AdditiveStatus();

  assert.equal(additive.learns(MEANT, undefined), false);
  assert.equal(additive.learns({ phase: 'Healthy' }, answer({ phase: 'Healthy' })), false);
  assert.equal(additive.learns(MEANT, answer(MEANT)), true);
  assert.equal(additive.learns(MEANT, answer(MEANT)), false);
});
