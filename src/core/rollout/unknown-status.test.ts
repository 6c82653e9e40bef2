import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RolloutStatus } from '../../api/rollout.ts';
import { withUnknown } from './unknown-status.ts';

test('what another version wrote is left as it is, wherever it stands', () => {
  const before = {
    phase: 'Paused',
    later: { since: 1 },
    canary: { weights: undefined, later: 'a' },
    headgate: { step: '1/4', later: true },
  } as unknown as RolloutStatus;

  assert.deepEqual(withUnknown({ phase: 'Healthy', headgate: { step: '2/4' } }, before), {
    phase: 'Healthy',
    later: { since: 1 },
    canary: { later: 'a' },
    headgate: { step: '2/4', later: true },
  });
});

test('what is known and gone stays gone, and a status without anything else is the same object', () => {
  const next: RolloutStatus = { phase: 'Healthy' };

  assert.equal(withUnknown(next, { phase: 'Paused', abort: true, canary: { currentExperiment: 'e' } }), next);
  assert.equal(withUnknown(next, undefined), next);
});
