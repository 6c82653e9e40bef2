import assert from 'node:assert/strict';
import type { Manifest } from '../support/api-client.ts';
import { canaryRollout, service } from '../support/manifests.ts';
import { onEachControlPlane, stageOn, storiesOn } from '../support/stories.ts';
import { watchObjects } from '../support/watch-objects.ts';
import { conditionOf, until } from '../support/world.ts';

const HASH = 'rollouts-pod-template-hash';

onEachControlPlane('the outcome of a pass', {}, (name) => {
  const stage = stageOn(name);
  const story = storiesOn(stage, 'outcome');

  story('is told when what it tells of is done: an abort when the Service leads back', async (scene) => {
    const canary = { stableService: 'shop-stable', canaryService: 'shop-canary' };
    const steps = [{ setWeight: 50 }, { pause: {} }];
    await scene.apply(service('shop-stable', 'shop'), service('shop-canary', 'shop'));
    await scene.apply(canaryRollout({ name: 'shop', replicas: 2, steps, canary }));
    const { status: healthy } = await scene.untilPhase('shop', 'Healthy');
    await scene.setImage('shop', 'shop:2');
    await scene.untilPhase('shop', 'Paused');
    const seen: Manifest[] = [];
    const watch = watchObjects(stage.api, scene.path('rollouts.argoproj.io'), (_change, rollout) => {
      seen.push(rollout);
    });
    try {
      await scene.patchStatus('shop', { abort: true });
      const told = await until('a watch to tell of the abort', async () =>
        seen.find((rollout) => rollout['status'].phase === 'Degraded'),
      );

      const recorded = seen.find((rollout) => rollout['status'].abortedAt !== undefined);
      const back = await scene.get('services', 'shop-canary');
      assert.equal(back?.['spec'].selector[HASH], healthy.stableRS);
      assert.ok(versionOf(back) < versionOf(told), 'Degraded was told before the Service led back');
      assert.ok(versionOf(recorded) < versionOf(back), 'the Service led back before the abort was on record');
    } finally {
      watch.stop();
    }
  });

  story('is not that a Service is missing which comes a moment after its Rollout', async (scene) => {
    const seen: Manifest[] = [];
    const watch = watchObjects(stage.api, scene.path('rollouts.argoproj.io'), (_change, rollout) => {
      seen.push(rollout);
    });
    try {
      const canary = { stableService: 'shop-stable', canaryService: 'shop-canary' };
      await scene.apply(canaryRollout({ name: 'shop', replicas: 1, canary }));
      await scene.apply(service('shop-stable', 'shop'), service('shop-canary', 'shop'));
      await scene.untilPhase('shop', 'Healthy');

      assert.ok(seen.every((rollout) => conditionOf(rollout, 'InvalidSpec') === undefined));
      assert.ok(!(await scene.eventLines('shop')).some((line) => line.includes('InvalidSpec')));
    } finally {
      watch.stop();
    }
  });
});

/** Both servers count all writes in one row. */
function versionOf(object: Manifest | undefined): number {
  return Number(object?.metadata.resourceVersion);
}
