import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../lib/virtual-clock.ts';
import type { HttpRequest } from '../../ports/http.ts';
import { createAwsCredentials } from './aws-credentials.ts';

const NOW_MS = Date.parse('2026-01-01T00:00:00Z');
const JSON_ANSWER = '{"AccessKeyId":"AK","SecretAccessKey":"s","Token":"t","Expiration":"2026-01-01T01:00:00Z"}';
const STS_ANSWER =
  '<R><Credentials><AccessKeyId>AK</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2026-01-01T01:00:00Z</Expiration></Credentials></R>';

interface World {
  readonly environment?: Readonly<Record<string, string>>;
  readonly answers: Readonly<Record<string, string>>;
}

function sourceIn({ environment = {}, answers }: World) {
  const asked: HttpRequest[] = [];
  const clock = new VirtualClock(NOW_MS);
  const source = createAwsCredentials({
    clock,
    environment,
    readFile: (path) => Promise.resolve(`content of ${path}\n`),
    http: {
      send: (request) => {
        asked.push(request);
        const body = answers[`${request.method} ${request.url}`];
        return Promise.resolve({ status: body === undefined ? 404 : 200, headers: {}, body: body ?? '' });
      },
      close: () => undefined,
    },
  });
  return { source, asked, clock };
}

test('keys in the environment are taken without asking anybody', async () => {
  const environment = { AWS_ACCESS_KEY_ID: 'AK', AWS_SECRET_ACCESS_KEY: 's', AWS_REGION: 'eu-west-1' };
  const { source, asked } = sourceIn({ environment, answers: {} });

  assert.deepEqual(await source.account(), {
    credentials: { accessKeyId: 'AK', secretAccessKey: 's' },
    region: 'eu-west-1',
  });
  assert.equal(asked.length, 0);
});

test('the token of a service account is given for the credentials of its role', async () => {
  const environment = { AWS_WEB_IDENTITY_TOKEN_FILE: '/token', AWS_ROLE_ARN: 'arn:r', AWS_REGION: 'eu-west-1' };
  const answers = { 'POST https://sts.eu-west-1.amazonaws.com/': STS_ANSWER };
  const { source, asked } = sourceIn({ environment, answers });

  assert.deepEqual((await source.account()).credentials, {
    accessKeyId: 'AK',
    secretAccessKey: 's',
    sessionToken: 't',
  });
  assert.match(asked[0]?.body ?? '', /WebIdentityToken=content\+of\+%2Ftoken$/);
});

test('a role that is refused says why', async () => {
  const environment = { AWS_WEB_IDENTITY_TOKEN_FILE: '/token', AWS_ROLE_ARN: 'arn:r' };

  await assert.rejects(sourceIn({ environment, answers: {} }).source.account(), /does not give the role arn:r/);
});

test('a container is given credentials for its token', async () => {
  const environment = {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://169.254.170.23/v1/credentials',
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: '/token',
  };
  const answers = { 'GET http://169.254.170.23/v1/credentials': JSON_ANSWER };
  const { source, asked } = sourceIn({ environment, answers });

  assert.equal((await source.account()).credentials.sessionToken, 't');
  assert.equal(asked[0]?.headers?.['authorization'], 'content of /token');
});

test('a machine has the credentials of its role', async () => {
  const roles = 'http://169.254.169.254/latest/meta-data/iam/security-credentials/';
  const answers = {
    'PUT http://169.254.169.254/latest/api/token': 'm',
    [`GET ${roles}`]: 'node\n',
    [`GET ${roles}node`]: JSON_ANSWER,
  };
  const { source, asked } = sourceIn({ answers });

  assert.equal((await source.account()).credentials.accessKeyId, 'AK');
  assert.equal(asked[2]?.headers?.['x-aws-ec2-metadata-token'], 'm');
  await assert.rejects(sourceIn({ answers: {} }).source.account(), /169\.254\.169\.254 answered with status 404/);
});

test('credentials are kept until shortly before they expire, and got once for all who ask', async () => {
  const environment = { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://c/' };
  const { source, asked, clock } = sourceIn({ environment, answers: { 'GET http://c/': JSON_ANSWER } });

  await Promise.all([source.account(), source.account()]);
  clock.advance(54 * 60_000);
  await source.account();
  assert.equal(asked.length, 1);

  clock.advance(2 * 60_000);
  await source.account();
  assert.equal(asked.length, 2);
});
