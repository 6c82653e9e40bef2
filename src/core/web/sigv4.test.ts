import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpExchange } from '../exchange.ts';
import { asksForRole, awsNext, awsStart, type AwsRequest } from './aws-request.ts';
import { signed } from './sigv4.ts';

/* Keys, times and signatures of AWS' own published test suite for Signature Version 4. */
const CREDENTIALS = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
};
const NOW_MS = Date.parse('2015-08-30T12:36:00Z');
const SCOPE = { region: 'us-east-1', service: 'service', nowMs: NOW_MS };
const HOST = 'https://example.amazonaws.com';

const VECTORS: readonly (readonly [title: string, Partial<HttpExchange>, signature: string])[] = [
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
    const { headers } = signed(questionOf(question), CREDENTIALS, SCOPE);

    assert.equal(headers['x-amz-date'], '20150830T123600Z');
    assert.match(
      headers['authorization'] ?? '',
      new RegExp(`Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, .*Signature=${signature}$`),
    );
  });
}

test('the token of a session is sent and signed, and is a secret', () => {
  const question = signed(questionOf({}), { ...CREDENTIALS, sessionToken: 't0k' }, SCOPE);

  assert.equal(question.headers['x-amz-security-token'], 't0k');
  assert.match(question.headers['authorization'] ?? '', /SignedHeaders=host;x-amz-date;x-amz-security-token,/);
  assert.deepEqual(question.secrets, [CREDENTIALS.secretAccessKey, 't0k']);
});

test('a role is asked for first, and its credentials sign the question', () => {
  const request = requestOf({ region: 'eu-west-1', roleArn: 'arn:aws:iam::1:role/r' });
  const role = awsStart(request);
  assert.ok('url' in role && asksForRole(role));
  assert.equal(role.url, 'https://sts.eu-west-1.amazonaws.com/');
  assert.match(role.body ?? '', /RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr/);

  const body =
    '<R><Credentials><AccessKeyId>AK2</AccessKeyId><SecretAccessKey>s2</SecretAccessKey><SessionToken>t2</SessionToken></Credentials></R>';
  const question = awsNext({ type: 'http', status: 200, headers: {}, body }, request);

  assert.ok('url' in question);
  assert.equal(question.url, `${HOST}/`);
  assert.equal(question.headers['x-amz-security-token'], 't2');
  assert.match(question.headers['authorization'] ?? '', /Credential=AK2\/20150830\/eu-west-1\/aps\//);
});

const PROBLEMS: readonly (readonly [title: string, () => unknown, RegExp])[] = [
  ['a profile', () => awsStart(requestOf({ region: 'eu-west-1', profile: 'p' })), /profile p is not supported/],
  ['no region', () => awsStart({ ...requestOf({ roleArn: 'r' }) }), /region not configured/],
  ['a region that is none', () => awsStart(requestOf({ region: 'evil.test/' })), /region not configured/],
  ['no credentials', () => awsStart({ ...requestOf({ region: 'r' }), account: undefined }), /no credentials/],
  [
    'a role that is refused',
    () => awsNext({ type: 'http', status: 403, headers: {}, body: '<E><Message>not you</Message></E>' }, requestOf({})),
    /\(status 403\): not you/,
  ],
];

for (const [title, run, message] of PROBLEMS) {
  test(`nothing is sent with ${title}`, () => {
    const step = run();
    assert.ok(typeof step === 'object' && step !== null && 'problem' in step);
    assert.match(String(step.problem), message);
  });
}

function requestOf(settings: AwsRequest['settings']): AwsRequest {
  return {
    question: questionOf({}),
    settings,
    account: { credentials: CREDENTIALS },
    service: 'aps',
    nowMs: NOW_MS,
  };
}

function questionOf(more: Partial<HttpExchange>): HttpExchange {
  return {
    type: 'http',
    method: 'GET',
    url: `${HOST}/`,
    headers: {},
    timeoutMs: 1_000,
    maxResponseBytes: 1_000,
    secrets: [],
    ...more,
  };
}
