import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLanes, type Lane, type Lanes } from './lanes.ts';

function waiting(keys: Readonly<Record<string, Lane>>): Lanes {
  const lanes = createLanes();
  for (const [key, lane] of Object.entries(keys)) lanes.join(key, lane, 0);
  return lanes;
}

function takeAll(lanes: Lanes, last: Lane = 'resting'): readonly string[] {
  const taken: string[] = [];
  for (let next = lanes.take(last); next !== undefined; next = lanes.take(last)) taken.push(next.key);
  return taken;
}

test('lanes are served by precedence, keys of a lane in order of arrival', () => {
  const lanes = waiting({ a: 'resting', b: 'underway', c: 'due', d: 'resting', e: 'due' });

  assert.deepEqual(takeAll(lanes), ['c', 'e', 'b', 'a', 'd']);
  assert.equal(lanes.size, 0);
});

test('a key waits once; a lane before its own moves it up, and it has waited since it came', () => {
  const lanes = createLanes();

  assert.equal(lanes.join('a', 'resting', 10), true);
  assert.equal(lanes.join('a', 'due', 20), false);
  assert.equal(lanes.join('a', 'underway', 30), false);

  assert.equal(lanes.size, 1);
  assert.deepEqual(lanes.take('resting'), { key: 'a', lane: 'due', sinceMs: 10 });
});

test('only the lanes up to the one that is asked for are served', () => {
  const lanes = waiting({ a: 'resting', b: 'underway', c: 'due' });

  assert.deepEqual(takeAll(lanes, 'due'), ['c']);
  assert.deepEqual(takeAll(lanes, 'underway'), ['b']);
  assert.deepEqual(takeAll(lanes, 'resting'), ['a']);
});

test('one turn in sixteen goes to the last lane in which somebody waits, and no turn is saved up', () => {
  const lanes = createLanes();
  const turn = (): string | undefined => {
    lanes.join('busy', 'due', 0);
    return lanes.take('resting')?.key;
  };
  for (let turns = 0; turns < 100; turns += 1) assert.equal(turn(), 'busy');

  lanes.join('late', 'resting', 0);
  const served = Array.from({ length: 16 }, turn);

  assert.deepEqual(served, [...Array.from({ length: 15 }, () => 'busy'), 'late']);
});
