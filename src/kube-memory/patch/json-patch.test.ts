import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { applyJsonPatch, PatchFailed } from './json-patch.ts';

type Case = readonly [title: string, document: unknown, patch: unknown, expected: unknown];

describe('JSON patches', () => {
  const cases: readonly Case[] = [
    ['add a field', { a: 1 }, [{ op: 'add', path: '/b', value: 2 }], { a: 1, b: 2 }],
    ['add replaces a field that is there', { a: 1 }, [{ op: 'add', path: '/a', value: 2 }], { a: 2 }],
    ['insert into a list', [1, 3], [{ op: 'add', path: '/1', value: 2 }], [1, 2, 3]],
    ['append to a list', [1], [{ op: 'add', path: '/-', value: 2 }], [1, 2]],
    ['remove from a list', [1, 2, 3], [{ op: 'remove', path: '/1' }], [1, 3]],
    ['replace the whole document', { a: 1 }, [{ op: 'replace', path: '', value: { b: 1 } }], { b: 1 }],
    ['move a value', { a: { x: 1 } }, [{ op: 'move', from: '/a/x', path: '/y' }], { a: {}, y: 1 }],
    ['copy a value', { a: [1] }, [{ op: 'copy', from: '/a', path: '/b' }], { a: [1], b: [1] }],
    [
      'escaped names',
      { 'a/b': { 'c~d': 1 } },
      [{ op: 'replace', path: '/a~1b/c~0d', value: 2 }],
      { 'a/b': { 'c~d': 2 } },
    ],
    [
      'test equal values whatever their key order',
      { a: { x: 1, y: 2 } },
      [{ op: 'test', path: '/a', value: { y: 2, x: 1 } }],
      { a: { x: 1, y: 2 } },
    ],
    ['replace an absent field, as an API server does', {}, [{ op: 'replace', path: '/a', value: 1 }], { a: 1 }],
    ['test null against what is absent', {}, [{ op: 'test', path: '/a', value: null }], {}],
    [
      '__proto__ is a name like any other',
      {},
      [{ op: 'add', path: '/__proto__', value: 1 }],
      JSON.parse('{"__proto__":1}'),
    ],
  ];
  for (const [title, document, patch, expected] of cases) {
    it(title, () => {
      const before = structuredClone(document);
      assert.deepEqual(applyJsonPatch(document, patch), expected);
      assert.deepEqual(document, before, 'the document is not changed');
    });
  }

  const failures: readonly (readonly [title: string, document: unknown, patch: unknown])[] = [
    ['a failed test', { a: 1 }, [{ op: 'test', path: '/a', value: 2 }]],
    ['removing what is absent', {}, [{ op: 'remove', path: '/a' }]],
    ['replacing an absent item', [1], [{ op: 'replace', path: '/3', value: 1 }]],
    ['adding under what is absent', {}, [{ op: 'add', path: '/a/b', value: 1 }]],
    ['an index beyond the end', [1], [{ op: 'add', path: '/2', value: 1 }]],
    ['an index with a leading zero', [1, 2], [{ op: 'replace', path: '/01', value: 1 }]],
    ['a move into itself', { a: {} }, [{ op: 'move', from: '/a', path: '/a/b' }]],
    ['a path without a slash', {}, [{ op: 'add', path: 'a', value: 1 }]],
    ['an unknown operation', {}, [{ op: 'set', path: '/a', value: 1 }]],
    ['add without a value', {}, [{ op: 'add', path: '/a' }]],
    ['a patch that is no list', {}, { op: 'add' }],
  ];
  for (const [title, document, patch] of failures) {
    it(`fail on ${title}`, () => assert.throws(() => applyJsonPatch(document, patch), PatchFailed));
  }
});
