import assert from 'node:assert/strict';
import { createTestRepository } from '../support/git-server.ts';
import { canaryRollout, podTemplate } from '../support/manifests.ts';
import { onEachControlPlane, stageOn, storiesOn } from '../support/stories.ts';
import { until } from '../support/world.ts';

onEachControlPlane('a workload from Git', {}, (name) => {
  const stage = stageOn(name, { gitAllowFile: true });
  const story = storiesOn(stage, 'git-workload');

  story('is reverted when the Rollout that refers to it aborts, and goes down meanwhile', async (scene) => {
    const origin = await createTestRepository({
      'app/rollout.yaml': JSON.stringify(rollout()),
      'app/deployment.yaml': JSON.stringify(deployment('shop:1')),
    });
    try {
      await scene.apply(...deployer(scene.namespace), gitSource(origin.url));
      await until('the Rollout to come from Git', () => scene.get('rollouts.argoproj.io', 'shop'));
      const installed = await scene.untilPhase('shop', 'Healthy');
      await origin.commit({ 'app/deployment.yaml': JSON.stringify(deployment('shop:2')) }, 'shop 2');
      await scene.untilPhase('shop', 'Paused');

      await scene.patchStatus('shop', { abort: true });
      const back = await scene.untilRollout('shop', 'back', ({ status }) => {
        return status.phase === 'Healthy' && status.currentPodHash === installed['status'].currentPodHash;
      });

      assert.equal(back['status'].abort, undefined);
      assert.equal(await origin.show('main:app/deployment.yaml'), JSON.stringify(deployment('shop:1')));
      const source = await scene.get('gitsources.headgate.dev', 'shop');
      const reverts: readonly { readonly state: string }[] = source?.['status'].reverts;
      assert.deepEqual(
        reverts.map(({ state }) => state),
        ['Pushed'],
      );
    } finally {
      await origin.remove();
    }
  });
});

function rollout(): Record<string, unknown> {
  const steps = [{ setWeight: 50 }, { pause: {} }];
  const workloadRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'shop', scaleDown: 'progressively' };
  const { spec, ...rest } = canaryRollout({ name: 'shop', replicas: 2, steps }) as { spec: Record<string, unknown> };
  const { template: _template, selector: _selector, ...own } = spec;
  return { ...rest, spec: { ...own, workloadRef } };
}

function deployment(image: string): Record<string, unknown> {
  const spec = { replicas: 2, selector: { matchLabels: { app: 'shop' } }, template: podTemplate('shop', image) };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'shop' }, spec };
}

/** Pulled often, so that nobody has to wait. */
function gitSource(url: string): Record<string, unknown> {
  const spec = { url, path: 'app', interval: '1s', onAbort: 'Push', serviceAccountName: 'deployer' };
  return { apiVersion: 'headgate.dev/v1alpha1', kind: 'GitSource', metadata: { name: 'shop' }, spec };
}

function deployer(namespace: string): readonly Record<string, unknown>[] {
  const group = 'rbac.authorization.k8s.io';
  const metadata = { name: 'deployer' };
  const verbs = ['get', 'create', 'patch', 'delete'];
  const rules = [{ apiGroups: ['apps', 'argoproj.io'], resources: ['deployments', 'rollouts'], verbs }];
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    { apiVersion: `${group}/v1`, kind: 'Role', metadata, rules },
    {
      apiVersion: `${group}/v1`,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: group, kind: 'Role', name: 'deployer' },
      subjects: [{ kind: 'ServiceAccount', name: 'deployer', namespace }],
    },
  ];
}
