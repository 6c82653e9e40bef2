import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { GitCredentials } from '../../ports/git.ts';
import { KEYS_PREFIX } from './cache-folders.ts';

export interface GitEnvironment {
  readonly env: Readonly<Record<string, string>>;
  /** Strings that must not turn up in any message. */
  readonly secrets: readonly string[];
  /** Removes the key files; call it when the command has ended. */
  dispose(): Promise<void>;
}

/** Taken over from the controller's own environment: where programs are, proxies and extra certificates. */
const INHERITED = [
  'PATH',
  'TMPDIR',
  'HTTPS_PROXY',
  'https_proxy',
  'HTTP_PROXY',
  'http_proxy',
  'NO_PROXY',
  'no_proxy',
  'ALL_PROXY',
  'all_proxy',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'GIT_SSL_CAINFO',
  'LD_LIBRARY_PATH',
];
const LOW_SPEED_BYTES = 500;
const LOW_SPEED_SECONDS = 30;
const SSH_CONNECT_SECONDS = 15;

/**
 * The environment of one git command: nobody's configuration, no prompts, no hooks, no filters, an allow-list of protocols, and the
 * credentials in variables or in files that only this user can read, never in arguments.
 */
export async function gitEnvironment(options: {
  readonly protocols: readonly string[];
  readonly url: string;
  readonly credentials?: GitCredentials;
  /** Where files with keys may stand while the command runs. */
  readonly directory: string;
  readonly inherited: Readonly<Record<string, string | undefined>>;
}): Promise<GitEnvironment> {
  const credentials = options.credentials ?? {};
  const env: Record<string, string> = {
    ...baseEnvironment(options.inherited),
    GIT_ALLOW_PROTOCOL: options.protocols.join(':'),
  };
  const config = [...BASE_CONFIG];
  const secrets: string[] = [];
  const header = authorization(credentials);
  if (header !== undefined && /^https?:/i.test(options.url)) {
    config.push(['http.extraHeader', `Authorization: ${header}`]);
    secrets.push(header, ...header.split(' ').slice(1));
  }
  secrets.push(
    ...[credentials.password, credentials.bearerToken].filter((text) => text !== undefined && text !== '').map(String),
  );

  const files = await keyFiles(credentials, options.directory);
  if (files.certificateAuthority !== undefined) env['GIT_SSL_CAINFO'] = files.certificateAuthority;
  env['GIT_SSH_COMMAND'] = sshCommand(files);
  env['GIT_CONFIG_COUNT'] = String(config.length);
  config.forEach(([key, value], index) => {
    env[`GIT_CONFIG_KEY_${index}`] = key;
    env[`GIT_CONFIG_VALUE_${index}`] = value;
  });
  return { env, secrets, dispose: () => files.dispose() };
}

const BASE_CONFIG: readonly (readonly [string, string])[] = [
  ['core.hooksPath', '/dev/null'],
  ['core.attributesFile', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.symlinks', 'false'],
  ['credential.helper', ''],
  ['protocol.version', '2'],
  ['fetch.recurseSubmodules', 'no'],
  ['submodule.recurse', 'false'],
  ['push.recurseSubmodules', 'no'],
  ['push.gpgSign', 'false'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  // A redirect would carry the credentials to another host.
  ['http.followRedirects', 'false'],
  ['http.lowSpeedLimit', String(LOW_SPEED_BYTES)],
  ['http.lowSpeedTime', String(LOW_SPEED_SECONDS)],
];

function baseEnvironment(inherited: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const env: Record<string, string> = {
    LC_ALL: 'C',
    HOME: '/nonexistent',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: 'true',
    SSH_ASKPASS: 'true',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_PROTOCOL_FROM_USER: '0',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_LITERAL_PATHSPECS: '1',
  };
  for (const name of INHERITED) {
    const value = inherited[name];
    if (value !== undefined) env[name] = value;
  }
  return env;
}

function authorization(credentials: GitCredentials): string | undefined {
  if (credentials.bearerToken !== undefined) return `Bearer ${credentials.bearerToken.trim()}`;
  if (credentials.password === undefined) return undefined;
  return `Basic ${Buffer.from(`${credentials.username ?? 'git'}:${credentials.password}`).toString('base64')}`;
}

interface KeyFiles {
  readonly identity?: string;
  readonly knownHosts?: string;
  readonly certificateAuthority?: string;
  dispose(): Promise<void>;
}

async function keyFiles(credentials: GitCredentials, directory: string): Promise<KeyFiles> {
  const wanted = {
    identity: credentials.identity,
    knownHosts: credentials.knownHosts,
    certificateAuthority: credentials.certificateAuthority,
  };
  if (Object.values(wanted).every((text) => text === undefined)) return { dispose: async () => {} };
  const folder = await mkdtemp(join(directory, KEYS_PREFIX));
  const paths: Record<string, string> = {};
  for (const [name, text] of Object.entries(wanted)) {
    if (text === undefined) continue;
    paths[name] = join(folder, name);
    await writeFile(join(folder, name), text.endsWith('\n') ? text : `${text}\n`, { mode: 0o600 });
  }
  return { ...paths, dispose: () => rm(folder, { recursive: true, force: true }) };
}

/** Without known hosts every host key is refused: the empty list is checked strictly. */
function sshCommand(files: KeyFiles): string {
  const options = [
    'BatchMode=yes',
    'StrictHostKeyChecking=yes',
    `UserKnownHostsFile="${files.knownHosts ?? '/dev/null'}"`,
    'GlobalKnownHostsFile=/dev/null',
    'IdentitiesOnly=yes',
    `IdentityFile="${files.identity ?? '/dev/null'}"`,
    'IdentityAgent=none',
    'ForwardAgent=no',
    'ClearAllForwardings=yes',
    'ProxyCommand=none',
    'PermitLocalCommand=no',
    `ConnectTimeout=${SSH_CONNECT_SECONDS}`,
    'ServerAliveInterval=15',
    'ServerAliveCountMax=2',
  ];
  return ['ssh', '-F', '/dev/null', ...options.flatMap((option) => ['-o', `'${option}'`])].join(' ');
}
