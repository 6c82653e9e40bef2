import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpExchange } from '../exchange.ts';
import { asksForRole, awsNext, awsStart, awsWanted, type AwsRequest } from './aws-request.ts';

const CREDENTIALS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const NOW_MS = Date.parse('2015-08-30T12:36:00Z');
const HOST = 'https://example.amazonaws.com';

test('what signs is a secret', () => {
  const account = { credentials: { ...CREDENTIALS, sessionToken: 't0k' }, region: 'eu-west-1' };
  const question = awsStart({ ...requestOf({}), account });

  assert.ok('url' in question);
  assert.match(question.headers['authorization'] ?? '', /Credential=AKIDEXAMPLE\/20150830\/eu-west-1\/aps\//);
  assert.deepEqual(question.secrets, [CREDENTIALS.secretAccessKey, 't0k']);
});

test('whose credentials are wanted', () => {
  assert.equal(awsWanted(undefined), undefined);
  assert.equal(awsWanted({}), undefined);
  assert.deepEqual(awsWanted({ region: 'r', profile: '' }), {});
  assert.deepEqual(awsWanted({ profile: 'team' }), { profile: 'team' });
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
