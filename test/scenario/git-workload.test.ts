import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { KINDS } from '../../src/api/kinds.ts';
import { abort, createReplicaSet, revertOf, runFirstVersion } from '../support/git-aborts.ts';
import { configMapYaml, shopFiles } from '../support/git-manifests.ts';
import { openGitWorld, until, type GitWorld } from '../support/git-world.ts';

/** A shop whose pods are described in a Deployment, and whose settings belong to the versions. */
const ROLLOUT = `apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata:
  name: shop
  annotations: {headgate.dev/versioned-config: configmap/settings}
spec:
  workloadRef: {apiVersion: apps/v1, kind: Deployment, name: shop}
`;

function deploymentYaml(image: string): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
spec:
  replicas: 0
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: main
          image: ${image}
          envFrom: [{configMapRef: {name: settings}}]
`;
}

async function openShop(t: TestContext): Promise<GitWorld> {
  const world = await openGitWorld({
    ...shopFiles(),
    'app/rollout.yaml': ROLLOUT,
    'app/deployment.yaml': deploymentYaml('shop:v1'),
  });
  t.after(() => world.close());
  await world.start();
  await runFirstVersion(world);
  return world;
}

test('an abort of what a commit of the workload alone brought reverts that commit', async (t) => {
  const world = await openShop(t);
  await world.origin.commit({ 'app/deployment.yaml': deploymentYaml('shop:v2') }, 'shop v2');
  await world.pull();

  await abort(world);
  await revertOf(world, 'Pushed');

  assert.equal(await world.origin.show('main:app/deployment.yaml'), deploymentYaml('shop:v1'));
});

test('content that the pods of the workload read and that belongs to the versions goes back, too', async (t) => {
  const world = await openShop(t);
  await world.origin.commit({ 'app/settings.yaml': configMapYaml('settings', 'two') }, 'bad settings');
  await world.pull();

  await abort(world);
  await revertOf(world, 'Pushed');

  assert.equal(await world.origin.show('main:app/settings.yaml'), configMapYaml('settings', 'one'));
});

test('an abort that comes before the Rollout is told of the commit of its workload is reverted, and that one alone', async (t) => {
  const world = await openShop(t);
  await world.patch(KINDS.gitSource, 'app', { spec: { suspend: true } });
  const bad = await world.origin.commit({ 'app/deployment.yaml': deploymentYaml('shop:v2') }, 'shop v2');
  // Between the writes of one pass the controller of Rollouts sees the workload, and the Rollout as it was.
  await createReplicaSet(world, 'shop', 'bad');
  await abort(world, { createSet: false });
  const observed = String(Number((await world.get(KINDS.deployment, 'shop'))?.metadata.generation) + 1);
  await world.patch(KINDS.rollout, 'shop', { status: { workloadObservedGeneration: observed } }, 'status');
  await world.patch(KINDS.gitSource, 'app', { spec: { suspend: null } });

  const entry = await revertOf(world, 'Pushed');
  assert.equal(entry.abortedRevision, bad);
  assert.equal(await world.origin.show('main:app/deployment.yaml'), deploymentYaml('shop:v1'));
  const head = await world.origin.head();
  await until('the revert to be applied', async () => (await world.source()).status?.lastAppliedRevision === head);
  await world.pull();
  assert.equal((await world.source()).status?.reverts?.length, 1);
});

test('an abort of what the workload was before is no reason to revert a commit that nobody has tried', async (t) => {
  const world = await openShop(t);
  const before = await world.get(KINDS.deployment, 'shop');
  await createReplicaSet(world, 'shop', 'by-hand');
  await abort(world, { createSet: false, hash: 'by-hand' });
  const observed = String(before?.metadata.generation);
  await world.patch(KINDS.rollout, 'shop', { status: { workloadObservedGeneration: observed } }, 'status');
  assert.match((await revertOf(world, 'Conflicted')).message ?? '', /changed by hand, or in a Secret alone/);

  const head = await world.origin.commit({ 'app/deployment.yaml': deploymentYaml('shop:v2') }, 'shop v2');
  await world.pull();
  await world.pull();

  assert.equal(await world.origin.head(), head);
  assert.deepEqual(
    (await world.source()).status?.reverts?.filter(
      (entry) => entry.state === 'Pushed' || entry.abortedRevision === head,
    ),
    [],
  );
});

test('after a conflict what people declare instead of the aborted version is left to them', async (t) => {
  const world = await openShop(t);
  const deployment = (image: string, colour: string, replicas: number): string =>
    deploymentYaml(image)
      .replace('replicas: 0', `replicas: ${replicas}`)
      .replace('          envFrom', `          env: [{name: COLOUR, value: ${colour}}]\n          envFrom`);
  await world.origin.commit({ 'app/deployment.yaml': deployment('shop:v1', 'blue', 0) }, 'blue');
  await world.pull();
  await createReplicaSet(world, 'shop', 'blue');
  await world.origin.commit({ 'app/deployment.yaml': deployment('shop:v2', 'red', 1) }, 'shop v2, red');
  await world.pull();
  await world.origin.commit({ 'app/deployment.yaml': deployment('shop:v2', 'red', 2) }, 'more');
  await abort(world, { stable: 'blue' });
  await revertOf(world, 'Conflicted');

  const head = await world.origin.commit({ 'app/deployment.yaml': deployment('shop:v1', 'red', 1) }, 'v1, red');
  await world.pull();
  await revertOf(world, 'Skipped');

  assert.equal(await world.origin.head(), head);
});
