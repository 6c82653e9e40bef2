import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { KINDS } from '../../src/api/kinds.ts';
import { trailersOf } from '../../src/core/gitops/trailers.ts';
import { abort, createReplicaSet, observe, revertOf, runFirstVersion } from '../support/git-aborts.ts';
import { startGitHttpServer, type GitHttpServer } from '../support/git-server.ts';
import { NAMESPACE, openGitWorld, until, type GitWorld } from '../support/git-world.ts';
import { configMapYaml, rolloutYaml, routeYaml, shopFiles } from '../support/git-manifests.ts';

/** A shop that runs its first commit; the ReplicaSet of it knows that commit, as the controller of Rollouts makes it. */
async function openShop(
  t: TestContext,
  files: Record<string, string> = shopFiles(),
  rollout = 'shop',
): Promise<GitWorld> {
  const world = await openGitWorld(files);
  t.after(() => world.close());
  await world.start();
  await runFirstVersion(world, rollout);
  return world;
}

/** The same, which reads its second commit over HTTP. */
async function openShopOverHttp(t: TestContext): Promise<{ readonly world: GitWorld; readonly http: GitHttpServer }> {
  const world = await openShop(t);
  const http = await startGitHttpServer(world.origin.folder);
  t.after(() => http.close());
  await world.patch(KINDS.gitSource, 'app', { spec: { url: `${http.url}/app.git` } });
  await world.origin.commit({ 'app/rollout.yaml': rolloutYaml({ image: 'shop:v2' }) }, 'shop v2');
  await world.pull();
  return { world, http };
}

async function createFailedRun(world: GitWorld): Promise<void> {
  await world.create(KINDS.analysisRun, {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisRun',
    metadata: { name: 'shop-bad-2-0', namespace: NAMESPACE },
    spec: {
      metrics: [
        {
          name: 'error-rate',
          successCondition: 'result[0] < 0.05',
          provider: { prometheus: { address: 'http://p', query: 'q' } },
        },
      ],
    },
    status: {
      phase: 'Failed',
      metricResults: [
        { name: 'error-rate', phase: 'Failed', failed: 1, measurements: [{ phase: 'Failed', value: '[0.31]' }] },
      ],
    },
  });
}

const imageAt = async (world: GitWorld): Promise<string | undefined> =>
  /image: (\S+)/.exec(await world.origin.show('main:app/rollout.yaml'))?.[1];

test('an abort pushes one commit whose tree is the stable one, with everything that people ask about in its message', async (t) => {
  const world = await openShop(t);
  await createFailedRun(world);
  const stable = await world.origin.head();
  const bad = await world.origin.commit({ 'app/rollout.yaml': rolloutYaml({ image: 'shop:v2' }) }, 'shop v2');
  await world.pull();

  await abort(world);
  const entry = await revertOf(world, 'Pushed');

  const head = await world.origin.head();
  assert.equal(entry.commitRevision, head);
  assert.equal(await world.origin.tree(head), await world.origin.tree(stable));
  const [commit] = await world.origin.log();
  const trailers = trailersOf(commit?.message ?? '');
  const rollout = await world.get(KINDS.rollout, 'shop');
  assert.equal(trailers.get('rollout'), 'shop/shop');
  assert.equal(trailers.get('aborted-revision'), bad);
  assert.equal(trailers.get('stable-revision'), stable);
  assert.equal(trailers.get('failing-metric'), 'error-rate = [0.31]');
  assert.equal(trailers.get('analysisrun'), 'shop/shop-bad-2-0');
  assert.equal(trailers.get('headgate-revert'), `${rollout?.metadata.uid}/${bad}`);
  assert.match(commit?.message ?? '', /wanted: result\[0\] < 0\.05/);
  await until('the revert to be applied', async () => (await world.source()).status?.lastAppliedRevision === head);
  assert.match(JSON.stringify((await world.get(KINDS.rollout, 'shop'))?.['spec']), /shop:v1/);
  assert.equal((await world.condition('WriteBack'))?.reason, 'Pushed');
  await until('events on both', async () => {
    const lines = await world.events();
    return ['GitSource GitReverted', 'Rollout GitReverted'].every((start) =>
      lines.some((line) => line.startsWith(start)),
    );
  });
  await world.pull();
  await world.restart();
  assert.equal((await world.origin.log()).length, 3);
});

test('later good commits survive, in other files and in the same document', async (t) => {
  const world = await openShop(t);
  await world.origin.commit({ 'app/rollout.yaml': rolloutYaml({ image: 'shop:v2' }) }, 'shop v2');
  await world.pull();
  await world.origin.commit(
    {
      'app/rollout.yaml': rolloutYaml({ image: 'shop:v2', replicas: 5 }),
      'app/settings.yaml': configMapYaml('settings', 'two'),
    },
    'more pods',
  );
  await world.pull();

  await abort(world);
  await revertOf(world, 'Pushed');

  assert.equal(await world.origin.show('main:app/rollout.yaml'), rolloutYaml({ image: 'shop:v1', replicas: 5 }));
  assert.equal(await world.origin.show('main:app/settings.yaml'), configMapYaml('settings', 'two'));
});

test('a commit that lands after the abort but before the push survives as well', async (t) => {
  const world = await openShop(t);
  await world.origin.commit({ 'app/rollout.yaml': rolloutYaml({ image: 'shop:v2' }) }, 'shop v2');
  await world.pull();
  await world.origin.commit({ 'README.md': '# Better\n' }, 'docs');

  await abort(world);
  await revertOf(world, 'Pushed');

  assert.equal(await imageAt(world), 'shop:v1');
  assert.equal(await world.origin.show('main:README.md'), '# Better\n');
});

test('a ConfigMap that the Rollout names goes back if the same commit changed it, and stays if another one did', async (t) => {
  const using = (options: Parameters<typeof rolloutYaml>[0]): string =>
    rolloutYaml(options).replace(
      '          env:',
      '          envFrom: [{configMapRef: {name: settings}}, {configMapRef: {name: colours}}]\n          env:',
    );
  const world = await openShop(t, {
    ...shopFiles(),
    'app/rollout.yaml': using({}),
    'app/colours.yaml': configMapYaml('colours', 'red'),
  });
  await world.origin.commit({ 'app/colours.yaml': configMapYaml('colours', 'green') }, 'colours alone');
  await world.origin.commit(
    { 'app/rollout.yaml': using({ image: 'shop:v2' }), 'app/settings.yaml': configMapYaml('settings', 'two') },
    'shop v2',
  );
  await world.pull();

  await abort(world);
  const entry = await revertOf(world, 'Pushed');

  assert.equal(await world.origin.show('main:app/rollout.yaml'), using({}));
  assert.equal(await world.origin.show('main:app/settings.yaml'), configMapYaml('settings', 'one'));
  assert.equal(await world.origin.show('main:app/colours.yaml'), configMapYaml('colours', 'green'));
  assert.match((await world.origin.log())[0]?.message ?? '', /ConfigMap shop\/settings/);
  assert.equal(entry.attempts, 1);
});

test('a commit of a ConfigMap alone is reverted where it belongs to the versions, and the good one before it stays', async (t) => {
  const versioned = rolloutYaml()
    .replace(
      '  name: shop\nspec:',
      '  name: shop\n  annotations: {headgate.dev/versioned-config: configmap/settings}\nspec:',
    )
    .replace(
      '          env:',
      '          envFrom: [{configMapRef: {name: settings}}, {configMapRef: {name: colours}}]\n          env:',
    );
  const world = await openShop(t, {
    ...shopFiles(),
    'app/rollout.yaml': versioned,
    'app/colours.yaml': configMapYaml('colours', 'red'),
  });
  const commitOf = async (): Promise<unknown> =>
    (await world.get(KINDS.rollout, 'shop'))?.metadata.annotations?.['headgate.dev/commit'];
  const first = await commitOf();
  await world.origin.commit({ 'app/colours.yaml': configMapYaml('colours', 'green') }, 'colours belong to no version');
  await world.pull();
  assert.equal(await commitOf(), first);
  const good = await world.origin.commit({ 'app/settings.yaml': configMapYaml('settings', 'two') }, 'good settings');
  await world.pull();
  assert.equal(await commitOf(), good);
  await createReplicaSet(world, 'shop', 'better');
  await world.origin.commit({ 'app/settings.yaml': configMapYaml('settings', 'three') }, 'bad settings');
  await world.pull();

  await abort(world, { stable: 'better' });
  await revertOf(world, 'Pushed');

  assert.equal(await world.origin.show('main:app/settings.yaml'), configMapYaml('settings', 'two'));
  assert.equal(await world.origin.show('main:app/colours.yaml'), configMapYaml('colours', 'green'));
  assert.equal(await world.origin.show('main:app/rollout.yaml'), versioned);
});

test('nothing is pushed when later work stands in the way, and a condition says so', async (t) => {
  const world = await openShop(t);
  await world.origin.commit({ 'app/rollout.yaml': rolloutYaml({ image: 'shop:v2', replicas: 3 }) }, 'shop v2');
  await world.pull();
  const head = await world.origin.commit(
    { 'app/rollout.yaml': rolloutYaml({ image: 'shop:v2', replicas: 9 }) },
    'more',
  );

  await abort(world);
  const entry = await revertOf(world, 'Conflicted');

  assert.equal(await world.origin.head(), head);
  assert.match(entry.message ?? '', /spec\.replicas .*nothing was pushed/);
  const condition = await world.condition('WriteBack');
  assert.deepEqual([condition?.status, condition?.reason], ['False', 'Conflicted']);
});

test('a conflict that a later commit ends is tried again and reverted; one that it does not touch is left alone', async (t) => {
  const world = await openShop(t);
  await world.origin.commit({ 'app/rollout.yaml': rolloutYaml({ image: 'shop:v2', replicas: 3 }) }, 'shop v2');
  await world.pull();
  await world.origin.commit({ 'app/rollout.yaml': rolloutYaml({ image: 'shop:v2', replicas: 9 }) }, 'more');
  await abort(world);
  const conflict = await revertOf(world, 'Conflicted');
  await world.pull();
  await observe(world);

  await world.origin.commit({ 'app/route.yaml': `# A note\n${routeYaml()}`, 'README.md': '# Better\n' }, 'docs');
  await world.pull();
  await world.restart();
  assert.deepEqual(await revertOf(world, 'Conflicted'), conflict);

  await world.origin.commit({ 'app/rollout.yaml': rolloutYaml({ image: 'shop:v2', replicas: 3 }) }, 'less again');
  await world.pull();
  await observe(world);
  const entry = await revertOf(world, 'Pushed');

  assert.equal(entry.key, conflict.key);
  assert.equal(await world.origin.show('main:app/rollout.yaml'), rolloutYaml());
  assert.equal((await world.condition('WriteBack'))?.status, 'True');
});

test('a version that is retried and aborts again is reverted, though the revert of its first abort was given up', async (t) => {
  const { world, http } = await openShopOverHttp(t);
  http.failWith = 503;
  await world.pull();
  await abort(world);
  await revertOf(world, 'Pending');
  await world.patch(KINDS.rollout, 'shop', { status: { abort: null, abortedAt: null } }, 'status');
  http.failWith = undefined;
  await world.pull();
  await revertOf(world, 'Skipped');

  await abort(world, { createSet: false, at: '2999-01-01T00:00:00Z' });
  await revertOf(world, 'Pushed');

  assert.equal(await imageAt(world), 'shop:v1');
  assert.equal((await world.source()).status?.reverts?.length, 1);
});

test('a head that declares another version already is left alone', async (t) => {
  const world = await openShop(t);
  await world.origin.commit({ 'app/rollout.yaml': rolloutYaml({ image: 'shop:v2' }) }, 'shop v2');
  await world.pull();
  const head = await world.origin.commit({ 'app/rollout.yaml': rolloutYaml({ image: 'shop:v3' }) }, 'shop v3');

  await abort(world);
  const entry = await revertOf(world, 'Skipped');

  assert.match(entry.message ?? '', /no longer declares the aborted version/);
  assert.equal(await world.origin.head(), head);
});

test('a branch that moves at the moment of the push is read again, and both changes stand', async (t) => {
  const { world, http } = await openShopOverHttp(t);
  let moves = 0;
  http.beforeRequest = async (path) => {
    if (!path.endsWith('/git-receive-pack') || moves >= 2) return;
    moves += 1;
    await world.origin.commit({ 'app/settings.yaml': configMapYaml('settings', `move ${moves}`) }, 'meanwhile');
  };

  await abort(world);
  await revertOf(world, 'Pushed');

  assert.equal(moves, 2);
  assert.equal(await imageAt(world), 'shop:v1');
  assert.equal(await world.origin.show('main:app/settings.yaml'), configMapYaml('settings', 'move 2'));
});

test('the intent stands in the journal before anything is pushed', async (t) => {
  const { world, http } = await openShopOverHttp(t);
  const states: (string | undefined)[] = [];
  http.beforeRequest = async (path) => {
    if (path.endsWith('/git-receive-pack')) states.push((await world.source()).status?.reverts?.[0]?.state);
  };

  await abort(world);
  await revertOf(world, 'Pushed');

  assert.deepEqual(states, ['Pending']);
});

test('a push that the server refuses is told, tried again, and succeeds once it may', async (t) => {
  const world = await openShop(t);
  await world.origin.commit({ 'app/rollout.yaml': rolloutYaml({ image: 'shop:v2' }) }, 'shop v2');
  await world.pull();
  await world.origin.refusePushes('GH006: Protected branch update failed for refs/heads/main.');

  await abort(world);
  const entry = await revertOf(world, 'Failed');
  assert.match(entry.message ?? '', /Protected branch.*let Headgate push to this branch/);
  assert.equal((await world.condition('WriteBack'))?.reason, 'Failed');
  await world.origin.refusePushes(undefined);
  await revertOf(world, 'Pushed');

  assert.equal(await imageAt(world), 'shop:v1');
});

test('a Rollout that is paused while its revert waits is reverted once nobody pauses it any more', async (t) => {
  const { world, http } = await openShopOverHttp(t);
  http.failWith = 503;
  await world.pull();
  await abort(world);
  await revertOf(world, 'Pending');
  await world.patch(KINDS.rollout, 'shop', { spec: { paused: true } });
  await observe(world);
  http.failWith = undefined;
  await world.pull();
  assert.equal((await revertOf(world, 'Pending')).commitRevision, undefined);

  await world.patch(KINDS.rollout, 'shop', { spec: { paused: null } });
  await observe(world);
  await revertOf(world, 'Pushed');

  assert.equal(await imageAt(world), 'shop:v1');
});

test('an abort while Git is away waits in the journal, and is pushed when Git is back', async (t) => {
  const { world, http } = await openShopOverHttp(t);
  http.failWith = 503;
  await world.pull();

  await abort(world);
  const entry = await revertOf(world, 'Pending');
  assert.equal((await world.condition('WriteBack'))?.status, 'False');
  await until('the reason to be told', async () =>
    /waits for Git.*503/.test((await revertOf(world, 'Pending')).message ?? ''),
  );
  assert.equal(entry.commitRevision, undefined);
  http.failWith = undefined;
  await world.pull();
  await revertOf(world, 'Pushed');

  assert.equal(await imageAt(world), 'shop:v1');
});

test('a crash between the push and the journal makes no second commit', async (t) => {
  const world = await openShop(t);
  await world.origin.commit({ 'app/rollout.yaml': rolloutYaml({ image: 'shop:v2' }) }, 'shop v2');
  await world.pull();
  await abort(world);
  const entry = await revertOf(world, 'Pushed');
  await world.pull();

  await world.patch(
    KINDS.gitSource,
    'app',
    { status: { reverts: [{ ...entry, state: 'Pending', commitRevision: undefined, attempts: 0 }] } },
    'status',
  );
  await world.patch(KINDS.rollout, 'shop', { status: { abort: null, currentPodHash: 'good' } }, 'status');
  await world.restart();
  const again = await revertOf(world, 'Pushed');

  assert.equal(again.commitRevision, entry.commitRevision);
  assert.equal((await world.origin.log()).length, 3);
});

test('a version that something commits again after its revert is not reverted twice', async (t) => {
  const world = await openShop(t);
  await world.origin.commit({ 'app/rollout.yaml': rolloutYaml({ image: 'shop:v2' }) }, 'shop v2');
  await world.pull();
  await abort(world);
  await revertOf(world, 'Pushed');
  await world.pull();
  await world.patch(KINDS.rollout, 'shop', { status: { abort: null, currentPodHash: 'good' } }, 'status');
  const head = await world.origin.commit(
    { 'app/rollout.yaml': rolloutYaml({ image: 'shop:v2' }) },
    'automation: shop v2',
  );
  await world.pull();

  await world.kube.writer.write({
    verb: 'delete',
    ref: { kind: KINDS.replicaSet, namespace: NAMESPACE, name: 'shop-bad' },
  });
  await abort(world);
  const entry = await revertOf(world, 'Skipped');

  assert.match(entry.message ?? '', /was reverted already .*image automation/);
  assert.equal(await world.origin.head(), head);
});

for (const [what, message, told] of [
  ['says that it must not be rolled back', 'shop v2\n\nRollback: never', /Rollback: never/],
  [
    'is a revert itself',
    'Revert "shop v9"\n\nThis reverts commit 0123456789012345678901234567890123456789.',
    /a revert is never reverted/,
  ],
] as const) {
  test(`a commit that ${what} is left to people`, async (t) => {
    const world = await openShop(t);
    const head = await world.origin.commit({ 'app/rollout.yaml': rolloutYaml({ image: 'shop:v2' }) }, message);
    await world.pull();

    await abort(world);
    const entry = await revertOf(world, 'Skipped');

    assert.match(entry.message ?? '', told);
    assert.equal(await world.origin.head(), head);
  });
}

test('two Rollouts of one commit that abort are restored one after the other', async (t) => {
  const files = { ...shopFiles(), 'app/rollout.yaml': `${rolloutYaml()}---\n${rolloutYaml({ name: 'cart' })}` };
  const world = await openShop(t, files);
  await createReplicaSet(world, 'cart', 'good');
  const stable = await world.origin.head();
  await world.origin.commit(
    {
      'app/rollout.yaml': `${rolloutYaml({ image: 'shop:v2' })}---\n${rolloutYaml({ name: 'cart', image: 'shop:v2' })}`,
    },
    'both v2',
  );
  await world.pull();

  await abort(world);
  await revertOf(world, 'Pushed');
  assert.equal(
    await world.origin.show('main:app/rollout.yaml'),
    `${rolloutYaml()}---\n${rolloutYaml({ name: 'cart', image: 'shop:v2' })}`,
  );
  await abort(world, { name: 'cart' });
  await until(
    'the second revert',
    async () => (await world.source()).status?.reverts?.filter((entry) => entry.state === 'Pushed').length === 2,
  );

  assert.equal(await world.origin.tree('main'), await world.origin.tree(stable));
});

test('of three Rollouts of one commit the two that abort are restored, and the one that was promoted stays', async (t) => {
  const three = (image: Readonly<Record<'shop' | 'cart' | 'till', string>>): string =>
    [
      rolloutYaml({ image: image.shop }),
      rolloutYaml({ name: 'till', image: image.till }),
      rolloutYaml({ name: 'cart', image: image.cart }),
    ].join('---\n');
  const first = { shop: 'shop:v1', cart: 'shop:v1', till: 'shop:v1' };
  const world = await openShop(t, { ...shopFiles(), 'app/rollout.yaml': three(first) });
  await runFirstVersion(world, 'cart');
  await runFirstVersion(world, 'till');
  const next = { shop: 'shop:v2', cart: 'shop:v2', till: 'shop:v2' };
  await world.origin.commit({ 'app/rollout.yaml': three(next) }, 'all v2');
  await world.pull();
  await createReplicaSet(world, 'till', 'better');
  await world.patch(KINDS.rollout, 'till', { status: { currentPodHash: 'better', stableRS: 'better' } }, 'status');

  // Both stand when the GitSource looks.
  await world.patch(KINDS.gitSource, 'app', { spec: { suspend: true } });
  await abort(world);
  await abort(world, { name: 'cart' });
  await world.patch(KINDS.gitSource, 'app', { spec: { suspend: null } });
  await until('both reverts', async () => {
    const states = (await world.source()).status?.reverts?.map((entry) => entry.state) ?? [];
    return states.length === 2 && states.every((state) => state === 'Pushed');
  });
  const head = await world.origin.head();
  await until('them to be applied', async () => (await world.source()).status?.lastAppliedRevision === head);

  assert.equal(await world.origin.show('main:app/rollout.yaml'), three({ ...first, till: 'shop:v2' }));
  await world.pull();
  await world.restart();
  const subjects = (await world.origin.log()).map((commit) => commit.message.split('\n')[0]?.replace(/ to .*/, ''));
  assert.deepEqual(new Set(subjects.slice(0, 3)), new Set(['all v2', 'revert: cart', 'revert: shop']));
  assert.equal(subjects.length, 4);
  assert.equal((await world.condition('WriteBack'))?.status, 'True');
});

test('a ConfigMap that came with the new versions of two Rollouts goes back only when both are aborted', async (t) => {
  const using = (name: string, image: string): string =>
    rolloutYaml({ name, image }).replace(
      '          env:',
      '          envFrom: [{configMapRef: {name: settings}}]\n          env:',
    );
  const both = (image: string): string => `${using('shop', image)}---\n${using('cart', image)}`;
  const world = await openShop(t, { ...shopFiles(), 'app/rollout.yaml': both('shop:v1') });
  await runFirstVersion(world, 'cart');
  const stable = await world.origin.head();
  const head = await world.origin.commit(
    { 'app/rollout.yaml': both('shop:v2'), 'app/settings.yaml': configMapYaml('settings', 'two') },
    'both v2',
  );
  await world.pull();

  await abort(world);
  const entry = await revertOf(world, 'Conflicted');
  assert.match(entry.message ?? '', /ConfigMap shop\/settings came with a new version of Rollout shop\/cart, too/);
  assert.equal(await world.origin.head(), head);

  await abort(world, { name: 'cart' });
  await until('both reverts', async () => {
    const states = (await world.source()).status?.reverts?.map(({ state }) => state) ?? [];
    return states.length === 2 && states.every((state) => state === 'Pushed');
  });
  assert.equal(await world.origin.tree('main'), await world.origin.tree(stable));
});

test('with onAbort None an abort leaves the repository alone', async (t) => {
  const world = await openShop(t);
  await world.patch(KINDS.gitSource, 'app', { spec: { onAbort: 'None' } });
  const head = await world.origin.commit({ 'app/rollout.yaml': rolloutYaml({ image: 'shop:v2' }) }, 'shop v2');
  await world.pull();

  await abort(world);
  await world.pull();

  assert.equal(await world.origin.head(), head);
  assert.equal((await world.source()).status?.reverts, undefined);
});
