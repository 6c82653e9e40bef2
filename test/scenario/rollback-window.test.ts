import assert from 'node:assert/strict';
import { blueGreenRollout, canaryRollout, service } from '../support/manifests.ts';
import { onEachControlPlane, stageOn, storiesOn } from '../support/stories.ts';

const SPEC = { rollbackWindow: { revisions: 1 } };

onEachControlPlane('the rollback window', { concurrency: 8 }, (name) => {
  const stage = stageOn(name);
  const story = storiesOn(stage, 'window');

  for (const [strategy, rollout] of [
    ['canary', canaryRollout({ name: 'shop', replicas: 2, steps: [{ setWeight: 50 }, { pause: {} }], spec: SPEC })],
    [
      'blue-green',
      blueGreenRollout({
        name: 'shop',
        replicas: 2,
        // A version that still has its pods would be gone back to in any case.
        blueGreen: { autoPromotionEnabled: false, scaleDownDelaySeconds: 0 },
        spec: SPEC,
      }),
    ],
  ] as const) {
    story(`lets ${strategy} go back one version at once, and no further`, async (scene) => {
      await scene.apply(service('shop-active', 'shop'), service('shop-preview', 'shop'), rollout);
      await scene.untilPhase('shop', 'Healthy');
      for (const image of ['shop:2', 'shop:3']) {
        await secondsPass();
        await scene.setImage('shop', image);
        await scene.untilPhase('shop', 'Paused');
        await scene.patchStatus('shop', { promoteFull: true });
        await scene.untilPhase('shop', 'Healthy');
      }

      await scene.setImage('shop', 'shop:2');
      const back = await scene.untilPhase('shop', 'Healthy');
      assert.equal(back['status'].stableRS, back['status'].currentPodHash);

      await scene.setImage('shop', 'shop:3');
      await scene.untilPhase('shop', 'Paused');
      await scene.patchStatus('shop', { promoteFull: true });
      await scene.untilPhase('shop', 'Healthy');
      await scene.setImage('shop', 'shop:1');
      const further = await scene.untilPhase('shop', 'Paused');
      assert.notEqual(further['status'].stableRS, further['status'].currentPodHash);
    });
  }
});

/** Versions are ordered by when they were made, and Kubernetes counts that in seconds. */
function secondsPass(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 1_100);
  });
}
