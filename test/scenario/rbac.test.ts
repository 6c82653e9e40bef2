import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { SILENT_LOG } from '../../src/adapters/telemetry/silent.ts';
import { startController } from '../../src/main/run-controller.ts';
import { accountKubeconfig } from '../support/account-kubeconfig.ts';
import type { Manifest } from '../support/api-client.ts';
import { noHelmReason, pathOfChartObject, renderChart } from '../support/chart.ts';
import { startFakePrometheus, type FakePrometheus } from '../support/fake-prometheus.ts';
import {
  analysisTemplate,
  canaryRollout,
  measuredBy,
  podTemplate,
  SHOP_ROUTE,
  SHOP_ROUTED,
} from '../support/manifests.ts';
import { testOptions } from '../support/test-options.ts';
import { clusterSkipReason, conditionOf, openCluster, Scene, until, type Cluster } from '../support/world.ts';

// Only a real API server enforces roles, so this is not told on the embedded one.
describe('the roles of the chart', { skip: clusterSkipReason() ?? noHelmReason() }, () => {
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
    /** Resources that somebody took out of the roles. */
    without?: readonly string[];
  }): Promise<() => Promise<void>> {
    const { scene, release, flags, namespaced, without = [] } = input;
    const objects = renderChart({
      release,
      namespace: scene.namespace,
      flags: ['--set', 'installCRDs=false', ...flags],
    });
    for (const object of objects.filter(isAboutRoles))
      await cluster.api.apply(pathOfChartObject(object), trimmed(object, without), 'helm');
    await until('the API server to have heard of the roles', () => mayPatchRollouts(scene, release));
    const account = { namespace: scene.namespace, name: release };
    const kubeconfig = await accountKubeconfig(account, { ...cluster, directory });
    const scope = namespaced ? { namespaced: true, namespace: scene.namespace } : {};
    const options = { ...testOptions(kubeconfig), ...scope, leaderElectionNamespace: scene.namespace };
    const controller = await startController(options, SILENT_LOG);
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

  async function wholeUpdate(scene: Scene): Promise<void> {
    const steps = [{ setWeight: 50 }, measuredBy('errors')];
    await scene.apply(
      ...SHOP_ROUTE,
      analysisTemplate({ name: 'errors', address: prometheus.url, query: 'roles' }),
      canaryRollout({ name: 'shop', replicas: 2, steps, canary: SHOP_ROUTED }),
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

  it('may lack what only some Rollouts need: those say what to grant, and abort all the same', async () => {
    const scene = await Scene.open(cluster.api, 'trimmed');
    const narrow = { namespaced: true, flags: ['--set', 'namespaced=true'] };
    const steps = [{ setWeight: 50 }, { pause: {} }];
    const stopWhole = await asInstalled({ scene, release: 'whole', ...narrow });
    try {
      await scene.apply(
        ...SHOP_ROUTE,
        canaryRollout({ name: 'shop', replicas: 2, steps, canary: SHOP_ROUTED }),
        canaryRollout({ name: 'plain' }),
      );
      await scene.untilPhase('shop', 'Healthy');
      await scene.setImage('shop', 'shop:2');
      await scene.untilPhase('shop', 'Paused');
    } finally {
      await stopWhole();
    }
    const stopTrimmed = await asInstalled({ scene, release: 'trimmed', ...narrow, without: ['httproutes'] });
    try {
      const broken = await scene.untilPhase('shop', 'Degraded');
      assert.match(
        conditionOf(broken, 'InvalidSpec')?.message ?? '',
        /Forbidden: the controller may not watch httproutes\.gateway\.networking\.k8s\.io in namespace .*; grant it/,
      );
      // Events are posted after everything else.
      await until('the event', async () =>
        (await scene.eventLines('shop')).some((line) => line.startsWith('Warning InvalidSpec')),
      );
      await scene.setImage('plain', 'plain:2');
      await scene.untilRollout('plain', 'updated', ({ metadata, status }) => {
        return status.phase === 'Healthy' && status.observedGeneration === String(metadata['generation']);
      });

      await scene.patchStatus('shop', { abort: true });
      const aborted = await scene.untilRollout('shop', 'aborted', ({ status }) => status.abortedAt !== undefined);
      assert.equal(aborted['status'].canary.weights.canary.weight, 50);
    } finally {
      await stopTrimmed();
    }
    const stopAgain = await asInstalled({ scene, release: 'again', ...narrow });
    try {
      await scene.untilRollout('shop', 'led back', ({ status }) => status.canary.weights.canary.weight === 0);
    } finally {
      await stopAgain();
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

function trimmed(object: Manifest, without: readonly string[]): Manifest {
  const { rules } = object as { readonly rules?: readonly { readonly resources?: readonly string[] }[] };
  if (rules === undefined) return object;
  return { ...object, rules: rules.filter(({ resources = [] }) => !resources.some((one) => without.includes(one))) };
}

function isAboutRoles({ kind = '', metadata }: Manifest): boolean {
  if (metadata.name.includes('aggregate')) return false;
  return kind === 'ServiceAccount' || kind.includes('Role');
}
