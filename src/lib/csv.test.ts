import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCsv } from './csv.ts';

const CASES: readonly (readonly [text: string, rows: readonly (readonly string[])[]])[] = [
  ['', []],
  ['a,b\n', [['a', 'b']]],
  [
    'a,b\r\n1,2',
    [
      ['a', 'b'],
      ['1', '2'],
    ],
  ],
  [',,\n', [['', '', '']]],
  ['a\n\nb\n', [['a'], [], ['b']]],
  ['"a,b","say ""hi""","two\nlines"\n', [['a,b', 'say "hi"', 'two\nlines']]],
  ['""\n', [['']]],
  ['"open\n1', [['open\n1']]],
];

for (const [text, rows] of CASES) {
  test(`reads ${JSON.stringify(text)}`, () => assert.deepEqual(parseCsv(text), rows));
}
