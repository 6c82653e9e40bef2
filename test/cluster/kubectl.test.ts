import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import { promisify } from 'node:util';
import type { Manifest } from '../support/api-client.ts';
import { canaryRollout, SHOP_ROUTE, SHOP_ROUTED } from '../support/manifests.ts';
import { planeTool } from '../support/plane.ts';
import { stageOn, storiesOn } from '../support/stories.ts';
import { clusterSkipReason, until, type Scene } from '../support/world.ts';

const AUTOSCALERS = '/apis/autoscaling/v2/namespaces';

/** A program of others asks the API server, and the API server answers: nothing of ours is in between. */
describe('what comes with every cluster', { skip: clusterSkipReason(), concurrency: 4 }, () => {
  const stage = stageOn('cluster');
  const story = storiesOn(stage, 'kubectl');
  let cache: string;

  before(() => {
    cache = mkdtempSync(join(tmpdir(), 'headgate-kubectl-'));
  });
  after(() => rmSync(cache, { recursive: true, force: true }));

  async function kubectl(scene: Scene, ...args: readonly string[]): Promise<string> {
    const where = ['--kubeconfig', stage.cluster.kubeconfig, '--namespace', scene.namespace, '--cache-dir', cache];
    const { stdout } = await promisify(execFile)(planeTool('kubectl'), [...args, ...where]);
    return stdout.trim();
  }

  const wait = (scene: Scene, condition: string): Promise<string> =>
    kubectl(scene, 'wait', 'rollout/shop', `--for=condition=${condition}`, '--timeout=60s');

  story('kubectl waits for conditions, shows the columns, and scales', async (scene) => {
    await scene.apply(canaryRollout({ name: 'shop', replicas: 2, steps: [{ setWeight: 50 }, { pause: {} }] }));
    assert.match(await wait(scene, 'Healthy'), /condition met$/);
    assert.match(await wait(scene, 'Completed'), /condition met$/);

    await kubectl(scene, 'patch', 'rollout/shop', '--type=json', '-p', imagePatch('shop:2'));
    assert.match(await wait(scene, 'Paused'), /condition met$/);
    assert.match(await wait(scene, 'Completed=False'), /condition met$/);
    assert.match(await wait(scene, 'Healthy=False'), /condition met$/);
    const [header, row] = (await kubectl(scene, 'get', 'rollouts')).split('\n').map((line) => line.split(/ +/));
    assert.deepEqual(header?.slice(0, 5), ['NAME', 'DESIRED', 'CURRENT', 'UP-TO-DATE', 'AVAILABLE']);
    assert.equal(header.at(-1), 'AGE');
    assert.deepEqual(row?.slice(0, 5), ['shop', '2', '2', '1', '2']);

    assert.equal(
      await kubectl(scene, 'scale', 'ro/shop', '--current-replicas=2', '--replicas=4'),
      'rollout.argoproj.io/shop scaled',
    );
    await kubectl(scene, 'wait', 'ro/shop', '--for=jsonpath={.status.availableReplicas}=4', '--timeout=60s');
    const patch = { status: { pauseConditions: null } };
    await kubectl(scene, 'patch', 'ro/shop', '--subresource=status', '--type=merge', '-p', JSON.stringify(patch));
    assert.match(await wait(scene, 'Completed'), /condition met$/);
    assert.match(await wait(scene, 'Healthy'), /condition met$/);
    assert.match(await wait(scene, 'Paused=False'), /condition met$/);
  });

  story(
    'a HorizontalPodAutoscaler (v2) moves a Rollout in the middle of an update, and is shown none of its extra pods',
    async (scene) => {
      await scene.apply(
        ...SHOP_ROUTE,
        canaryRollout({ name: 'shop', replicas: 4, canary: SHOP_ROUTED, steps: [{ setWeight: 50 }, { pause: {} }] }),
      );
      await scene.untilPhase('shop', 'Healthy');
      await scene.setImage('shop', 'shop:2');
      await scene.untilRollout('shop', 'paused with 6 pods', ({ status }) => {
        return status.phase === 'Paused' && status.availableReplicas === 6;
      });

      const path = `${AUTOSCALERS}/${scene.namespace}/horizontalpodautoscalers`;
      await stage.api.create(path, autoscaler({ minReplicas: 6, maxReplicas: 8 }));
      await scaled(scene, 6, 3);
      await stage.api.patch(`${path}/shop`, { spec: { minReplicas: 1, maxReplicas: 2 } });
      await scaled(scene, 2, 1);
      const shown = await until('the autoscaler to have seen it', async () => {
        const found = await stage.api.get(`${path}/shop`);
        return found?.['status']?.currentReplicas === 2 ? found : undefined;
      });
      const able = shown['status'].conditions.find(({ type }: { type: string }) => type === 'AbleToScale');
      assert.equal(able.status, 'True');

      await scene.patchStatus('shop', { promoteFull: true });
      await scene.untilPhase('shop', 'Healthy');
      assert.equal((await scene.rollout('shop'))['spec'].replicas, 2);
    },
  );

  story('an eviction of pods is refused or made good, as its budget says', async (scene) => {
    await scene.apply(canaryRollout({ name: 'shop', replicas: 2, steps: [{ setWeight: 50 }, { pause: {} }] }));
    await scene.untilPhase('shop', 'Healthy');
    await scene.setImage('shop', 'shop:2');
    await scene.untilRollout('shop', 'paused with two pods', ({ status }) => {
      return status.phase === 'Paused' && status.replicas === 2;
    });
    const budgets = `/apis/policy/v1/namespaces/${scene.namespace}/poddisruptionbudgets`;
    await stage.api.create(budgets, {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'shop' },
      spec: { minAvailable: 2, selector: { matchLabels: { app: 'shop' } } },
    });
    await budgetAllows(scene, 0);
    const [pod] = await scene.list('pods');
    assert.ok(pod);
    assert.equal(await evict(scene, pod), "Cannot evict pod as it would violate the pod's disruption budget.");

    await stage.api.patch(`${budgets}/shop`, { spec: { minAvailable: 1 } });
    await budgetAllows(scene, 1);
    assert.equal(await evict(scene, pod), 'evicted');
    await until('another pod in its place', async () => {
      const { status } = await scene.rollout('shop');
      return (await scene.get('pods', pod.metadata.name)) === undefined && status.availableReplicas === 2;
    });
    assert.equal((await scene.rollout('shop'))['status'].phase, 'Paused');
  });

  async function budgetAllows(scene: Scene, count: number): Promise<void> {
    await until(`the budget to allow ${count}`, async () => {
      const budget = await scene.get('poddisruptionbudgets.policy', 'shop');
      const { observedGeneration, disruptionsAllowed } = budget?.['status'] ?? {};
      return observedGeneration === budget?.metadata.generation && disruptionsAllowed === count;
    });
  }

  async function evict(scene: Scene, { metadata: { name } }: Manifest): Promise<string> {
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: scene.namespace } };
    try {
      await stage.api.create(`${scene.path('pods', name)}/eviction`, eviction);
      return 'evicted';
    } catch (error) {
      return (error as Error).message.replace(/^.* answered 429: /, '');
    }
  }

  /** The Rollout wants so many, has so many of the new version on top, and shows an autoscaler no more than it wants. */
  async function scaled(scene: Scene, replicas: number, extra: number): Promise<void> {
    await scene.untilRollout('shop', `paused with ${replicas} and ${extra} pods`, ({ spec, status }) => {
      return status.phase === 'Paused' && spec.replicas === replicas && status.availableReplicas === replicas + extra;
    });
    const scale = await stage.api.get(`${scene.path('rollouts.argoproj.io', 'shop')}/scale`);
    assert.equal(scale?.['status'].replicas, replicas);
  }
});

function imagePatch(image: string): string {
  return JSON.stringify([{ op: 'replace', path: '/spec/template/spec/containers/0/image', value: image }]);
}

/** Sizes outside of its bounds are corrected without any metric. */
function autoscaler(bounds: { readonly minReplicas: number; readonly maxReplicas: number }): Record<string, unknown> {
  const resource = { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } };
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'shop' },
    spec: {
      ...bounds,
      scaleTargetRef: { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name: 'shop' },
      metrics: [{ type: 'Resource', resource }],
    },
  };
}
