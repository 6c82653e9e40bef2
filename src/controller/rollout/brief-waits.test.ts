import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RolloutCondition, RolloutStatus } from '../../api/rollout.ts';
import { BriefWaits } from './brief-waits.ts';

const PROGRESSING = condition('Progressing', 'on its way');
const BEFORE: RolloutStatus = { phase: 'Progressing', conditions: [PROGRESSING] };
const WAITING: RolloutStatus = { ...BEFORE, conditions: [PROGRESSING, condition('Waiting', 'for endpoints')] };

function condition(type: string, message: string): RolloutCondition {
  const time = '2026-01-01T00:00:00Z';
  return { type, status: 'True', reason: 'Reason', message, lastUpdateTime: time, lastTransitionTime: time };
}

test('what is waited for is told once the wait has lasted a second, counted from its first pass', () => {
  const waits = new BriefWaits();
  const otherwise = { ...WAITING, conditions: [PROGRESSING, condition('Waiting', 'for the data plane')] };

  assert.equal(waits.heldUntilMs('ns/a', { before: BEFORE, next: WAITING, nowMs: 10_000 }), 11_000);
  assert.equal(waits.heldUntilMs('ns/a', { before: BEFORE, next: otherwise, nowMs: 10_900 }), 11_000);
  assert.equal(waits.heldUntilMs('ns/a', { before: BEFORE, next: otherwise, nowMs: 11_000 }), undefined);
});

test('a status with other news is written at once, with its wait, and so is nothing at all', () => {
  const waits = new BriefWaits();

  assert.equal(
    waits.heldUntilMs('ns/a', { before: BEFORE, next: { ...WAITING, phase: 'Paused' }, nowMs: 0 }),
    undefined,
  );
  assert.equal(waits.heldUntilMs('ns/a', { before: WAITING, next: WAITING, nowMs: 0 }), undefined);
});

test('each wait has its own second, and each Rollout', () => {
  const waits = new BriefWaits();
  waits.heldUntilMs('ns/a', { before: BEFORE, next: WAITING, nowMs: 0 });

  assert.equal(waits.heldUntilMs('ns/b', { before: BEFORE, next: WAITING, nowMs: 900 }), 1_900);
  waits.heldUntilMs('ns/a', { before: BEFORE, next: BEFORE, nowMs: 950 });
  assert.equal(waits.heldUntilMs('ns/a', { before: BEFORE, next: WAITING, nowMs: 960 }), 1_960);
});
