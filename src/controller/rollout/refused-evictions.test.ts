import assert from 'node:assert/strict';
import { test } from 'node:test';

import { RefusedEvictions } from './refused-evictions.ts';

function refusal(message: string, retryAfterMs?: number): Error {
  return Object.assign(new Error('no'), { name: 'KubeError', causes: [{ message }], retryAfterMs });
}

test('a pod that may not be evicted is left alone ever longer, and at least as long as the API server asks', () => {
  const refused = new RefusedEvictions();
  const untilMs = (error: Error): number | undefined => {
    refused.add('web/shop', 'a', { error, nowMs: 0 });
    return refused.of('web/shop', ['a'])[0]?.untilMs;
  };
  const spent = refusal('the budget is spent');

  const alone = [spent, spent, refusal('busy', 10_000), spent, spent, spent].map(untilMs);

  assert.deepEqual(alone, [2_000, 4_000, 10_000, 16_000, 30_000, 30_000]);
  assert.equal(refused.of('web/shop', ['a'])[0]?.message, 'the budget is spent');
});

test('a pod that is gone, and a Rollout that is, are forgotten', () => {
  const refused = new RefusedEvictions();
  for (const uid of ['a', 'b']) refused.add('web/shop', uid, { error: refusal('no'), nowMs: 0 });

  assert.deepEqual(
    refused.of('web/shop', ['b', 'c']).map(({ uid }) => uid),
    ['b'],
  );
  refused.forget('web/shop');
  assert.deepEqual(refused.of('web/shop', ['b']), []);
});
