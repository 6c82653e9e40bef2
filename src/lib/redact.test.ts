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

  const SHORT: readonly (readonly [secret: string, text: string, hidden: string])[] = [
    ['5', '[0.0005, 0.5, 15, 5.25, 1e-5, 5e3]', '[0.0005, 0.5, 15, 5.25, 1e-5, 5e3]'],
    ['5', 'user:5@host?pin=5&x [5] 5', 'user:*****@host?pin=*****&x [*****] *****'],
    ['443', 'web-7c443f 0.4431 {"port":443}', 'web-7c443f 0.4431 {"port":*****}'],
    ['1234', '0.12345 and key1234', '0.12345 and key*****'],
    ['e', 'the value 1e-7 of e', 'the value 1e-7 of *****'],
    ['a.c', 'abc a.c', 'abc *****'],
    ['(a', '((a [^$.*+?{}|]', '(***** [^$.*+?{}|]'],
    ['[$^', 'x[$^', 'x[$^'],
    ['12345678', '0.123456789', '0.*****9'],
    ['abcd', 'xabcdx', 'x*****x'],
  ];
  for (const [secret, text, hidden] of SHORT) {
    it(`by the rule for short ones: ${secret} in "${text}"`, () => {
      assert.equal(redact(text, [secret]), hidden);
    });
  }

  it('and an empty one hides nothing', () => {
    assert.equal(redact('abc', ['', ' ']), 'abc');
  });
});
