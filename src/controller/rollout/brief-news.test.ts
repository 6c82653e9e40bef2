import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RolloutCondition, RolloutStatus } from '../../api/rollout.ts';
import { BriefNews } from './brief-news.ts';

const PROGRESSING = condition('Progressing', 'on its way');
const BEFORE: RolloutStatus = {
  phase: 'Progressing',
  message: 'more replicas need to be updated',
  replicas: 4,
  updatedReplicas: 0,
  currentStepIndex: 0,
  conditions: [PROGRESSING],
};
const WAITING: RolloutStatus = { ...BEFORE, conditions: [PROGRESSING, condition('Waiting', 'for endpoints')] };

function condition(type: string, message: string): RolloutCondition {
  const time = '2026-01-01T00:00:00Z';
  return { type, status: 'True', reason: 'Reason', message, lastUpdateTime: time, lastTransitionTime: time };
}

function weights(canary: number): RolloutStatus['canary'] {
  return { weights: { canary: { weight: canary }, stable: { weight: 100 - canary }, verified: false } };
}

test('what is waited for is told once the wait has lasted a second, counted from its first pass', () => {
  const news = new BriefNews();
  const otherwise = { ...WAITING, conditions: [PROGRESSING, condition('Waiting', 'for the data plane')] };

  assert.equal(news.heldUntilMs('ns/a', { before: BEFORE, next: WAITING, nowMs: 10_000 }), 11_000);
  assert.equal(news.heldUntilMs('ns/a', { before: BEFORE, next: otherwise, nowMs: 10_900 }), 11_000);
  assert.equal(news.heldUntilMs('ns/a', { before: BEFORE, next: otherwise, nowMs: 11_000 }), undefined);
});

test('where a pass with more to tell comes soon after, it waits for that one, but never two seconds', () => {
  const news = new BriefNews();
  const at = (nowMs: number, wakeAtMs: number): number | undefined =>
    news.heldUntilMs('ns/a', { before: BEFORE, next: WAITING, nowMs, wakeAtMs });

  assert.deepEqual([at(10_000, 11_500), at(11_200, 11_500), at(11_500, 40_000)], [11_500, 11_500, undefined]);
  assert.deepEqual([at(20_000, 22_001), at(21_000, 22_001)], [21_000, undefined]);
});

const BRIEF: readonly [string, Partial<RolloutStatus>][] = [
  ['a count of pods', { replicas: 5, updatedReplicas: 1, readyReplicas: 5, availableReplicas: 5, HPAReplicas: 4 }],
  ['what progress is made of', { message: 'updated replicas are still becoming available' }],
  ['progress itself', { conditions: [condition('Progressing', 'ReplicaSet "web" is progressing.')] }],
  ['a weight on its way', { canary: weights(20), headgate: { weight: '20' } }],
];

for (const [title, news] of BRIEF) {
  test(`${title} is told at most once a second`, () => {
    const next = { ...BEFORE, ...news };
    assert.equal(new BriefNews().heldUntilMs('ns/a', { before: BEFORE, next, nowMs: 0 }), 1_000);
  });
}

test('that all pods have come, or gone, is told soon; what comes before is not', () => {
  const at = (replicas: number) =>
    new BriefNews().heldUntilMs('ns/a', { before: BEFORE, next: { ...BEFORE, replicas }, nowMs: 0, podsWanted: 6 });

  assert.deepEqual([at(5), at(6)], [1_000, 300]);
});

const LASTING: readonly [string, Partial<RolloutStatus>][] = [
  ['another phase', { phase: 'Paused' }],
  ['another step', { currentStepIndex: 1, replicas: 5 }],
  ['a pause', { pauseConditions: [{ reason: 'CanaryPauseStep', startTime: '2026-01-01T00:00:00Z' }] }],
  ['an abort', { abort: true }],
  ['progress that ended', { conditions: [{ ...PROGRESSING, status: 'False' }] }],
  ['a condition', { conditions: [PROGRESSING, condition('Available', 'yes')] }],
  ['a run', { canary: { currentStepAnalysisRunStatus: { name: 'web-1', status: 'Running' } } }],
  ['a new generation', { observedGeneration: '2' }],
];

for (const [title, news] of LASTING) {
  test(`${title} is written at once, with all that was held back`, () => {
    const next = { ...WAITING, canary: weights(20), ...news };
    assert.equal(new BriefNews().heldUntilMs('ns/a', { before: BEFORE, next, nowMs: 0 }), undefined);
  });
}

test('what is so already is not written', () => {
  assert.equal(new BriefNews().heldUntilMs('ns/a', { before: WAITING, next: WAITING, nowMs: 0 }), undefined);
});

test('a message that is no progress is news', () => {
  const paused: RolloutStatus = { ...BEFORE, phase: 'Paused' };
  const next = { ...paused, message: 'manually paused' };
  assert.equal(new BriefNews().heldUntilMs('ns/a', { before: paused, next, nowMs: 0 }), undefined);
});

test('each piece of news has its own second, and each Rollout', () => {
  const news = new BriefNews();
  news.heldUntilMs('ns/a', { before: BEFORE, next: WAITING, nowMs: 0 });

  assert.equal(news.heldUntilMs('ns/b', { before: BEFORE, next: WAITING, nowMs: 900 }), 1_900);
  news.heldUntilMs('ns/a', { before: BEFORE, next: BEFORE, nowMs: 950 });
  assert.equal(news.heldUntilMs('ns/a', { before: BEFORE, next: WAITING, nowMs: 960 }), 1_960);
});
