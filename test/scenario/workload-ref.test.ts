import assert from 'node:assert/strict';
import type { Manifest } from '../support/api-client.ts';
import { canaryRollout, podTemplate } from '../support/manifests.ts';
import { onEachControlPlane, stageOn, storiesOn } from '../support/stories.ts';
import { conditionOf, until, type Scene } from '../support/world.ts';

const DEPLOYMENTS = 'deployments.apps';

onEachControlPlane('workloadRef', { concurrency: 8 }, (name) => {
  const stage = stageOn(name);
  const story = storiesOn(stage, 'workload');

  story('runs the template of a Deployment, updates with it, and leaves its pods alone', async (scene) => {
    await scene.apply(deployment(), referring({}));
    const installed = await scene.untilPhase('shop', 'Healthy');

    assert.equal(installed['spec'].template, undefined);
    assert.equal(installed['status'].selector, 'app=shop');
    await setImage(scene, 'shop:2');
    const paused = await scene.untilPhase('shop', 'Paused');

    assert.notEqual(paused['status'].currentPodHash, installed['status'].currentPodHash);
    const found = await scene.get(DEPLOYMENTS, 'shop');
    const generation = String(found?.metadata.generation);
    assert.equal(found?.['spec'].replicas, 2);
    assert.equal(paused['status'].workloadObservedGeneration, generation);
    assert.equal(paused.metadata.annotations?.['rollout.argoproj.io/workload-generation'], generation);
    const settled = await stage.untilQuiet(scene);
    await stage.wakeAll();
    assert.deepEqual(await stage.untilQuiet(scene), settled);
  });

  for (const scaleDown of ['onsuccess', 'progressively']) {
    story(`takes over from a Deployment, ${scaleDown}`, async (scene) => {
      await scene.apply(deployment());
      await until('the Deployment to be there', async () => {
        return (await scene.get(DEPLOYMENTS, 'shop'))?.['status']?.availableReplicas === 2;
      });

      await scene.apply(referring({ scaleDown }));
      await scene.untilPhase('shop', 'Healthy');
      await until('the Deployment to be scaled down', async () => {
        return (await scene.get(DEPLOYMENTS, 'shop'))?.['spec'].replicas === 0;
      });

      const { status } = await scene.rollout('shop');
      assert.equal(status.availableReplicas, 2);
    });
  }

  story('says which workload is missing, and starts when it comes', async (scene) => {
    await scene.apply(referring({}));
    const broken = await scene.untilPhase('shop', 'Degraded');
    assert.match(conditionOf(broken, 'InvalidSpec')?.message ?? '', /deployments.apps "[^"]*shop" not found/);

    await scene.apply(deployment());
    await scene.untilPhase('shop', 'Healthy');
  });

  story('keeps its pods, and the selector of the scale subresource, while its workload is gone', async (scene) => {
    await scene.apply(deployment(), referring({}));
    await scene.untilPhase('shop', 'Healthy');

    await scene.api.delete(scene.path(DEPLOYMENTS, 'shop'));
    const { status } = await scene.untilPhase('shop', 'Degraded');
    assert.equal(status.selector, 'app=shop');
    assert.equal(status.availableReplicas, 2);

    await scene.apply(deployment());
    await scene.untilPhase('shop', 'Healthy');
  });

  story('runs the template of a ReplicaSet', async (scene) => {
    const { apiVersion, metadata, spec } = deployment() as unknown as Manifest;
    await scene.apply({ apiVersion, kind: 'ReplicaSet', metadata, spec: { ...spec, replicas: 0 } });
    await scene.apply(referring({ kind: 'ReplicaSet' }));

    await scene.untilPhase('shop', 'Healthy');
  });

  story('runs the template of a PodTemplate', async (scene) => {
    const template = podTemplate('shop', 'shop:1');
    await scene.apply({ apiVersion: 'v1', kind: 'PodTemplate', metadata: { name: 'shop' }, template });
    const selector = { matchLabels: { app: 'shop' } };
    await scene.apply(referring({ apiVersion: 'v1', kind: 'PodTemplate' }, { selector }));

    await scene.untilPhase('shop', 'Healthy');
  });
});

function deployment(): Record<string, unknown> {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'shop' },
    spec: { replicas: 2, selector: { matchLabels: { app: 'shop' } }, template: podTemplate('shop', 'shop:1') },
  };
}

function referring(
  workloadRef: Readonly<Record<string, unknown>>,
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const { spec, ...rest } = canaryRollout({
    name: 'shop',
    replicas: 2,
    steps: [{ setWeight: 50 }, { pause: {} }],
  }) as unknown as Manifest;
  const { template: _, selector: __, ...own } = spec;
  const reference = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'shop', ...workloadRef };
  return { ...rest, spec: { ...own, workloadRef: reference, ...more } };
}

async function setImage(scene: Scene, image: string): Promise<void> {
  await scene.api.jsonPatch(scene.path(DEPLOYMENTS, 'shop'), [
    { op: 'replace', path: '/spec/template/spec/containers/0/image', value: image },
  ]);
}
