import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Rollout, RolloutStatus } from '../../api/rollout.ts';
import { Contest, isTold, withContest } from './contest.ts';

const MINUTE = 60_000;
const NAMES = { headgate: 'headgate', other: 'rollouts-controller', kubectl: 'kubectl-argo-rollouts' } as const;
const TOLD = withContest({}, { isContested: true, nowMs: 0 });

/** As its managers left it, each with the second in which it wrote last. */
function rollout(writes: Partial<Record<keyof typeof NAMES, number>>, status: RolloutStatus = {}): Rollout {
  const managedFields = Object.entries(writes).map(([who, second]) => ({
    manager: NAMES[who as keyof typeof NAMES],
    subresource: 'status',
    time: `2026-01-01T00:00:${String(second).padStart(2, '0')}Z`,
  }));
  return { metadata: { namespace: 'ns', name: 'shop', managedFields }, spec: {}, status } as unknown as Rollout;
}

test('what another controller left behind is no sign of it, though its clock and ours differ', () => {
  const contest = new Contest();

  for (const nowMs of [0, 1_000, 20 * MINUTE]) {
    assert.equal(contest.untilMs(rollout({ other: 50, headgate: 10 }), nowMs), undefined);
  }
  assert.deepEqual([contest.count(20 * MINUTE), contest.isQuiet(20 * MINUTE)], [0, true]);
});

test('a write of it after ours is, for ten minutes', () => {
  const contest = new Contest();
  contest.untilMs(rollout({ other: 50 }), 0);

  assert.equal(contest.untilMs(rollout({ other: 52 }), 1_000), 1_000 + 10 * MINUTE);
  assert.equal(contest.untilMs(rollout({ other: 52, headgate: 53 }), 5 * MINUTE), 1_000 + 10 * MINUTE);
  assert.deepEqual([contest.count(5 * MINUTE), contest.isQuiet(5 * MINUTE)], [1, false]);
  assert.equal(contest.untilMs(rollout({ other: 52, headgate: 53 }), 1_000 + 10 * MINUTE), undefined);
  assert.deepEqual([contest.count(1_000 + 10 * MINUTE), contest.isQuiet(1_000 + 10 * MINUTE)], [0, true]);
});

test('so is its first one to an object that it had never written to', () => {
  const contest = new Contest();
  contest.untilMs(rollout({ headgate: 1 }), 0);

  assert.notEqual(contest.untilMs(rollout({ headgate: 1, other: 2 }), 1_000), undefined);
});

test('people and their tools are no controllers, and who stops owning any field has not written', () => {
  const contest = new Contest();
  contest.untilMs(rollout({ other: 1 }), 0);

  assert.equal(contest.untilMs(rollout({ other: 1, kubectl: 5 }), 1_000), undefined);
  assert.equal(contest.untilMs(rollout({ kubectl: 5 }), 2_000), undefined);
});

test('what an earlier process told of stands for ten minutes more', () => {
  const contest = new Contest();

  assert.equal(contest.untilMs(rollout({ other: 1 }, TOLD), 0), 10 * MINUTE);
  assert.equal(contest.untilMs(rollout({ other: 1 }, TOLD), 10 * MINUTE), undefined);
});

test('what somebody else looks after now is forgotten', () => {
  const contest = new Contest();
  contest.untilMs(rollout({ other: 1 }), 0);
  contest.untilMs(rollout({ other: 2 }), 0);

  contest.forget('ns/shop');

  assert.equal(contest.count(0), 0);
  assert.equal(contest.untilMs(rollout({ other: 3 }), 0), undefined);
});

test('the condition is written once and taken away once', () => {
  const later = withContest(TOLD, { isContested: true, nowMs: MINUTE });

  assert.equal(isTold(rollout({}, TOLD)), true);
  assert.deepEqual(later, TOLD);
  assert.deepEqual(withContest(TOLD, { isContested: false, nowMs: MINUTE }), { conditions: [] });
  assert.deepEqual(withContest({}, { isContested: false, nowMs: MINUTE }), {});
});
