import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { canaryRollout } from '../support/manifests.ts';
import { installOwnCrds, installPruningCrds } from '../support/other-crds.ts';
import { startStage, type Stage } from '../support/stage.ts';
import { clusterSkipReason, conditionOf, Scene, type Cluster } from '../support/world.ts';

for (const name of ['embedded', 'cluster'] as const satisfies readonly Cluster['name'][]) {
  const skip = name === 'cluster' ? clusterSkipReason() : undefined;
  describe(`CRDs of another controller, on the ${name} control plane`, { skip }, () => {
    let stage: Stage;

    before(async () => {
      stage = await startStage(name);
      await installPruningCrds(stage.api);
    });
    after(() => stage.stop());

    it('prune additive status: the update runs all the same, a condition says it, and then nothing is written', async () => {
      const scene = await Scene.open(stage.api, 'pruned');
      try {
        await scene.apply(canaryRollout({ name: 'shop', replicas: 2, steps: [{ setWeight: 50 }, { pause: {} }] }));
        await scene.untilPhase('shop', 'Healthy');
        await scene.setImage('shop', 'shop:2');
        const paused = await scene.untilPhase('shop', 'Paused');
        assert.equal(paused['status'].headgate, undefined);
        await scene.patchStatus('shop', { promoteFull: true });
        const healthy = await scene.untilPhase('shop', 'Healthy');
        assert.match(conditionOf(healthy, 'StatusPruned')?.message ?? '', /drops .*status\.headgate.*apply the CRDs/);

        const settled = await stage.untilQuiet(scene);
        const calls = stage.calls();
        await stage.wakeAll();

        assert.deepEqual(await stage.untilQuiet(scene), settled);
        assert.equal(stage.calls(), calls);

        await installOwnCrds(stage.api);
        await scene.patchSpec('shop', { replicas: 3 });
        const whole = await scene.untilRollout(
          'shop',
          'whole again',
          ({ status }) => status.headgate !== undefined && status.replicas === 3,
        );
        assert.notEqual(whole['status'].headgate.step, undefined);
        await scene.untilRollout('shop', 'told so', (now) => conditionOf(now, 'StatusPruned') === undefined);
      } finally {
        await scene.close();
      }
    });
  });
}
