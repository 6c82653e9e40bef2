import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { mergeText } from './three-way-text.ts';

const text = (...lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

describe('a three-way merge of lines', () => {
  const base = text('a', 'b', 'c', 'd');

  it('combines changes of different lines, also of neighbours', () => {
    assert.equal(
      mergeText({ base, ours: text('A', 'b', 'c', 'd'), theirs: text('a', 'B', 'c', 'd') }),
      text('A', 'B', 'c', 'd'),
    );
    assert.equal(
      mergeText({ base, ours: text('a', 'x', 'b', 'c', 'd'), theirs: text('a', 'b', 'c') }),
      text('a', 'x', 'b', 'c'),
    );
  });

  it('takes a change that both made once', () => {
    assert.equal(
      mergeText({ base, ours: text('A', 'b', 'c', 'D'), theirs: text('A', 'b', 'C', 'd') }),
      text('A', 'b', 'C', 'D'),
    );
  });

  it('gives up when both changed one line in different ways, or inserted at one place', () => {
    assert.equal(mergeText({ base, ours: text('a', 'X', 'c', 'd'), theirs: text('a', 'Y', 'c', 'd') }), undefined);
    assert.equal(
      mergeText({ base, ours: text('a', 'x', 'b', 'c', 'd'), theirs: text('a', 'y', 'b', 'c', 'd') }),
      undefined,
    );
  });

  it('keeps a last line without a line end', () => {
    assert.equal(mergeText({ base: 'a\nb', ours: 'A\nb', theirs: 'a\nB' }), 'A\nB');
  });

  const anyText = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 12 }).map((lines) => text(...lines));

  it('is the other side when one side is the base, and does not care which side is which', () => {
    fc.assert(
      fc.property(anyText, anyText, anyText, (first, ours, theirs) => {
        assert.equal(mergeText({ base: first, ours: first, theirs }), theirs);
        assert.equal(mergeText({ base: first, ours, theirs: first }), ours);
        assert.equal(mergeText({ base: first, ours, theirs: ours }), ours);
        assert.equal(mergeText({ base: first, ours, theirs }), mergeText({ base: first, ours: theirs, theirs: ours }));
      }),
    );
  });

  it('undoes a change below or above other work without touching it', () => {
    fc.assert(
      fc.property(anyText, anyText, anyText, anyText, (head, good, bad, tail) => {
        const frame = (middle: string, end: string): string => `${head}=\n${middle}=\n${end}`;
        const merged = mergeText({
          base: frame(bad, tail),
          ours: frame(bad, `${tail}later\n`),
          theirs: frame(good, tail),
        });
        if (merged !== undefined) assert.equal(merged, frame(good, `${tail}later\n`));
      }),
    );
  });
});
