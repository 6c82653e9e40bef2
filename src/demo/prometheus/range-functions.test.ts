import assert from 'node:assert/strict';
import { test } from 'node:test';
import { extrapolatedChange, instantChange, largest, preciseSum, smallest } from './range-functions.ts';

const every10s = (values: readonly number[], firstMs = 10_000): { atMs: number; value: number }[] =>
  values.map((value, index) => ({ atMs: firstMs + index * 10_000, value }));

test('needs two points', () => {
  assert.equal(extrapolatedChange([{ atMs: 1, value: 1 }], { startMs: 0, endMs: 10 }, 'counter'), undefined);
});

test('extrapolates to an edge that is within 1.1 average distances', () => {
  const points = every10s([100, 110, 120]);

  assert.equal(extrapolatedChange(points, { startMs: 5_000, endMs: 35_000 }, 'counter'), 30);
});

test('extrapolates by half a distance where the edge is further away', () => {
  const points = every10s([100, 110, 120]);

  assert.equal(extrapolatedChange(points, { startMs: -60_000, endMs: 90_000 }, 'counter'), 30);
});

test('never extrapolates a counter below zero', () => {
  const points = every10s([2, 12, 22]);

  assert.equal(extrapolatedChange(points, { startMs: 0, endMs: 30_000 }, 'counter'), 22);
  assert.equal(extrapolatedChange(points, { startMs: 0, endMs: 30_000 }, 'gauge'), 30);
});

test('looks at the distance to the edge before it looks at a counter’s zero', () => {
  // Zero would be 8 s before the first point: more than half a distance (5 s), less than the reach (11 s).
  const points = every10s([8, 18, 28]);

  assert.equal(extrapolatedChange(points, { startMs: -60_000, endMs: 30_000 }, 'counter'), 25);
});

test('counts a drop of a counter as a restart from zero', () => {
  const points = every10s([100, 110, 5, 15], 0);

  assert.equal(extrapolatedChange(points, { startMs: 0, endMs: 30_000 }, 'counter'), 25);
});

test('takes the value itself when the counter restarted between the last two points', () => {
  assert.deepEqual(instantChange(every10s([100, 7]), 'counter'), { change: 7, ms: 10_000 });
  assert.deepEqual(instantChange(every10s([100, 7]), 'gauge'), { change: -93, ms: 10_000 });
});

test('loses no small value beside a large one', () => {
  assert.equal(preciseSum([1e100, 1, -1e100]), 1);
});

test('NaN is the largest and the smallest only where there is nothing else', () => {
  assert.deepEqual(
    [largest([Number.NaN, 1, 2]), smallest([Number.NaN, 1, 2]), largest([Number.NaN])],
    [2, 1, Number.NaN],
  );
});
