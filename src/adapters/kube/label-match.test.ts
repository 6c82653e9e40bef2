import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchesSelector } from './label-match.ts';

const labels = { app: 'web', 'example.io/hash': 'abc' };
const cases: readonly (readonly [selector: string, matches: boolean | undefined])[] = [
  ['app', true],
  ['!app', false],
  ['other', false],
  ['!other', true],
  ['app=web', true],
  ['app == web', true],
  ['app!=web', false],
  ['other!=web', true],
  ['example.io/hash,app=web', true],
  ['example.io/hash,app=api', false],
  ['app in (web)', undefined],
];

for (const [selector, matches] of cases) {
  test(`"${selector}" matches ${JSON.stringify(labels)}: ${matches}`, () => {
    assert.equal(matchesSelector(labels, selector), matches);
  });
}
