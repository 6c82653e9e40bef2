import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const RECORD = 'owner.json';
const END_MS_MAX = 10_000;
const POLL_MS = 50;

/** Writes down in a plane's folder which process answers for it. */
export function recordOwner(directory: string): void {
  writeFileSync(join(directory, RECORD), JSON.stringify({ pid: process.pid }));
}

/**
 * Ends what planes have left whose process was killed before it could stop them: their programs, which all name the plane's folder
 * in their arguments, and the folder. Returns the folders.
 */
export async function clearAbandonedPlanes(root: string): Promise<readonly string[]> {
  const abandoned = globSync(join(root, 'headgate-plane-*', RECORD))
    .filter((record) => !isRunning(ownerIn(record)))
    .map(dirname);
  for (const directory of abandoned) {
    await endPrograms(directory);
    rmSync(directory, { recursive: true, force: true });
  }
  return abandoned;
}

function ownerIn(record: string): number {
  try {
    return (JSON.parse(readFileSync(record, 'utf8')) as { readonly pid: number }).pid;
  } catch {
    // Gone meanwhile, with its plane: nothing is to be done.
    return process.pid;
  }
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function endPrograms(directory: string): Promise<void> {
  const pids = programsOf(directory);
  for (const pid of pids) end(pid);
  const endMs = Date.now() + END_MS_MAX;
  while (pids.some(isRunning) && Date.now() < endMs) await delay(POLL_MS);
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** The processes whose arguments name a plane's folder. */
export function programsOf(directory: string): readonly number[] {
  return [...commandLines()]
    .filter(([pid, line]) => pid !== process.pid && line.includes(`${directory}/`))
    .map(([pid]) => pid);
}

function commandLines(): readonly (readonly [number, string])[] {
  if (existsSync('/proc/self/cmdline'))
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((name) => [Number(name), lineOf(name)] as const);
  const { stdout } = spawnSync('ps', ['-axo', 'pid=,args='], { encoding: 'utf8' });
  return stdout.split('\n').map((line) => {
    const [, pid = '0', args = ''] = /^\s*(\d+) (.*)$/.exec(line) ?? [];
    return [Number(pid), args] as const;
  });
}

function lineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
