import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { until } from './world.ts';

const SSHD = '/usr/sbin/sshd';
const PRIVILEGE_SEPARATION = '/run/sshd';

/** OpenSSH on loopback that lets one key in, to run git's server side and nothing else. */
export interface SshServer {
  /** `ssh://user@host:port`, to which the path of a repository is added. */
  readonly url: string;
  /** The private key that is let in. */
  readonly identity: string;
  /** A line of known_hosts. */
  readonly knownHosts: string;
  /** Lets a shell command run once, just before the next push is received. */
  beforePush(command: string): void;
  close(): Promise<void>;
}

/** Why there is none here, or undefined. */
export function sshRefusal(): string | undefined {
  if (existsSync(SSHD) && spawnSync('ssh', ['-V']).status === 0) return undefined;
  return 'there is no sshd here (Debian: apt-get install openssh-server)';
}

export interface SshServerInput {
  /** By the old protocol a server gives branches, but no single objects. */
  readonly protocol?: 'old' | 'new';
}

export async function startSshServer({ protocol = 'new' }: SshServerInput = {}): Promise<SshServer> {
  const directory = mkdtempSync(join(tmpdir(), 'headgate-ssh-'));
  const at = (name: string): string => join(directory, name);
  for (const key of ['host', 'user']) makeKey(at(key));
  const authorized = `restrict,command="${at('serve')}" ${readFileSync(at('user.pub'), 'utf8')}`;
  writeFileSync(at('authorized_keys'), authorized, { mode: 0o600 });
  writeFileSync(at('serve'), serveScript(at('before-push')));
  chmodSync(at('serve'), 0o755);
  const port = await freePort();
  writeFileSync(at('config'), configuration(at, port, protocol));
  if (userInfo().uid === 0) mkdirSync(PRIVILEGE_SEPARATION, { recursive: true });
  const child = spawn(SSHD, ['-D', '-e', '-f', at('config')], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
  const ended = once(child, 'exit');
  await until('sshd to listen', async () => {
    if (child.exitCode !== null) throw new Error(`sshd ended with ${child.exitCode}: ${log}`);
    return accepts(port);
  });
  return {
    url: `ssh://${userInfo().username}@127.0.0.1:${port}`,
    identity: readFileSync(at('user'), 'utf8'),
    knownHosts: `[127.0.0.1]:${port} ${readFileSync(at('host.pub'), 'utf8')}`,
    beforePush: (command) => writeFileSync(at('before-push'), command),
    close: async () => {
      child.kill('SIGTERM');
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function makeKey(file: string): void {
  const made = spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'headgate-test', '-f', file]);
  if (made.status !== 0) throw new Error(`ssh-keygen ended with ${made.status}: ${String(made.stderr)}`);
}

function configuration(at: (name: string) => string, port: number, protocol: 'old' | 'new'): string {
  return `
ListenAddress 127.0.0.1
Port ${port}
HostKey ${at('host')}
PidFile none
AuthorizedKeysFile ${at('authorized_keys')}
AuthenticationMethods publickey
PermitRootLogin forced-commands-only
StrictModes no
UsePAM no
${protocol === 'new' ? 'AcceptEnv GIT_PROTOCOL' : ''}
`;
}

/** Runs what git asks for. What a test left to be done before a push is done first, and once. */
function serveScript(beforePush: string): string {
  return `#!/bin/sh
case "$SSH_ORIGINAL_COMMAND" in
  git-receive-pack*) if [ -f ${beforePush} ]; then mv ${beforePush} ${beforePush}.done && sh ${beforePush}.done; fi ;;
  git-upload-pack*) ;;
  *) echo "only git is served here" >&2; exit 1 ;;
esac
exec git shell -c "$SSH_ORIGINAL_COMMAND"
`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
