import { createHmac } from 'node:crypto';
import assert from 'node:assert/strict';
import { after, it } from 'node:test';
import { SILENT_LOG } from '../../src/adapters/telemetry/silent.ts';
import type { ControllerOptions } from '../../src/main/controller-options.ts';
import { startController, type RunningController } from '../../src/main/run-controller.ts';
import { createTestRepository } from '../support/git-server.ts';
import { configMapYaml } from '../support/git-manifests.ts';
import { opened } from '../support/opened.ts';
import { sharedGuard } from '../support/shared-guard.ts';
import { onEachControlPlane } from '../support/stories.ts';
import { testOptions } from '../support/test-options.ts';
import { openCluster, Scene, until } from '../support/world.ts';

const SECRET = 'a-long-random-secret';

onEachControlPlane('a push notice', {}, (name) => {
  const controllers: RunningController[] = [];
  // They are stopped before their cluster.
  after(() => Promise.all(controllers.map((controller) => controller.stop())));
  const cluster = opened(
    () => openCluster(name),
    (open) => open.stop(),
  );

  async function start(): Promise<RunningController> {
    const wishes: Partial<ControllerOptions> = {
      leaderElect: true,
      gitAllowFile: true,
      gitWebhookPort: 0,
      gitWebhookHost: '127.0.0.1',
    };
    const options = { ...testOptions(cluster.kubeconfig), ...wishes };
    const controller = await startController(options, SILENT_LOG, sharedGuard);
    controllers.push(controller);
    return controller;
  }

  it('that reaches a replica which only stands by is obeyed by the one that acts', async () => {
    const origin = await createTestRepository({ 'app/settings.yaml': configMapYaml('settings', 'one') });
    const scene = await Scene.open(cluster.api, 'webhook');
    const valueOf = async (): Promise<unknown> => (await scene.get('configmaps', 'settings'))?.['data'].value;
    try {
      await (await start()).whenActing();
      const standby = await start();
      await scene.apply(secret(), ...deployer(scene.namespace), gitSource(origin.url));
      await until('the first commit to be applied', async () => (await valueOf()) === 'one');
      await origin.commit({ 'app/settings.yaml': configMapYaml('settings', 'two') });

      const body = JSON.stringify({ ref: 'refs/heads/main' });
      const signature = createHmac('sha256', SECRET).update(body).digest('hex');
      const url = `http://127.0.0.1:${standby.webhookPort}/webhooks/${scene.namespace}/shop`;
      const post = (): Promise<Response> =>
        fetch(url, { method: 'POST', body, headers: { 'x-hub-signature-256': `sha256=${signature}` } });
      await until('the replica to know the GitSource', async () => (await post()).status === 202);

      await until('the commit to be applied', async () => (await valueOf()) === 'two');
      const source = await scene.get('gitsources.headgate.dev', 'shop');
      assert.match(source?.['status'].lastPushNotice, /^\d{4}-.*Z$/);
    } finally {
      await scene.close();
      await origin.remove();
    }
  });
});

function secret(): Record<string, unknown> {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'hook' }, stringData: { token: SECRET } };
}

/** Pulled so rarely that only a notice can be the reason. */
function gitSource(url: string): Record<string, unknown> {
  const webhook = { secretRef: { name: 'hook' } };
  const spec = { url, path: 'app', interval: '1h', serviceAccountName: 'deployer', webhook };
  return { apiVersion: 'headgate.dev/v1alpha1', kind: 'GitSource', metadata: { name: 'shop' }, spec };
}

function deployer(namespace: string): readonly Record<string, unknown>[] {
  const group = 'rbac.authorization.k8s.io';
  const metadata = { name: 'deployer' };
  const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'create', 'patch', 'delete'] }];
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
