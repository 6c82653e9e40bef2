import { createHash } from 'node:crypto';
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { GitRemote } from '../../ports/git.ts';

const MARK = 'headgate-cache';
const REMOVED = '.removed';
/** Folders of the key files that one command needs. */
export const KEYS_PREFIX = 'keys-';
/** What another process used so lately may be in use: no command takes as long, and nobody works longer without a mark. */
const IDLE_MS = 60 * 60_000;

/** The folder of a remote within the state directory. */
export function cacheName(remote: Pick<GitRemote, 'cacheKey' | 'url'>): string {
  return createHash('sha256').update(`${remote.cacheKey}\n${remote.url}`).digest('hex').slice(0, 32);
}

/** Notes that this process uses a cache now. */
export async function markUsed(folder: string, owner: string): Promise<void> {
  await writeFile(join(folder, MARK), `A cache of Headgate; it may be deleted at any time.\nUsed by ${owner}\n`);
}

/**
 * Removes caches that nobody follows: at once those that this process used last, others when they were idle for an hour, since
 * several processes may share the directory. What carries no mark of ours stays.
 */
export async function removeUnfollowed(
  stateDirectory: string,
  followed: ReadonlySet<string>,
  owner: string,
): Promise<void> {
  for (const name of await readdir(stateDirectory).catch(() => [])) {
    const folder = join(stateDirectory, name);
    if (/^[0-9a-f]{32}$/.test(name)) {
      if (!followed.has(name) && (await isUnused(folder, owner))) await removeWhole(folder);
    } else if (isLeftOver(name) && (await idleMs(folder)) > IDLE_MS) await rm(folder, { recursive: true, force: true });
  }
}

/** Left by a process that was killed while it removed a cache, or ran a command with keys. */
function isLeftOver(name: string): boolean {
  return /^[0-9a-f]{32}\.removed$/.test(name) || name.startsWith(KEYS_PREFIX);
}

async function isUnused(folder: string, owner: string): Promise<boolean> {
  const mark = join(folder, MARK);
  const text = await readFile(mark, 'utf8').catch(() => undefined);
  if (text === undefined) return false;
  return text.includes(owner) || (await idleMs(mark)) > IDLE_MS;
}

/** Under another name first: half a cache must not look like one. */
async function removeWhole(folder: string): Promise<void> {
  const removed = `${folder}${REMOVED}`;
  await rm(removed, { recursive: true, force: true });
  await rename(folder, removed);
  await rm(removed, { recursive: true, force: true });
}

async function idleMs(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  return found === undefined ? 0 : Date.now() - found.mtimeMs;
}
