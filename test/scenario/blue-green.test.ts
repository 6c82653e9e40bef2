import assert from 'node:assert/strict';
import type { Manifest } from '../support/api-client.ts';
import { startFakePrometheus } from '../support/fake-prometheus.ts';
import { analysisTemplate, blueGreenRollout, service } from '../support/manifests.ts';
import { opened } from '../support/opened.ts';
import { onEachControlPlane, stageOn, storiesOn } from '../support/stories.ts';
import { conditionOf, until, type Scene } from '../support/world.ts';

const HASH = 'rollouts-pod-template-hash';
const MANAGED_BY = 'argo-rollouts.argoproj.io/managed-by-rollouts';

onEachControlPlane('blue-green', { concurrency: 8 }, (name) => {
  const stage = stageOn(name);
  const prometheus = opened(startFakePrometheus, (fake) => fake.close());
  const story = storiesOn(stage, 'blue-green');

  const install = async (scene: Scene, blueGreen: Readonly<Record<string, unknown>>): Promise<Manifest> => {
    await scene.apply(
      service('shop-active', 'shop'),
      service('shop-preview', 'shop'),
      blueGreenRollout({ name: 'shop', replicas: 2, blueGreen }),
    );
    return scene.untilPhase('shop', 'Healthy');
  };

  story('installs the first version, and aims both Services at it', async (scene) => {
    const { status } = await install(scene, {});

    assert.equal(status.blueGreen.activeSelector, status.currentPodHash);
    assert.equal(status.blueGreen.previewSelector, status.currentPodHash);
    assert.equal(status.selector, `app=shop,${HASH}=${status.currentPodHash}`);
    const active = await scene.get('services', 'shop-active');
    assert.deepEqual(active?.['spec'].selector, { app: 'shop', [HASH]: status.currentPodHash });
    assert.equal(active?.metadata.annotations?.[MANAGED_BY], 'shop');
    await until('an event that tells of the switch', async () =>
      (await scene.eventLines('shop')).some((line) => line.includes('SwitchService')),
    );
  });

  story('waits for a user, switches at once, and drains the old version after its delay', async (scene) => {
    const installed = await install(scene, { autoPromotionEnabled: false, scaleDownDelaySeconds: 1 });

    await scene.setImage('shop', 'shop:2');
    const paused = await scene.untilPhase('shop', 'Paused');

    assert.equal(paused['status'].message, 'BlueGreenPause');
    assert.equal(paused['status'].blueGreen.activeSelector, installed['status'].stableRS);
    assert.equal(paused['status'].blueGreen.previewSelector, paused['status'].currentPodHash);
    assert.deepEqual(await scene.sizes(), [2, 2]);

    await scene.patchStatus('shop', { pauseConditions: null });
    const done = await scene.untilPhase('shop', 'Healthy');

    assert.equal(done['status'].blueGreen.activeSelector, done['status'].currentPodHash);
    assert.equal(conditionOf(done, 'Completed')?.status, 'True');
    await scene.untilRollout('shop', 'rid of the old version', ({ status }) => status.replicas === 2);
    assert.deepEqual(await scene.sizes(), [0, 2]);
  });

  story('promotes itself after its seconds, growing from a small preview', async (scene) => {
    await install(scene, { autoPromotionSeconds: 1, previewReplicaCount: 1 });

    await scene.setImage('shop', 'shop:2');
    const paused = await scene.untilPhase('shop', 'Paused');
    assert.equal(paused['status'].updatedReplicas, 1);
    const done = await scene.untilPhase('shop', 'Healthy');

    assert.equal(done['status'].updatedReplicas, 2);
    assert.equal(done['status'].stableRS, done['status'].currentPodHash);
  });

  story('is aborted by a bad measurement after the switch, and the traffic is back on stable', async (scene) => {
    prometheus.answer('blue_green_bad', { value: 0.42 });
    await scene.apply(analysisTemplate({ name: 'errors', address: prometheus.url, query: 'blue_green_bad' }));
    const installed = await install(scene, { postPromotionAnalysis: { templates: [{ templateName: 'errors' }] } });

    await scene.setImage('shop', 'shop:2');
    const aborted = await scene.untilRollout('shop', 'aborted and back', ({ status }) => {
      return status.phase === 'Degraded' && status.blueGreen.activeSelector === installed['status'].stableRS;
    });

    assert.equal(
      conditionOf(aborted, 'Progressing')?.message,
      'Rollout aborted update to revision 2: Blue/green post-promotion analysis phase error/failed: Metric "error-rate" assessed Failed due to failed (1) > failureLimit (0)',
    );
    const [run] = await scene.list('analysisruns.argoproj.io');
    assert.equal(run?.metadata.labels?.['rollout-type'], 'PostPromotion');
    assert.equal(run?.metadata.name, `shop-${aborted['status'].currentPodHash}-2-post`);
  });

  story('is measured before the switch, and goes on when that is good', async (scene) => {
    prometheus.answer('blue_green_good', { value: 0.01 });
    await scene.apply(analysisTemplate({ name: 'errors', address: prometheus.url, query: 'blue_green_good' }));
    await install(scene, { prePromotionAnalysis: { templates: [{ templateName: 'errors' }] } });

    await scene.setImage('shop', 'shop:2');
    const done = await scene.untilPhase('shop', 'Healthy');

    assert.equal(done['status'].blueGreen.activeSelector, done['status'].currentPodHash);
    const [run] = await scene.list('analysisruns.argoproj.io');
    assert.equal(run?.['status'].phase, 'Successful');
  });

  story('goes back without the new version when its user aborts, and pauses again on a retry', async (scene) => {
    const installed = await install(scene, { autoPromotionEnabled: false, abortScaleDownDelaySeconds: 1 });
    await scene.setImage('shop', 'shop:2');
    await scene.untilPhase('shop', 'Paused');

    await scene.patchStatus('shop', { abort: true });
    const aborted = await scene.untilRollout('shop', 'drained', ({ status }) => {
      return status.phase === 'Degraded' && status.updatedReplicas === 0;
    });
    assert.equal(aborted['status'].message, 'RolloutAborted: Rollout aborted update to revision 2');
    assert.equal(aborted['status'].blueGreen.activeSelector, installed['status'].stableRS);

    await scene.patchStatus('shop', { abort: false });
    await scene.untilPhase('shop', 'Paused');
    await scene.patchStatus('shop', { promoteFull: true });
    const done = await scene.untilPhase('shop', 'Healthy');
    assert.equal(done['status'].blueGreen.activeSelector, done['status'].currentPodHash);
  });

  story('gives the traffic to the new version, without a pause, when the stable one was deleted', async (scene) => {
    const installed = await install(scene, { autoPromotionEnabled: false });
    await scene.setImage('shop', 'shop:2');
    await scene.untilPhase('shop', 'Paused');

    await scene.api.delete(scene.path('replicasets.apps', `shop-${installed['status'].stableRS}`));
    const done = await scene.untilPhase('shop', 'Healthy');

    assert.equal(done['status'].stableRS, done['status'].currentPodHash);
    assert.equal(done['status'].blueGreen.activeSelector, done['status'].currentPodHash);
    const active = await scene.get('services', 'shop-active');
    assert.equal(active?.['spec'].selector[HASH], done['status'].currentPodHash);
  });

  story('writes nothing while nothing happens', async (scene) => {
    await install(scene, { autoPromotionEnabled: false });
    await scene.setImage('shop', 'shop:2');
    await scene.untilPhase('shop', 'Paused');
    const settled = await stage.untilQuiet(scene);

    await stage.wakeAll();

    assert.deepEqual(await stage.untilQuiet(scene), settled);
  });
});
