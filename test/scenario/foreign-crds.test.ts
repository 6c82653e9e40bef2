import assert from 'node:assert/strict';
import { before } from 'node:test';
import { canaryRollout } from '../support/manifests.ts';
import { installOwnCrds, installPruningCrds } from '../support/other-crds.ts';
import { onEachControlPlane, stageOn, storiesOn } from '../support/stories.ts';
import { conditionOf } from '../support/world.ts';

onEachControlPlane('CRDs of another controller', {}, (name) => {
  const stage = stageOn(name);
  before(() => installPruningCrds(stage.api));
  const story = storiesOn(stage, 'pruned');

  story(
    'prune additive status: the update runs all the same, a condition says it, and then nothing is written',
    async (scene) => {
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
    },
  );
});
