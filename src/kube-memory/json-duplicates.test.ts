import assert from 'node:assert/strict';
import { it } from 'node:test';
import { duplicateFields } from './json-duplicates.ts';

const cases = [
  { text: '{"a":1,"b":2}', paths: [] },
  { text: '{"a":1,"a":2,"a":3}', paths: ['a'] },
  { text: '{"a":{"b":1},"c":{"b":1}}', paths: [] },
  { text: '{"spec":{"ports":[{"port":1},{"port":2,"name":"x","name":"y"}]}}', paths: ['spec.ports[1].name'] },
  { text: '{"a":"\\"a\\":1,{","b":["a","a"],"\\u0061":2}', paths: ['a'] },
];
for (const { text, paths } of cases) {
  it(`${text} has ${paths.length === 0 ? 'no duplicates' : paths.join()}`, () => {
    assert.deepEqual(duplicateFields(text), paths);
  });
}
