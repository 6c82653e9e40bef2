import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { createTestRepository } from '../../../test/support/git-server.ts';
import type { Git } from '../../ports/git.ts';
import { cacheName } from './cache-folders.ts';
import { createGit } from './git-cli.ts';

interface Setting {
  readonly state: string;
  readonly url: string;
  /** A process of its own, as far as the caches go. */
  readonly start: () => Git;
  readonly clone: (git: Git, cacheKey: string) => Promise<void>;
  readonly names: () => Promise<readonly string[]>;
}

async function open(t: TestContext): Promise<Setting> {
  const state = await mkdtemp(join(tmpdir(), 'headgate-state-'));
  const origin = await createTestRepository({ 'app/a.yaml': 'v: 1\n' });
  t.after(async () => {
    await origin.remove();
    await rm(state, { recursive: true, force: true });
  });
  return {
    state,
    url: origin.url,
    start: () => createGit({ stateDirectory: state, extraProtocols: ['file'] }),
    async clone(git, cacheKey) {
      const repository = git.open({ cacheKey, url: origin.url, branch: 'main' });
      await repository.fetch(await repository.head());
    },
    names: async () => (await readdir(state)).toSorted((left, right) => left.localeCompare(right)),
  };
}

test('the clone of a GitSource that is gone is removed, and those of others stay', async (t) => {
  const { url, start, clone, names } = await open(t);
  const git = start();
  await clone(git, 'shop/gone');
  await clone(git, 'shop/here');

  await git.keepOnly([{ cacheKey: 'shop/here', url }]);

  assert.deepEqual(await names(), [cacheName({ cacheKey: 'shop/here', url })]);
  await clone(git, 'shop/here');
  await clone(git, 'shop/gone');
});

test('a clone that another process left goes when it was idle for an hour, and not while it may be in use', async (t) => {
  const { state, url, start, clone, names } = await open(t);
  await clone(start(), 'shop/left');
  const name = cacheName({ cacheKey: 'shop/left', url });
  const git = start();

  await git.keepOnly([]);
  assert.deepEqual(await names(), [name]);

  await age(join(state, name, 'headgate-cache'));
  await git.keepOnly([]);
  assert.deepEqual(await names(), []);
});

test('what is not ours stays, and what a killed process left half done goes', async (t) => {
  const { state, start, names } = await open(t);
  const foreign = 'f'.repeat(32);
  for (const name of [foreign, 'notes', `${'a'.repeat(32)}.removed`, 'keys-abc123', 'keys-in-use']) {
    await mkdir(join(state, name));
    await writeFile(join(state, name, 'file'), 'x');
    if (name !== 'keys-in-use') await age(join(state, name));
  }

  await start().keepOnly([]);

  assert.deepEqual(await names(), [foreign, 'keys-in-use', 'notes']);
});

async function age(path: string): Promise<void> {
  const long = new Date(Date.now() - 2 * 60 * 60_000);
  await utimes(path, long, long);
}
