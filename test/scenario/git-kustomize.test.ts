import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test, type TestContext } from 'node:test';
import { createKustomize } from '../../src/adapters/git/kustomize.ts';
import { KINDS } from '../../src/api/kinds.ts';
import { abort, createReplicaSet, revertOf, runFirstVersion } from '../support/git-aborts.ts';
import { configMapYaml, rolloutYaml, serviceYaml } from '../support/git-manifests.ts';
import { openGitWorld, until, type GitWorld } from '../support/git-world.ts';

const skip = hasKustomize() ? false : 'neither kustomize nor kubectl is on PATH';

function hasKustomize(): boolean {
  return [
    ['kustomize', 'version'],
    ['kubectl', 'version', '--client'],
  ].some(([file = '', ...args]) => {
    try {
      execFileSync(file, args, { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  });
}

function kustomization(tag: string, more = ''): string {
  return `resources:\n  - ../base\nimages:\n  - name: shop\n    newTag: ${tag} # set by the release job\n${more}`;
}

function files(tag = 'v1'): Record<string, string> {
  return {
    'base/kustomization.yaml': 'resources:\n  - rollout.yaml\n  - services.yaml\n  - settings.yaml\n',
    'base/rollout.yaml': rolloutYaml(),
    'base/services.yaml': `${serviceYaml('shop-stable')}---\n${serviceYaml('shop-canary')}`,
    'base/settings.yaml': configMapYaml('settings', 'one'),
    'app/kustomization.yaml': kustomization(tag),
    'elsewhere/note.txt': 'nothing\n',
  };
}

async function open(t: TestContext, changed: Record<string, string> = {}): Promise<GitWorld> {
  const world = await openGitWorld({ ...files(), ...changed });
  t.after(() => world.close());
  await world.start();
  return world;
}

async function openShop(t: TestContext): Promise<GitWorld> {
  const world = await open(t);
  await createReplicaSet(world, 'shop', 'good');
  await world.patch(KINDS.rollout, 'shop', { status: { currentPodHash: 'good', stableRS: 'good' } }, 'status');
  return world;
}

test('a kustomization with a local base is rendered and applied', { skip }, async (t) => {
  const world = await open(t);

  assert.equal((await world.condition('Ready'))?.status, 'True', (await world.condition('Ready'))?.message);
  assert.match(JSON.stringify(await world.get(KINDS.rollout, 'shop')), /shop:v1/);
  assert.equal((await world.source()).status?.inventory?.entries?.length, 4);
});

const refused: readonly (readonly [string, string, RegExp])[] = [
  [
    'a remote base',
    'resources:\n  - https://github.com/org/repo//base?ref=main\n',
    /remote; only folders and files of this repository/,
  ],
  ['a remote base without a scheme', 'resources:\n  - github.com/org/repo/base\n', /remote/],
  ['a remote base by ssh', 'resources:\n  - git@example.com:org/repo.git\n', /remote/],
  ['a remote patch', 'resources: []\npatches:\n  - path: http://example.com/patch.yaml\n', /remote/],
  ['a base outside of the repository', 'resources:\n  - ../../etc\n', /leaves the repository/],
  ['an absolute path', 'resources:\n  - /etc\n', /absolute path/],
  ['a Helm chart', 'helmCharts:\n  - name: x\n', /helmCharts is not allowed/],
  ['a generator plug-in', 'generators:\n  - gen.yaml\n', /generators is not allowed/],
  ['malformed YAML', 'resources: [\n', /app\/kustomization\.yaml:\d+: malformed YAML/],
  [
    'a file outside of its folder',
    'resources: [../base]\nconfigMapGenerator:\n  - name: x\n    files: [../base/settings.yaml]\n',
    /security|not in or below/,
  ],
];
for (const [what, text, message] of refused) {
  test(`${what} is refused, and nothing is applied or deleted`, { skip }, async (t) => {
    const world = await open(t);
    await world.origin.commit({ 'app/kustomization.yaml': text });

    await world.pull();

    assert.match((await world.condition('Ready'))?.message ?? '', message);
    assert.notEqual(await world.get(KINDS.rollout, 'shop'), undefined);
  });
}

test('a change of an image tag is taken back in the kustomization, beside later changes', { skip }, async (t) => {
  const world = await openShop(t);
  await world.origin.commit({ 'app/kustomization.yaml': kustomization('v2') }, 'shop v2');
  await world.pull();
  await world.origin.commit(
    { 'app/kustomization.yaml': kustomization('v2', 'commonAnnotations: {team: shop}\n') },
    'team',
  );

  await abort(world);
  await revertOf(world, 'Pushed');

  assert.equal(
    await world.origin.show('main:app/kustomization.yaml'),
    kustomization('v1', 'commonAnnotations: {team: shop}\n'),
  );
});

test('a commit that changed other objects in the same files is left to people', { skip }, async (t) => {
  const world = await openShop(t);
  const head = await world.origin.commit(
    { 'app/kustomization.yaml': kustomization('v2', 'namePrefix: ""\ncommonAnnotations: {team: shop}\n') },
    'shop v2',
  );
  await world.pull();

  await abort(world);
  const entry = await revertOf(world, 'Conflicted');

  assert.match(entry.message ?? '', /would also change/);
  assert.equal(await world.origin.head(), head);
});

test(
  'a tag that two Rollouts share is taken back once both have aborted, and not from under one that has not',
  { skip },
  async (t) => {
    const world = await open(t, { 'base/rollout.yaml': `${rolloutYaml()}---\n${rolloutYaml({ name: 'cart' })}` });
    await runFirstVersion(world, 'shop');
    await runFirstVersion(world, 'cart');
    const stable = await world.origin.head();
    const head = await world.origin.commit({ 'app/kustomization.yaml': kustomization('v2') }, 'both v2');
    await world.pull();

    await abort(world);
    const conflict = await revertOf(world, 'Conflicted');
    assert.match(conflict.message ?? '', /would also change argoproj\.io\/Rollout shop\/cart/);
    assert.equal(await world.origin.head(), head);

    await abort(world, { name: 'cart' });
    await until('both to be settled', async () => {
      const states = (await world.source()).status?.reverts?.map(({ state }) => state).toSorted();
      return states?.join() === 'Pushed,Skipped';
    });

    assert.equal(await world.origin.tree('main'), await world.origin.tree(stable));
  },
);

test('of more commits than are rendered singly none may say that it must not be rolled back', { skip }, async (t) => {
  const world = await openShop(t);
  for (let count = 0; count <= 20; count += 1)
    await world.origin.commit({ 'app/kustomization.yaml': kustomization('v1', `# ${count}\n`) }, `note ${count}`);
  await world.origin.commit({ 'app/kustomization.yaml': kustomization('v2') }, 'shop v2\n\nRollback: never');
  const head = await world.origin.commit({ 'app/kustomization.yaml': kustomization('v2', '# last\n') }, 'a note');
  await world.pull();

  await abort(world);
  const entry = await revertOf(world, 'Skipped');

  assert.match(entry.message ?? '', /Rollback: never/);
  assert.equal(await world.origin.head(), head);
});

test('without an executable the message says what to install', async () => {
  const kustomize = createKustomize({ commands: [['headgate-has-no-such-program']] });

  await assert.rejects(
    kustomize.build(new Map([['app/kustomization.yaml', 'resources: []\n']]), 'app'),
    /neither `kustomize` nor `kubectl` on PATH/,
  );
});
