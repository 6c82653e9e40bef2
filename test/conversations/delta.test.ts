import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Json } from './conversation.ts';
import { deltaBetween, packer, withDelta } from './delta.ts';

describe('the difference of two documents', () => {
  it('makes the one from the other', () => {
    const inherited = fc.constantFrom('__proto__', 'constructor', 'toString', 'valueOf', 'hasOwnProperty');
    const document = fc.dictionary(fc.oneof(fc.string(), inherited), fc.jsonValue());
    fc.assert(
      fc.property(document, document, (from, to) => {
        const [before, after] = [plain(from), plain(to)];
        assert.deepEqual(withDelta(before, deltaBetween(before, after)), after);
      }),
    );
  });

  it('is kept instead of a document that is like an earlier one', () => {
    const first = { kind: 'A', metadata: { name: 'a' }, text: 'x'.repeat(200), count: 1 };
    const second = { ...first, count: 2 };
    const { pack } = packer();
    const packed = [pack(first), pack(second)];
    const { unpack } = packer();

    assert.deepEqual(packed[1], { like: 0, set: { '/count': 2 } });
    assert.deepEqual(packed.map(unpack), [first, second]);
  });
});

/** As it is read from a file: without -0. */
function plain(value: unknown): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}
