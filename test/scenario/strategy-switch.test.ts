import assert from 'node:assert/strict';
import { blueGreenRollout, canaryRollout, httpRoute, service, SHOP_ROUTE, SHOP_ROUTED } from '../support/manifests.ts';
import { onEachControlPlane, stageOn, storiesOn, type Story } from '../support/stories.ts';
import { until, type Scene } from '../support/world.ts';

const HASH = 'rollouts-pod-template-hash';
const STEPS = [{ setWeight: 50 }, { pause: {} }];

onEachControlPlane('strategies and Services', { concurrency: 8 }, (name) => {
  const plain = storiesOn(stageOn(name), 'switch');
  const story: Story = (title, tell) =>
    plain(title, async (scene) => {
      await scene.apply(service('shop-active', 'shop'), service('shop-preview', 'shop'));
      await tell(scene);
    });

  story('blue-green becomes canary and blue-green again, without a new pod', async (scene) => {
    await scene.apply(blueGreenRollout({ name: 'shop', replicas: 2 }));
    await scene.untilPhase('shop', 'Healthy');
    const pods = await podNames(scene);

    await scene.patchSpec('shop', { strategy: { blueGreen: null, canary: { steps: STEPS } } });
    const canary = await scene.untilPhase('shop', 'Healthy');
    await untilSelects(scene, 'shop-active', undefined);
    assert.equal(canary['status'].blueGreen, undefined);
    assert.equal(canary['status'].currentStepIndex, 2);

    const blueGreen = { activeService: 'shop-active', previewService: 'shop-preview' };
    await scene.patchSpec('shop', { strategy: { canary: null, blueGreen } });
    const back = await scene.untilPhase('shop', 'Healthy');
    await untilSelects(scene, 'shop-active', back['status'].stableRS);

    assert.deepEqual(await podNames(scene), pods);
  });

  story('an update goes on under the new strategy from its start', async (scene) => {
    await scene.apply(canaryRollout({ name: 'shop', replicas: 2, steps: STEPS }));
    await scene.untilPhase('shop', 'Healthy');
    await scene.setImage('shop', 'shop:2');
    await scene.untilPhase('shop', 'Paused');

    const blueGreen = { activeService: 'shop-active', autoPromotionEnabled: false };
    await scene.patchSpec('shop', { strategy: { canary: null, blueGreen } });
    await scene.untilRollout('shop', 'paused before its switch', ({ status }) => status.message === 'BlueGreenPause');
    await untilSelects(scene, 'shop-active', (await scene.rollout('shop'))['status'].stableRS);

    await scene.patchStatus('shop', { pauseConditions: null });
    const done = await scene.untilPhase('shop', 'Healthy');
    await untilSelects(scene, 'shop-active', done['status'].currentPodHash);
  });

  story(
    'a route that the spec names no more leads to stable alone, beside another one that it names',
    async (scene) => {
      const services = { stable: 'shop-stable', canary: 'shop-canary' };
      const steps = [{ setWeight: 40 }, { pause: {} }];
      const weightsOf = async (route: string): Promise<readonly number[]> => {
        const found = await scene.get('httproutes.gateway.networking.k8s.io', route);
        assert.ok(found !== undefined);
        const { rules } = found['spec'] as {
          readonly rules: readonly { backendRefs: readonly { weight: number }[] }[];
        };
        return rules.flatMap(({ backendRefs }) => backendRefs.map(({ weight }) => weight));
      };
      const routing = (route: string): object => ({ plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: route } } });
      await scene.apply(
        ...SHOP_ROUTE,
        httpRoute('shop-new', services),
        canaryRollout({ name: 'shop', replicas: 2, steps, canary: SHOP_ROUTED }),
      );
      await scene.untilPhase('shop', 'Healthy');
      await scene.setImage('shop', 'shop:2');
      await scene.untilPhase('shop', 'Paused');
      assert.deepEqual(await weightsOf('shop'), [60, 40]);

      await scene.patchSpec('shop', { strategy: { canary: { trafficRouting: routing('mistaken') } } });
      await scene.untilPhase('shop', 'Degraded');
      assert.deepEqual(await weightsOf('shop'), [60, 40]);
      await scene.patchSpec('shop', { strategy: { canary: { trafficRouting: routing('shop-new') } } });

      await until('the new route to have the weight', async () => (await weightsOf('shop-new'))[1] === 40);
      await until('the old route to lead to stable', async () => (await weightsOf('shop'))[1] === 0);
      const { metadata } = (await scene.get('httproutes.gateway.networking.k8s.io', 'shop')) ?? {};
      assert.deepEqual(metadata?.annotations ?? {}, {});
    },
  );

  story('a Rollout that is deleted leaves its Services as it found them', async (scene) => {
    await scene.apply(blueGreenRollout({ name: 'shop', replicas: 1 }));
    const { status } = await scene.untilPhase('shop', 'Healthy');
    await untilSelects(scene, 'shop-active', status.stableRS);

    await scene.api.delete(scene.path('rollouts.argoproj.io', 'shop'));

    await untilSelects(scene, 'shop-active', undefined);
    const found = await scene.get('services', 'shop-active');
    assert.equal(found?.metadata.annotations?.['argo-rollouts.argoproj.io/managed-by-rollouts'], undefined);
  });
});

function untilSelects(scene: Scene, name: string, hash: string | undefined): Promise<unknown> {
  return until(
    `Service ${name} to select ${hash ?? 'all versions'}`,
    async () => ((await scene.get('services', name))?.['spec'].selector[HASH] === hash ? true : undefined),
    () => scene.get('services', name),
  );
}

async function podNames(scene: Scene): Promise<readonly string[]> {
  return (await scene.list('pods')).map(({ metadata }) => metadata.name).sort();
}
