import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signatureHeaders, type RequestToSign } from './sigv4.ts';

/* Keys, times and signatures of AWS' own published test suite for Signature Version 4. */
const CREDENTIALS = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
};
const SCOPE = { region: 'us-east-1', service: 'service', nowMs: Date.parse('2015-08-30T12:36:00Z') };
const HOST = 'https://example.amazonaws.com';
const GET: RequestToSign = { method: 'GET', url: `${HOST}/`, headers: {} };

const VECTORS: readonly (readonly [title: string, Partial<RequestToSign>, signature: string])[] = [
  ['get-vanilla', { url: `${HOST}/` }, '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
  [
    'get-vanilla-query-order-key-case',
    { url: `${HOST}/?Param2=value2&Param1=value1` },
    'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  ],
  [
    'post-x-www-form-urlencoded',
    {
      method: 'POST',
      url: `${HOST}/`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'Param1=value1',
    },
    'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
  ],
];

for (const [title, question, signature] of VECTORS) {
  test(`signs ${title} as AWS does`, () => {
    const headers = signatureHeaders({ ...GET, ...question }, CREDENTIALS, SCOPE);

    assert.equal(headers['x-amz-date'], '20150830T123600Z');
    assert.match(
      headers['authorization'] ?? '',
      new RegExp(`Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, .*Signature=${signature}$`),
    );
  });
}

test('the token of a session is sent and signed', () => {
  const headers = signatureHeaders(GET, { ...CREDENTIALS, sessionToken: 't0k' }, SCOPE);

  assert.equal(headers['x-amz-security-token'], 't0k');
  assert.match(headers['authorization'] ?? '', /SignedHeaders=host;x-amz-date;x-amz-security-token,/);
});
