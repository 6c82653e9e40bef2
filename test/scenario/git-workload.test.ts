import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { abort, revertOf, runFirstVersion } from '../support/git-aborts.ts';
import { configMapYaml, shopFiles } from '../support/git-manifests.ts';
import { openGitWorld, type GitWorld } from '../support/git-world.ts';

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
