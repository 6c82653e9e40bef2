import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpExchange } from '../exchange.ts';
import { redirectOf } from './redirect.ts';

const QUESTION: HttpExchange = {
  type: 'http',
  method: 'POST',
  url: 'http://shop/api/ask',
  headers: { 'content-type': 'application/json', authorization: 'x' },
  body: '{}',
  timeoutMs: 1_000,
  maxResponseBytes: 1_000,
  secrets: [],
};

function redirected(location: string, status = 307, url = QUESTION.url): string {
  const redirect = redirectOf({ ...QUESTION, url }, { type: 'http', status, headers: { location }, body: '' });
  return redirect.type === 'follow' ? `${redirect.exchange.method} ${redirect.exchange.url}` : redirect.type;
}

test('a question goes on at the same host', () => {
  assert.equal(redirected('/other?a=1'), 'POST http://shop/other?a=1');
  assert.equal(redirected('https://shop/api/ask'), 'POST https://shop/api/ask');
});

test('a question with its credentials never goes to another host, port or to http', () => {
  for (const location of [
    'http://elsewhere/',
    '//elsewhere/',
    'http://shop:8080/',
    'http://shop.evil/',
    'file:///etc',
  ]) {
    assert.equal(redirected(location), 'refused', location);
  }
  assert.equal(redirected('http://shop/', 307, 'https://shop/'), 'refused');
});

test('301 to 303 turn a POST into a GET without a body', () => {
  for (const status of [301, 302, 303]) assert.equal(redirected('/next', status), 'GET http://shop/next');
  assert.equal(redirected('/next', 308), 'POST http://shop/next');
});

test('an answer that is no redirect is left alone', () => {
  assert.equal(redirected('/next', 200), 'none');
  assert.equal(redirected('/next', 304), 'none');
  assert.equal(redirectOf(QUESTION, { type: 'http', status: 302, headers: {}, body: '' }).type, 'none');
});
