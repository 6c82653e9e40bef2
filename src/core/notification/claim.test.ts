import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { turnOf } from './claim.ts';

describe('the claim on a notice', () => {
  const claim = { by: 'a', atMs: 100_000 };
  const cases = [
    { title: 'is to be made where there is none', claim: undefined, by: 'a', nowMs: 0, type: 'free' },
    { title: 'lets its owner send while an exchange still fits', claim, by: 'a', nowMs: 104_999, type: 'ours' },
    { title: 'is to be renewed when none fits any more', claim, by: 'a', nowMs: 105_000, type: 'free' },
    { title: 'is to be renewed when the clock went back', claim, by: 'a', nowMs: 99_999, type: 'free' },
    { title: 'keeps others away until the last exchange is over', claim, by: 'b', nowMs: 119_999, type: 'theirs' },
    { title: 'is free for others after that', claim, by: 'b', nowMs: 120_000, type: 'free' },
  ] as const;

  for (const { title, claim: recorded, by, nowMs, type } of cases) {
    it(title, () => assert.equal(turnOf(recorded, { by, nowMs }).type, type));
  }
});
