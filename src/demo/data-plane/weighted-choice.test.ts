import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WeightedChoice } from './weighted-choice.ts';

function count(choice: WeightedChoice, weights: Record<string, number>, picks: number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let pick = 0; pick < picks; pick++) {
    const key = choice.pick(new Map(Object.entries(weights))) ?? 'none';
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

test('gives every choice exactly its share of each round', () => {
  assert.deepEqual(count(new WeightedChoice(), { stable: 80, canary: 20 }, 100), { stable: 80, canary: 20 });
});

test('never picks what weighs nothing, not even with credit from before', () => {
  const choice = new WeightedChoice();
  count(choice, { stable: 50, canary: 50 }, 3);

  assert.deepEqual(count(choice, { stable: 100, canary: 0 }, 50), { stable: 50 });
});

test('picks nothing when nothing weighs anything', () => {
  assert.deepEqual(count(new WeightedChoice(), { stable: 0 }, 1), { none: 1 });
});
