import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { RolloutCondition } from '../../api/rollout.ts';
import { phaseLabel } from './phase-label.ts';

const LABELS: readonly (readonly [reason: string, label: string])[] = [
  ['NewReplicaSetCreated', 'Progressing'],
  ['ReplicaSetUpdated', 'Progressing'],
  ['RolloutRetry', 'Progressing'],
  ['NewReplicaSetAvailable', 'Completed'],
  ['RolloutPaused', 'Paused'],
  ['ReplicaSetCreateError', 'Error'],
  ['ProgressDeadlineExceeded', 'Timeout'],
  ['RolloutAborted', 'Abort'],
];

for (const [reason, label] of LABELS) {
  test(`a Rollout whose progress reads ${reason} is ${label}`, () => {
    assert.equal(phaseLabel({ conditions: [condition('Progressing', reason)] }), label);
  });
}

test('an invalid spec outweighs all else', () => {
  const conditions = [condition('Progressing', 'RolloutAborted'), condition('InvalidSpec', 'InvalidSpec')];

  assert.equal(phaseLabel({ conditions }), 'InvalidSpec');
});

function condition(type: string, reason: string): RolloutCondition {
  const time = '2026-01-01T00:00:00Z';
  return { type, status: 'True', reason, message: '', lastTransitionTime: time, lastUpdateTime: time };
}
