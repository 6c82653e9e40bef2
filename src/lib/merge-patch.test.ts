import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { deepEqual } from './deep-equal.ts';
import { applyMergePatch, mergePatchBetween } from './merge-patch.ts';

describe('merge patches', () => {
  it('name what is gone with null', () => {
    assert.deepEqual(mergePatchBetween({ a: 1, b: { c: 2, d: 3 } }, { b: { c: 4 } }), {
      a: null,
      b: { c: 4, d: null },
    });
  });

  it('replace lists as a whole', () => {
    assert.deepEqual(mergePatchBetween({ a: [1, 2] }, { a: [1] }), { a: [1] });
  });

  it('are nothing between equal values, whatever the order of keys', () => {
    assert.equal(mergePatchBetween({ a: 1, b: 2 }, { b: 2, a: 1, c: undefined }), undefined);
  });

  it('tell fields from what every object inherits', () => {
    assert.deepEqual(mergePatchBetween({}, { constructor: 'a' }), { constructor: 'a' });
    assert.deepEqual(mergePatchBetween({ toString: 'a' }, {}), { toString: null });
    assert.equal(deepEqual({}, { constructor: 'a' }), false);
  });

  it('turn any object without nulls into any other', () => {
    const leaf = fc.oneof(fc.integer(), fc.string(), fc.boolean(), fc.array(fc.integer()));
    const inherited = fc.constantFrom('__proto__', 'constructor', 'toString', 'valueOf', 'hasOwnProperty');
    const name = fc.oneof(fc.string(), inherited);
    const objects = fc.dictionary(name, fc.oneof(leaf, fc.dictionary(name, leaf)));
    fc.assert(
      fc.property(objects, objects, (from, to) => {
        const patch = mergePatchBetween(from, to);
        return deepEqual(patch === undefined ? from : applyMergePatch(from, patch), to);
      }),
    );
  });
});
