import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, it } from 'node:test';
import { gitEnvironment } from './git-environment.ts';

const directory = tmpdir();
const inherited = { PATH: '/bin', AWS_SECRET_ACCESS_KEY: 'x', GIT_DIR: '/elsewhere', HTTPS_PROXY: 'http://proxy' };

describe('the environment of a git command', () => {
  it('takes over little, and nobody\u2019s configuration', async () => {
    const { env } = await gitEnvironment({ protocols: ['https', 'ssh'], url: 'https://h/x', inherited, directory });

    assert.equal(env['PATH'], '/bin');
    assert.equal(env['HTTPS_PROXY'], 'http://proxy');
    assert.equal(env['AWS_SECRET_ACCESS_KEY'], undefined);
    assert.equal(env['GIT_DIR'], undefined);
    assert.equal(env['GIT_CONFIG_NOSYSTEM'], '1');
    assert.equal(env['GIT_CONFIG_GLOBAL'], '/dev/null');
    assert.equal(env['GIT_TERMINAL_PROMPT'], '0');
    assert.equal(env['GIT_ALLOW_PROTOCOL'], 'https:ssh');
    assert.equal(settings(env).get('core.hooksPath'), '/dev/null');
    assert.equal(settings(env).get('http.followRedirects'), 'false');
  });

  it('checks host keys strictly against the known ones alone, and removes the key files afterwards', async () => {
    const credentials = { identity: 'KEY', knownHosts: 'host ssh-ed25519 AAAA' };
    const environment = await gitEnvironment({
      protocols: ['ssh'],
      url: 'ssh://git@h/x',
      credentials,
      inherited,
      directory,
    });
    const command = environment.env['GIT_SSH_COMMAND'] ?? '';
    const identity = /IdentityFile="([^"]+)"/.exec(command)?.[1] ?? '';
    const known = /UserKnownHostsFile="([^"]+)"/.exec(command)?.[1] ?? '';

    assert.match(command, /StrictHostKeyChecking=yes/);
    assert.match(command, /GlobalKnownHostsFile=\/dev\/null/);
    assert.match(command, /ProxyCommand=none/);
    assert.equal(readFileSync(identity, 'utf8'), 'KEY\n');
    assert.equal(statSync(identity).mode & 0o777, 0o600);
    assert.equal(readFileSync(known, 'utf8'), 'host ssh-ed25519 AAAA\n');
    await environment.dispose();
    assert.equal(existsSync(identity), false);
  });

  it('sends credentials of https to https alone, and knows what must not be told', async () => {
    const credentials = { username: 'bot', password: 'hunter2' };
    const https = await gitEnvironment({ protocols: [], url: 'https://h/x', credentials, inherited, directory });
    const ssh = await gitEnvironment({ protocols: [], url: 'ssh://h/x', credentials, inherited, directory });

    assert.match(settings(https.env).get('http.extraHeader') ?? '', /^Authorization: Basic /);
    assert.equal(settings(ssh.env).get('http.extraHeader'), undefined);
    assert.ok(https.secrets.includes('hunter2'));
    assert.ok(https.secrets.includes(Buffer.from('bot:hunter2').toString('base64')));
  });
});

function settings(env: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const count = Number(env['GIT_CONFIG_COUNT']);
  return new Map(
    Array.from({ length: count }, (_, index) => [
      env[`GIT_CONFIG_KEY_${index}`] ?? '',
      env[`GIT_CONFIG_VALUE_${index}`] ?? '',
    ]),
  );
}
