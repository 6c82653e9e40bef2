import assert from 'node:assert/strict';
import { test } from 'node:test';
import { perObject } from './per-object.ts';

test('an object is looked at once, and each one for itself', () => {
  const seen: object[] = [];
  const sizeOf = perObject((list: readonly number[]) => {
    seen.push(list);
    return list.length === 0 ? undefined : list.length;
  });
  const [one, other, empty] = [[1], [1], []];

  assert.deepEqual(
    [sizeOf(one), sizeOf(one), sizeOf(other), sizeOf(empty), sizeOf(empty)],
    [1, 1, 1, undefined, undefined],
  );
  assert.deepEqual(seen, [one, other, empty]);
  assert.equal(seen.length, 3);
});

test('what fails is tried again', () => {
  let attempts = 0;
  const fragile = perObject<object, number>(() => {
    attempts += 1;
    if (attempts === 1) throw new Error('not yet');
    return attempts;
  });
  const object = {};
  assert.throws(() => fragile(object));
  assert.equal(fragile(object), 2);
});
