import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { dump, load, loadAll } from 'js-yaml';
import { SILENT_LOG } from '../../src/adapters/telemetry/silent.ts';
import { controllerDefaults } from '../../src/main/controller-options.ts';
import { startController } from '../../src/main/run-controller.ts';
import type { Manifest } from '../support/api-client.ts';
import { startFakePrometheus, type FakePrometheus } from '../support/fake-prometheus.ts';
import { analysisTemplate, canaryRollout, httpRoute, podTemplate, service } from '../support/manifests.ts';
import { planeTool } from '../support/plane.ts';
import { clusterSkipReason, conditionOf, openCluster, Scene, until, type Cluster } from '../support/world.ts';

const CHART = join(import.meta.dirname, '..', '..', 'charts', 'headgate');
const HELM = planeTool('helm');
const noHelm = spawnSync(HELM, ['version']).status === 0 ? undefined : 'helm is not on PATH';

// Only a real API server enforces roles, so this is not told on the embedded one.
describe('the roles of the chart', { skip: clusterSkipReason() ?? noHelm }, () => {
  let cluster: Cluster;
  let prometheus: FakePrometheus;
  const directory = mkdtempSync(join(tmpdir(), 'headgate-rbac-'));

  before(async () => {
    cluster = await openCluster('cluster');
    prometheus = await startFakePrometheus();
    prometheus.answer('roles', { value: 0 });
  });
  after(async () => {
    rmSync(directory, { recursive: true });
    await prometheus.close();
    await cluster.stop();
  });

  /** The controller as the chart's service account, for as long as the story takes. */
  async function asInstalled(input: {
    scene: Scene;
    release: string;
    flags: readonly string[];
    namespaced: boolean;
  }): Promise<() => Promise<void>> {
    const { scene, release, flags, namespaced } = input;
    for (const object of rolesOf(release, scene.namespace, flags)) {
      const path =
        object.kind?.startsWith('Cluster') === true
          ? clusterPath(object)
          : scene.path(RESOURCES[object.kind ?? ''] ?? '', object.metadata.name);
      await cluster.api.apply(path, object, 'helm');
    }
    await until('the API server to have heard of the roles', () => mayPatchRollouts(scene, release));
    const kubeconfig = await kubeconfigFor(scene, release);
    const options = {
      metricsHost: '127.0.0.1',
      metricsPort: 0,
      healthzPort: 0,
      leaderElectionNamespace: scene.namespace,
    };
    const scope = namespaced ? { namespaced: true, namespace: scene.namespace } : {};
    const controller = await startController({ ...controllerDefaults(), ...options, ...scope, kubeconfig }, SILENT_LOG);
    await controller.whenActing();
    return () => controller.stop();
  }

  async function mayPatchRollouts(scene: Scene, account: string): Promise<boolean> {
    const asked = ['rollouts', 'services', 'events'].map(async (resource) => {
      const group = resource === 'rollouts' ? 'argoproj.io' : '';
      const review = await cluster.api.create('/apis/authorization.k8s.io/v1/subjectaccessreviews', {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: {
          user: `system:serviceaccount:${scene.namespace}:${account}`,
          resourceAttributes: { namespace: scene.namespace, verb: 'patch', group, resource },
        },
      });
      return review['status'].allowed === true;
    });
    return (await Promise.all(asked)).every((allowed) => allowed);
  }

  async function kubeconfigFor(scene: Scene, account: string): Promise<string> {
    const answer = await cluster.api.create(`${scene.path('serviceaccounts', account)}/token`, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {},
    });
    const config = load(readFileSync(cluster.kubeconfig, 'utf8')) as { users: { user: unknown }[] };
    for (const entry of config.users) entry.user = { token: answer['status'].token };
    const path = join(directory, `${scene.namespace}.yaml`);
    writeFileSync(path, dump(config), { mode: 0o600 });
    return path;
  }

  async function wholeUpdate(scene: Scene): Promise<void> {
    const steps = [{ setWeight: 50 }, { analysis: { templates: [{ templateName: 'errors' }] } }];
    const routing = { plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: 'shop' } } };
    const canary = { stableService: 'shop-stable', canaryService: 'shop-canary', trafficRouting: routing };
    await scene.apply(
      service('shop-stable', 'shop'),
      service('shop-canary', 'shop'),
      httpRoute('shop', { stable: 'shop-stable', canary: 'shop-canary' }),
      analysisTemplate({ name: 'errors', address: prometheus.url, query: 'roles' }),
      canaryRollout({ name: 'shop', replicas: 2, steps, canary }),
    );
    await scene.untilPhase('shop', 'Healthy');
    await scene.setImage('shop', 'shop:2');
    const done = await scene.untilPhase('shop', 'Healthy');

    assert.equal(done['status'].stableRS, done['status'].currentPodHash);
    await until('events', async () =>
      (await scene.eventLines('shop')).some((line) => line.includes('RolloutCompleted')),
    );
    assert.ok(!(await scene.eventLines('shop')).some((line) => line.startsWith('Warning')));
  }

  it('suffice for a whole update', async () => {
    const scene = await Scene.open(cluster.api, 'roles');
    const stop = await asInstalled({ scene, release: 'wide', flags: [], namespaced: false });

    try {
      await wholeUpdate(scene);
    } finally {
      await stop();
      await scene.close();
    }
  });

  it('let nobody version configuration before that is granted, and say what to grant', async () => {
    const scene = await Scene.open(cluster.api, 'config');
    const narrow = { namespaced: true, flags: ['--set', 'namespaced=true'] };
    const annotations = { 'headgate.dev/versioned-config': 'true' };
    const settings = (value: string): object => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'settings' },
      data: { value },
    });
    const template = podTemplate('shop', 'shop:1') as { spec: object };
    const volumes = [{ name: 'settings', configMap: { name: 'settings' } }];
    const versioned = { ...template, spec: { ...template.spec, volumes } };
    const stopPoor = await asInstalled({ scene, release: 'poor', ...narrow });
    try {
      await scene.apply(settings('a'), canaryRollout({ name: 'shop', annotations, spec: { template: versioned } }));
      await scene.apply(canaryRollout({ name: 'plain' }));
      await scene.untilPhase('plain', 'Healthy');
      const broken = await scene.untilPhase('shop', 'Degraded');

      assert.match(
        conditionOf(broken, 'InvalidSpec')?.message ?? '',
        /Forbidden: the controller may not watch configmaps in namespace .*chart value versionedConfig.enabled/,
      );
    } finally {
      await stopPoor();
    }
    const flags = [...narrow.flags, '--set', 'versionedConfig.enabled=true'];
    const stopRich = await asInstalled({ scene, release: 'rich', flags, namespaced: true });
    try {
      const installed = await scene.untilPhase('shop', 'Healthy');
      await scene.apply(settings('b'));
      await scene.untilRollout('shop', 'updated', ({ status }) => {
        return status.phase === 'Healthy' && status.stableRS !== installed['status'].stableRS;
      });
    } finally {
      await stopRich();
      await scene.close();
    }
  });

  it('suffice in one namespace without any permission on the cluster', async () => {
    const scene = await Scene.open(cluster.api, 'narrow');
    const stop = await asInstalled({ scene, release: 'narrow', flags: ['--set', 'namespaced=true'], namespaced: true });

    try {
      await wholeUpdate(scene);
    } finally {
      await stop();
      await scene.close();
    }
  });
});

const RESOURCES: Readonly<Record<string, string>> = {
  ServiceAccount: 'serviceaccounts',
  Role: 'roles.rbac.authorization.k8s.io',
  RoleBinding: 'rolebindings.rbac.authorization.k8s.io',
};

function rolesOf(release: string, namespace: string, flags: readonly string[]): readonly Manifest[] {
  const args = ['template', release, CHART, '--namespace', namespace, '--set', 'installCRDs=false', ...flags];
  const objects = loadAll(execFileSync(HELM, args, { encoding: 'utf8' })) as readonly (Manifest | null)[];
  return objects.filter((object): object is Manifest => object !== null && isAboutRoles(object));
}

function isAboutRoles({ kind = '', metadata }: Manifest): boolean {
  if (metadata.name.includes('aggregate')) return false;
  return kind === 'ServiceAccount' || kind.includes('Role');
}

function clusterPath({ kind, metadata }: Manifest): string {
  const plural = kind === 'ClusterRole' ? 'clusterroles' : 'clusterrolebindings';
  return `/apis/rbac.authorization.k8s.io/v1/${plural}/${metadata.name}`;
}
