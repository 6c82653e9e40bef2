import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mergeValue } from './three-way-value.ts';

describe('a three-way merge of values', () => {
  it('restores single leaves and keeps later ones', () => {
    const base = { spec: { replicas: 2, image: 'v2', list: [{ name: 'a', v: 2 }] } };
    const ours = { spec: { replicas: 5, image: 'v2', list: [{ name: 'a', v: 2, w: 1 }] }, extra: true };
    const theirs = { spec: { replicas: 2, image: 'v1', list: [{ name: 'a', v: 1 }] } };

    const merged = mergeValue({ base, ours, theirs });

    assert.deepEqual(merged, {
      value: { spec: { replicas: 5, image: 'v1', list: [{ name: 'a', v: 1, w: 1 }] }, extra: true },
    });
  });

  it('takes away what was added and brings back what was taken away', () => {
    assert.deepEqual(mergeValue({ base: { a: 1 }, ours: { a: 1, c: 3 }, theirs: { b: 2 } }), { value: { b: 2, c: 3 } });
  });

  it('names the field of a conflict', () => {
    const of = (image: string): unknown => ({ spec: { containers: [{ image }] } });

    assert.deepEqual(mergeValue({ base: of('v2'), ours: of('v3'), theirs: of('v1') }), {
      conflict: 'spec.containers[0].image',
    });
  });

  it('does not merge lists of different length by position', () => {
    assert.deepEqual(mergeValue({ base: { l: [1, 2] }, ours: { l: [1, 2, 3] }, theirs: { l: [0, 2] } }), {
      conflict: 'l',
    });
  });
});
