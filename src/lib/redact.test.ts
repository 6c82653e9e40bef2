import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { redact } from './redact.ts';

const SECRET = 'p&"ß/1 2\n';

const TEXTS: readonly (readonly [title: string, text: string])[] = [
  ['as it is', SECRET],
  ['without the blanks around it, as headers carry it', SECRET.trim()],
  ['in JSON', JSON.stringify({ token: SECRET })],
  ['in JSON as the API escapes it', JSON.stringify({ token: SECRET.trim() }).replace('&', '\\u0026')],
  ['in a URL', `http://x/?token=${encodeURIComponent(SECRET)}`],
  ['in a form', new URLSearchParams({ token: SECRET.trim() }).toString()],
  ['in base64', Buffer.from(SECRET).toString('base64')],
];

describe('a secret is hidden', () => {
  for (const [title, text] of TEXTS) {
    it(title, () => {
      const hidden = redact(`before ${text} after`, [SECRET]);

      assert.ok(hidden.includes('*****'), hidden);
      for (const part of ['p&', 'p%26', 'p\\u0026', 'cCY']) assert.ok(!hidden.includes(part), hidden);
    });
  }

  it('also where a shorter one is a part of it', () => {
    assert.equal(redact('abcd and abc', ['abc', 'abcd']), '***** and *****');
  });

  it('and an empty one hides nothing', () => {
    assert.equal(redact('abc', ['', ' ']), 'abc');
  });
});
