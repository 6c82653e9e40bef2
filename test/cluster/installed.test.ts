import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { accountKubeconfig } from '../support/account-kubeconfig.ts';
import type { Manifest } from '../support/api-client.ts';
import { startControllerProcess, type ControllerProcess } from '../support/controller-process.ts';
import { noHelmReason, pathOfChartObject, renderChart } from '../support/chart.ts';
import { canaryRollout } from '../support/manifests.ts';
import { installPruningCrds } from '../support/other-crds.ts';
import { clusterSkipReason, conditionOf, openCluster, Scene, until, type Cluster } from '../support/world.ts';

const RELEASE = { namespace: 'progressive', name: 'headgate' } as const;
/** Where the controller ran that Headgate replaces. */
const OTHER = 'argo-rollouts';
const VALUES = ['installCRDs=false', 'sharding=true', `leaderElection.namespace=${OTHER}`];
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const LEASES = '/apis/coordination.k8s.io/v1/namespaces';
const NAMES = ['shop-1', 'shop-2', 'shop-3', 'shop-4', 'shop-5', 'shop-6'];

describe(
  'the chart beside the CRDs of another controller, with replicas that share',
  { skip: clusterSkipReason() ?? noHelmReason() },
  () => {
    let cluster: Cluster;
    let chart: readonly Manifest[] = [];
    const processes: ControllerProcess[] = [];
    const directory = mkdtempSync(join(tmpdir(), 'headgate-installed-'));

    before(async () => {
      cluster = await openCluster('cluster');
      await installPruningCrds(cluster.api);
      for (const name of [OTHER, RELEASE.namespace])
        await cluster.api.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    });
    after(async () => {
      await Promise.all(processes.map((one) => one.stop()));
      for (const object of chart) await cluster.api.delete(pathOfChartObject(object));
      for (const name of [OTHER, RELEASE.namespace]) await cluster.api.delete(`/api/v1/namespaces/${name}`);
      await cluster.stop();
      rmSync(directory, { recursive: true });
    });

    /** What a container of the Deployment runs, on ports and in folders of its own. */
    async function startReplica(deployment: Manifest): Promise<void> {
      const [container] = deployment['spec'].template.spec.containers as readonly {
        readonly args: readonly string[];
      }[];
      const [, ...args] = container?.args ?? [];
      const local = args.filter((arg) => !/^--(metricsPort|healthzPort|git-state-dir)=/.test(arg));
      const kubeconfig = await accountKubeconfig(RELEASE, { ...cluster, directory });
      const env = { HEADGATE_POD_NAMESPACE: RELEASE.namespace };
      const quick = '--leader-election-retry-period=500ms';
      processes.push(startControllerProcess({ kubeconfig, env, args: [...local, quick] }));
    }

    it('leaves those CRDs alone, holds the Lease of the other controller, and runs updates', async () => {
      const crds = versionsOf(await cluster.api.list(CRDS));

      const flags = VALUES.flatMap((value) => ['--set', value]);
      chart = renderChart({ namespace: RELEASE.namespace, flags });
      for (const object of chart) await cluster.api.apply(pathOfChartObject(object), object, 'helm');

      assert.deepEqual(versionsOf(await cluster.api.list(CRDS)), crds);
      const path = `/apis/apps/v1/namespaces/${RELEASE.namespace}/deployments/${RELEASE.name}`;
      const deployment = await cluster.api.get(path);
      assert.equal(deployment?.['spec'].replicas, 2);
      await startReplica(deployment);
      await startReplica(deployment);
      await until('two members that agree', async () => {
        const leases = await cluster.api.list(`${LEASES}/${RELEASE.namespace}/leases`);
        const views = leases.flatMap(({ metadata }) => metadata.annotations?.['headgate.dev/members'] ?? []);
        return views.length === 2 && views.every((view) => view.split(',').length === 2);
      });
      const lock = await cluster.api.get(`${LEASES}/${OTHER}/leases/argo-rollouts-controller-lock`);
      assert.match(lock?.['spec'].holderIdentity, /^headgate-members_progressive_/);

      const scene = await Scene.open(cluster.api, 'installed');
      try {
        await scene.apply(...NAMES.map((name) => canaryRollout({ name, replicas: 2, steps: [{ setWeight: 50 }] })));
        await Promise.all(NAMES.map((name) => scene.untilPhase(name, 'Healthy')));
        await Promise.all(NAMES.map((name) => scene.setImage(name, 'shop:2')));
        const healthy = await Promise.all(NAMES.map((name) => scene.untilPhase(name, 'Healthy')));

        for (const { status } of healthy) assert.equal(status.stableRS, status.currentPodHash);
        assert.ok(healthy.some((rollout) => conditionOf(rollout, 'StatusPruned') !== undefined));
      } finally {
        await scene.close();
      }
    });
  },
);

function versionsOf(objects: readonly Manifest[]): readonly string[] {
  return objects.map(({ metadata }) => `${metadata.name} ${metadata.generation}`).sort();
}
