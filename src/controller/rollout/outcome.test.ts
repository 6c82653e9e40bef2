import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KINDS } from '../../api/kinds.ts';
import type { RolloutStatus } from '../../api/rollout.ts';
import type { Effect } from '../../core/decision.ts';
import { withOutcomeLater } from './outcome.ts';

const TIME = '2026-01-01T00:00:00Z';
const BEFORE: RolloutStatus = {
  phase: 'Paused',
  message: 'CanaryPauseStep',
  observedGeneration: '2',
  currentStepIndex: 1,
  conditions: [condition('Paused')],
};
const ABORTED: RolloutStatus = {
  phase: 'Degraded',
  message: 'RolloutAborted: by its user',
  observedGeneration: '3',
  currentStepIndex: 0,
  abort: true,
  conditions: [condition('Progressing')],
};
const SWITCH: Effect = {
  type: 'write',
  purpose: 'lead back',
  write: { verb: 'delete', ref: { kind: KINDS.service, namespace: 'shop', name: 'canary' } },
};

function condition(type: string) {
  return {
    type,
    status: 'True',
    reason: 'Reason',
    message: '',
    lastUpdateTime: TIME,
    lastTransitionTime: TIME,
  } as const;
}

describe('what is put off until the effects are done', () => {
  it('is what a status says of the outcome, and nothing that a pass rests on', () => {
    const { phase, message, observedGeneration } = BEFORE;

    assert.deepEqual(withOutcomeLater(BEFORE, ABORTED, [SWITCH]), {
      ...ABORTED,
      phase,
      message,
      observedGeneration,
    });
  });

  it('is the end of a blue-green update, too', () => {
    const next: RolloutStatus = { ...ABORTED, phase: 'Healthy', stableRS: 'new', blueGreen: { activeSelector: 'new' } };

    assert.equal(withOutcomeLater(BEFORE, next, [SWITCH])?.phase, 'Paused');
    assert.equal(withOutcomeLater(BEFORE, next, [])?.phase, 'Paused');
  });

  const atOnce: readonly [string, RolloutStatus | undefined, RolloutStatus, readonly Effect[]][] = [
    ['nothing without effects', BEFORE, ABORTED, []],
    ['nothing of a Rollout that goes on', BEFORE, { ...ABORTED, phase: 'Progressing' }, [SWITCH]],
    ['nothing of one that rests already', { ...BEFORE, phase: 'Degraded' }, ABORTED, [SWITCH]],
    ['nothing of one that was never looked at', undefined, ABORTED, [SWITCH]],
    ['nothing of a canary that became stable', BEFORE, { ...ABORTED, phase: 'Healthy', stableRS: 'new' }, [SWITCH]],
  ];
  for (const [title, before, next, effects] of atOnce) {
    it(`is ${title}`, () => {
      assert.equal(withOutcomeLater(before, next, effects), undefined);
    });
  }
});
