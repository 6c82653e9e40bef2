import assert from 'node:assert/strict';
import type { LookupFunction } from 'node:net';
import { test } from 'node:test';
import { sharedLookup } from './shared-lookup.ts';

type Answer = Parameters<LookupFunction>[2];

test('a name is resolved once at a time, and all that asked get the answer', () => {
  const asked: { readonly hostname: string; readonly answer: Answer }[] = [];
  const lookup = sharedLookup((hostname, _options, answer) => void asked.push({ hostname, answer }));
  const answers: unknown[] = [];
  const note: Answer = (...answer) => void answers.push(answer);

  for (let count = 0; count < 100; count += 1) lookup('hung.test', { family: 0 }, note);
  lookup('lively.test', { family: 0 }, note);
  lookup('hung.test', { family: 6 }, note);
  assert.deepEqual(
    asked.map(({ hostname }) => hostname),
    ['hung.test', 'lively.test', 'hung.test'],
  );

  asked[1]?.answer(null, '10.0.0.1', 4);
  assert.deepEqual(answers, [[null, '10.0.0.1', 4]]);
  asked[0]?.answer(Object.assign(new Error('gone'), { code: 'ENOTFOUND' }), '', 0);
  assert.equal(answers.length, 101);

  lookup('hung.test', { family: 0 }, note);
  assert.equal(asked.length, 4);
});
