import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { VirtualClock } from '../../lib/virtual-clock.ts';
import type { HttpRequest } from '../../ports/http.ts';
import { createAwsCredentials } from './aws-credentials.ts';

const NOW_MS = Date.parse('2026-01-01T00:00:00Z');
const JSON_ANSWER = '{"AccessKeyId":"AK","SecretAccessKey":"s","Token":"t","Expiration":"2026-01-01T01:00:00Z"}';
const STS_ANSWER =
  '<R><Credentials><AccessKeyId>AK</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2026-01-01T01:00:00Z</Expiration></Credentials></R>';

interface World {
  readonly environment?: Readonly<Record<string, string>>;
  /** By path; every other file that is asked for is there too, unless it is one of AWS' own. */
  readonly files?: Readonly<Record<string, string>>;
  /** Whose permissions keep us from them. What is in /home/me can be seen all the same. */
  readonly unreadable?: readonly string[];
  readonly answers: Readonly<Record<string, string>>;
}

function sourceIn({ environment = {}, files = {}, unreadable = [], answers }: World) {
  const asked: HttpRequest[] = [];
  const clock = new VirtualClock(NOW_MS);
  const source = createAwsCredentials({
    clock,
    environment,
    readFile: async (path) => {
      const text = files[path] ?? (path.includes('/.aws/') ? undefined : `content of ${path}\n`);
      if (unreadable.includes(path)) throw Object.assign(new Error('permission denied'), { code: 'EACCES' });
      if (text === undefined) throw Object.assign(new Error(`no such file: ${path}`), { code: 'ENOENT' });
      return text;
    },
    isThere: async (path) => path.startsWith('/home/me/'),
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

describe('a profile', () => {
  const STS = { 'POST https://sts.eu-west-1.amazonaws.com/': STS_ANSWER };
  const environment = { HOME: '/home/me', AWS_ACCESS_KEY_ID: 'OWN', AWS_SECRET_ACCESS_KEY: 'own' };
  const FILES = {
    '/home/me/.aws/credentials': '[base]\naws_access_key_id = BASE\naws_secret_access_key = b=s # mine\n',
    '/home/me/.aws/config': `
# of the team
[profile base]
region = eu-west-1

[profile  role]
source_profile = base
role_arn = arn:r
external_id = them
region = eu-west-1
s3 =
  region = nowhere

[profile named]
role_arn = arn:n
credential_source = Environment
region = eu-west-1
[profile token]
role_arn=arn:t
web_identity_token_file=/token
role_session_name=us
region=eu-west-1
[profile round]
role_arn = arn:r
source_profile = about
[profile about]
role_arn = arn:a
source_profile = round
[profile self]
role_arn = arn:s
source_profile = self
aws_access_key_id = SELF
aws_secret_access_key = x
region = eu-west-1
[profile person]
sso_session = me
[profile nothing]
role_arn = arn:x
credential_source = EcsContainer
`,
  };

  it('goes before the keys of the environment, with its region', async () => {
    const { source, asked } = sourceIn({ environment, files: FILES, answers: {} });

    assert.deepEqual(await source.account({ profile: 'base' }), {
      credentials: { accessKeyId: 'BASE', secretAccessKey: 'b=s' },
      region: 'eu-west-1',
    });
    assert.equal((await source.account()).credentials.accessKeyId, 'OWN');
    assert.equal(asked.length, 0);
  });

  it('gives way to the region of the environment', async () => {
    const { source } = sourceIn({ environment: { ...environment, AWS_REGION: 'r' }, files: FILES, answers: {} });

    assert.equal((await source.account({ profile: 'base' })).region, 'r');
  });

  it('takes its role by the keys of the profile that it names', async () => {
    const { source, asked } = sourceIn({ environment, files: FILES, answers: STS });

    assert.deepEqual(await source.account({ profile: 'role' }), {
      credentials: { accessKeyId: 'AK', secretAccessKey: 's', sessionToken: 't' },
      region: 'eu-west-1',
    });
    await source.account({ profile: 'role' });
    assert.equal(asked.length, 1);
    assert.match(asked[0]?.headers?.['authorization'] ?? '', /Credential=BASE\/20260101\/eu-west-1\/sts\//);
    const form = Object.fromEntries(new URLSearchParams(asked[0]?.body));
    assert.deepEqual(form, {
      Action: 'AssumeRole',
      Version: '2011-06-15',
      RoleArn: 'arn:r',
      RoleSessionName: 'headgate',
      ExternalId: 'them',
    });
  });

  it('takes its role by what the controller has', async () => {
    const { source, asked } = sourceIn({ environment, files: FILES, answers: STS });

    await source.account({ profile: 'named' });
    assert.match(asked[0]?.headers?.['authorization'] ?? '', /Credential=OWN\//);
  });

  it('takes its role by its own keys', async () => {
    const { source, asked } = sourceIn({ environment, files: FILES, answers: STS });

    await source.account({ profile: 'self' });
    assert.match(asked[0]?.headers?.['authorization'] ?? '', /Credential=SELF\//);
  });

  it('takes its role by a token', async () => {
    const { source, asked } = sourceIn({ environment, files: FILES, answers: STS });

    await source.account({ profile: 'token' });
    assert.match(asked[0]?.body ?? '', /RoleSessionName=us&WebIdentityToken=content\+of\+%2Ftoken$/);
    assert.equal(asked[0]?.headers?.['authorization'], undefined);
  });

  it('is taken where the environment has no keys', async () => {
    const files = {
      '/c': '[default]\naws_access_key_id=D\naws_secret_access_key=d\n[other]\naws_access_key_id=O\naws_secret_access_key=o',
    };
    const places = { AWS_SHARED_CREDENTIALS_FILE: '/c', AWS_CONFIG_FILE: '/home/.aws/none' };
    const keyOf = async (more: Readonly<Record<string, string>>): Promise<string> =>
      (await sourceIn({ environment: { ...places, ...more }, files, answers: {} }).source.account()).credentials
        .accessKeyId;

    assert.equal(await keyOf({}), 'D');
    assert.equal(await keyOf({ AWS_PROFILE: 'other' }), 'O');
    await assert.rejects(keyOf({ AWS_PROFILE: 'mine' }), /profile mine is neither in \/c nor in \/home\/.aws\/none/);
  });

  const PROBLEMS: readonly (readonly [profile: string, message: RegExp])[] = [
    [
      'mine',
      /profile mine is neither in \/home\/me\/.aws\/credentials nor in \/home\/me\/.aws\/config of the controller$/,
    ],
    ['round', /profiles round -> about -> round lead to no credentials/],
    ['person', /profile person wants sso_session, which a controller cannot follow/],
    ['nothing', /credential_source EcsContainer of an AWS profile has no credentials here/],
    ['role', /does not give the role arn:r \(status 404\)/],
  ];
  for (const [profile, message] of PROBLEMS) {
    it(`of which nothing comes says why: ${profile}`, async () => {
      const { source } = sourceIn({ environment, files: FILES, answers: {} });

      await assert.rejects(source.account({ profile }), message);
    });
  }
});

describe('files of profiles', () => {
  const ROLE = {
    'PUT http://169.254.169.254/latest/api/token': 't',
    'GET http://169.254.169.254/latest/meta-data/iam/security-credentials/': 'r',
    'GET http://169.254.169.254/latest/meta-data/iam/security-credentials/r': JSON_ANSWER,
  };
  const home = '/home/me/.aws/credentials';

  it('that are there and cannot be read are an error, and no other credentials are taken', async () => {
    const { source, asked } = sourceIn({ environment: { HOME: '/home/me' }, unreadable: [home], answers: ROLE });

    await assert.rejects(
      source.account(),
      /in \/home\/me\/.aws\/credentials cannot be read .*\(EACCES\); let its user/,
    );
    assert.equal(asked.length, 0);
  });

  it('that are named and cannot be read are an error also where nobody can look', async () => {
    const environment = { HOME: '/home/me', AWS_CONFIG_FILE: '/closed/config' };
    const { source } = sourceIn({ environment, unreadable: ['/closed/config'], answers: ROLE });

    await assert.rejects(source.account(), /in \/closed\/config cannot be read/);
  });

  it("in another user's home count as none", async () => {
    const unreadable = ['/root/.aws/credentials', '/root/.aws/config'];
    const { source } = sourceIn({ environment: { HOME: '/root' }, unreadable, answers: ROLE });

    assert.equal((await source.account()).credentials.accessKeyId, 'AK');
  });

  const MALFORMED: readonly (readonly [what: string, text: string, line: number])[] = [
    ['a key before any profile', 'aws_secret_access_key = hush', 1],
    ['no key and value', '[default]\n# fine\nhush', 3],
    ['a profile that is not closed', '[default]\naws_access_key_id = a\n[hush\n', 3],
    ['a value without a key', '[default]\n = \n=hush', 3],
  ];
  for (const [what, text, line] of MALFORMED) {
    it(`are an error that tells the line and not what it says: ${what}`, async () => {
      const { source } = sourceIn({ environment: { HOME: '/home/me' }, files: { [home]: text }, answers: ROLE });

      await assert.rejects(source.account(), ({ message }: Error) => {
        assert.match(message, new RegExp(`^${home}, line ${line}: `));
        return !message.includes('hush');
      });
    });
  }

  it('with half of the keys are an error', async () => {
    const files = { [home]: '[default]\naws_access_key_id = AK' };
    const { source } = sourceIn({ environment: { HOME: '/home/me' }, files, answers: ROLE });

    await assert.rejects(source.account(), /the AWS profile default has aws_access_key_id only; give it/);
  });

  it('may begin with a byte order mark', async () => {
    const files = { [home]: '\uFEFF[default]\r\naws_access_key_id = AK\r\naws_secret_access_key = s\r\n' };
    const { source } = sourceIn({ environment: { HOME: '/home/me' }, files, answers: {} });

    assert.equal((await source.account()).credentials.secretAccessKey, 's');
  });
});
