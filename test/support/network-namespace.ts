import { spawn, spawnSync, type ChildProcess } from 'node:child_process';

/**
 * Namespaces of their own for a whole test plane: addresses of pods are local in it, nothing gets out of it, and all
 * processes in it end with the first one.
 */
const ENTER = ['--net', '--pid', '--mount', '--fork', '--kill-child=SIGKILL', '--mount-proc'];
const POD_RANGE = '10.244.0.0/16';

/** Why there can be none here, or undefined. */
export function namespaceRefusal(): string | undefined {
  const tried = spawnSync('unshare', [...ENTER, 'ip', 'link', 'set', 'lo', 'up'], { encoding: 'utf8' });
  if (tried.error !== undefined) return `unshare cannot be run: ${tried.error.message}`;
  return tried.status === 0 ? undefined : `no network namespace can be made here: ${tried.stderr.trim()}`;
}

/** Starts a TypeScript program in new namespaces, with a channel for messages. */
export function forkInNamespace(program: string): ChildProcess {
  return spawn('unshare', [...ENTER, process.execPath, program], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: process.env,
  });
}

/** To be called by the program first: the pods' addresses become local, and its temporary files vanish with it. */
export function settleInNamespace(): void {
  run('ip', ['link', 'set', 'lo', 'up']);
  run('ip', ['route', 'add', 'local', POD_RANGE, 'dev', 'lo']);
  run('mount', ['-t', 'tmpfs', 'tmpfs', '/dev/shm']);
}

function run(command: string, args: readonly string[]): void {
  const ended = spawnSync(command, args, { encoding: 'utf8' });
  if (ended.status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${ended.status}: ${ended.stderr}`);
}
