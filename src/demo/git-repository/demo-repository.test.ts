import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createDemoRepository } from './demo-repository.ts';
import { git } from './git-command.ts';

test('a commit changes only the tag, on top of whatever was pushed meanwhile', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'headgate-test-'));
  try {
    const manifestsDirectory = join(directory, 'manifests');
    await mkdir(manifestsDirectory);
    await writeFile(join(manifestsDirectory, 'rollout.yaml'), 'spec:\n  image: demo.local/shop:1.0.0\n');
    const repository = await createDemoRepository({
      directory,
      manifestsDirectory,
      rolloutPath: 'rollout.yaml',
      image: 'demo.local/shop',
    });
    const first = await repository.head();

    const good = await repository.commitTag('1.1.0', 'Release 1.1.0');
    assert.equal(await repository.fileAt(good, 'rollout.yaml'), 'spec:\n  image: demo.local/shop:1.1.0');

    const other = join(directory, 'controller');
    await git(directory, ['clone', '--quiet', repository.bareDirectory, other]);
    await git(other, ['revert', '--no-edit', good]);
    await git(other, ['push', '--quiet', 'origin', 'main']);
    assert.equal(await repository.treeOf(await repository.head()), await repository.treeOf(first));

    await repository.commitTag('1.2.0-bad', 'Release 1.2.0');
    assert.deepEqual(
      (await repository.log(10)).map((commit) => commit.subject),
      ['Release 1.2.0', 'Revert "Release 1.1.0"', 'Release 1.1.0', 'Deploy the shop'],
    );
    await assert.rejects(repository.commitTag('1.2.0-bad', 'again'), /does not change/);
    assert.match(await repository.messageOf(good), /^Release 1\.1\.0/);
    assert.match(repository.url, /^file:\/\/\/.*shop\.git$/);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
