import assert from 'node:assert/strict';
import { startFakePrometheus } from '../support/fake-prometheus.ts';
import { analysisTemplate, canaryRollout, service, SHOP_ROUTE, SHOP_ROUTED } from '../support/manifests.ts';
import { opened } from '../support/opened.ts';
import { onEachControlPlane, stageOn, storiesOn } from '../support/stories.ts';
import { conditionOf, until, type Scene } from '../support/world.ts';

onEachControlPlane('the Rollout API as its users know it', { concurrency: 8 }, (name) => {
  const stage = stageOn(name);
  const prometheus = opened(startFakePrometheus, (fake) => fake.close());
  const story = storiesOn(stage, 'api');

  story('tells an abort and the next attempt in the known order', async (scene) => {
    const steps = [{ setWeight: 50 }, { pause: { duration: '2s' } }];
    await scene.apply(canaryRollout({ name: 'shop', steps }));
    await scene.untilPhase('shop', 'Healthy');
    await scene.setImage('shop', 'shop:2');
    await scene.untilPhase('shop', 'Paused');
    await scene.patchStatus('shop', { abort: true });
    await scene.untilRollout('shop', 'back on stable', ({ status }) => {
      return status.phase === 'Degraded' && status.replicas === 1;
    });
    await scene.patchStatus('shop', { abort: false });
    await scene.untilPhase('shop', 'Healthy');

    const told = await until('all events', async () => {
      const occurrences = await eventOccurrences(scene);
      return occurrences.filter((reason) => reason === 'RolloutCompleted').length === 2 ? occurrences : undefined;
    });
    assert.deepEqual([...told].sort(), [
      'NewReplicaSetCreated',
      'NewReplicaSetCreated',
      'RolloutAborted',
      'RolloutAddedToInformer',
      'RolloutCommand',
      'RolloutCommand',
      'RolloutCompleted',
      'RolloutCompleted',
      'RolloutNotCompleted',
      'RolloutNotCompleted',
      'RolloutPaused',
      'RolloutPaused',
      'RolloutResumed',
      'RolloutStepCompleted',
      'RolloutStepCompleted',
      'RolloutStepCompleted',
      'RolloutUpdated',
      'RolloutUpdated',
      'ScalingReplicaSet',
      'ScalingReplicaSet',
      'ScalingReplicaSet',
      'ScalingReplicaSet',
      'ScalingReplicaSet',
    ]);
  });

  story('tells that a pause ends also when somebody skips it', async (scene) => {
    await scene.apply(canaryRollout({ name: 'shop', replicas: 1, steps: [{ pause: {} }] }));
    await scene.untilPhase('shop', 'Healthy');
    await scene.setImage('shop', 'shop:2');
    await scene.untilPhase('shop', 'Paused');

    await scene.patchStatus('shop', { currentStepIndex: 1 });

    await scene.untilPhase('shop', 'Healthy');
    await until('the end of the pause to be told', async () => {
      const lines = await scene.eventLines('shop');
      return lines.includes('Normal RolloutResumed: Rollout is resumed') ? lines : undefined;
    });
  });

  story('keeps what a bad measurement said, and measures anew when retried', async (scene) => {
    prometheus.answer('flip_story', { value: 0.9 });
    const analysis = { templates: [{ templateName: 'errors' }] };
    await scene.apply(
      analysisTemplate({
        name: 'errors',
        address: prometheus.url,
        query: 'flip_story',
        metric: { interval: '1s' },
      }),
      canaryRollout({
        name: 'shop',
        replicas: 2,
        canary: { analysis },
        steps: [{ setWeight: 50 }, { pause: {} }, { setWeight: 100 }, { pause: {} }],
      }),
    );
    await scene.untilPhase('shop', 'Healthy');
    await scene.setImage('shop', 'shop:2');

    const aborted = await scene.untilPhase('shop', 'Degraded');
    const hash: string = aborted['status'].currentPodHash;
    assert.deepEqual(aborted['status'].canary.currentBackgroundAnalysisRunStatus, {
      name: `shop-${hash}-2`,
      status: 'Failed',
      message: 'Metric "error-rate" assessed Failed due to failed (1) > failureLimit (0)',
    });

    prometheus.answer('flip_story', { value: 0.01 });
    await scene.patchSpec('shop', { replicas: 3 });
    await scene.patchStatus('shop', { abort: false });
    await scene.untilRollout('shop', 'measured again', ({ status }) => {
      return (
        status.phase === 'Paused' && status.canary?.currentBackgroundAnalysisRunStatus?.name === `shop-${hash}-2.1`
      );
    });
    await scene.patchStatus('shop', { pauseConditions: null });
    await scene.untilRollout('shop', 'at the last step', ({ status }) => {
      return status.phase === 'Paused' && status.currentStepIndex === 3;
    });
    await scene.patchStatus('shop', { pauseConditions: null });
    await scene.untilPhase('shop', 'Healthy');

    const runs = await scene.list('analysisruns.argoproj.io');
    assert.deepEqual(runs.map(({ metadata }) => metadata.name).sort(), [`shop-${hash}-2`, `shop-${hash}-2.1`]);
  });

  story('sizes the canary as setCanaryScale says at each step', async (scene) => {
    await scene.apply(
      ...SHOP_ROUTE,
      canaryRollout({
        name: 'shop',
        replicas: 4,
        canary: SHOP_ROUTED,
        steps: [
          { pause: {} },
          { setCanaryScale: { weight: 25 } },
          { pause: { duration: '100s' } },
          { setWeight: 50 },
          { pause: { duration: '60s' } },
          { setCanaryScale: { replicas: 3 } },
          { pause: {} },
          { setCanaryScale: { matchTrafficWeight: true } },
          { pause: { duration: '60s' } },
        ],
      }),
    );
    await scene.untilPhase('shop', 'Healthy');
    await scene.setImage('shop', 'shop:2');

    for (const [index, canary] of [
      [0, 0],
      [2, 1],
      [4, 1],
      [6, 3],
      [8, 2],
    ] as const) {
      await scene.untilRollout('shop', `paused at step ${index} with ${canary} pods`, ({ status }) => {
        return (
          status.phase === 'Paused' &&
          status.currentStepIndex === index &&
          status.updatedReplicas === canary &&
          status.replicas === 4 + canary
        );
      });
      await scene.patchStatus('shop', { pauseConditions: null });
    }
    const done = await scene.untilPhase('shop', 'Healthy');
    assert.equal(done['status'].updatedReplicas, 4);
  });

  story('follows its size while paused, and shows no more of it to an autoscaler', async (scene) => {
    await scene.apply(
      ...SHOP_ROUTE,
      canaryRollout({ name: 'shop', replicas: 4, canary: SHOP_ROUTED, steps: [{ setWeight: 25 }, { pause: {} }] }),
    );
    await scene.untilPhase('shop', 'Healthy');
    await scene.setImage('shop', 'shop:2');
    await scene.untilPhase('shop', 'Paused');

    for (const [replicas, canary] of [
      [8, 2],
      [4, 1],
    ] as const) {
      await stage.api.patch(`${scene.path('rollouts.argoproj.io', 'shop')}/scale`, { spec: { replicas } });
      await scene.untilRollout('shop', `paused with ${replicas}`, ({ status, spec }) => {
        return spec.replicas === replicas && status.availableReplicas === replicas + canary;
      });
      const scale = await stage.api.get(`${scene.path('rollouts.argoproj.io', 'shop')}/scale`);
      assert.deepEqual(scale?.['status'], { replicas, selector: 'app=shop' });
    }
    assert.equal((await scene.rollout('shop'))['status'].phase, 'Paused');
  });

  story('mends what somebody deletes under it', async (scene) => {
    await scene.apply(
      ...SHOP_ROUTE,
      canaryRollout({ name: 'shop', replicas: 2, canary: SHOP_ROUTED, steps: [{ setWeight: 50 }, { pause: {} }] }),
    );
    await scene.untilPhase('shop', 'Healthy');
    await scene.setImage('shop', 'shop:2');
    await scene.untilPhase('shop', 'Paused');
    const [stable, canary] = await scene.replicaSets();

    await stage.api.delete(scene.path('replicasets.apps', canary?.metadata.name));
    await until('the canary to be made again', async () => {
      const again = await scene.get('replicasets.apps', canary?.metadata.name ?? '');
      return again !== undefined && again.metadata.uid !== canary?.metadata.uid;
    });
    await scene.untilRollout('shop', 'paused with its weight again', ({ status }) => {
      return status.availableReplicas === 3 && status.canary.weights.canary.weight === 50;
    });

    await stage.api.delete(scene.path('replicasets.apps', stable?.metadata.name));
    const done = await scene.untilPhase('shop', 'Healthy');
    assert.equal(done['status'].stableRS, done['status'].currentPodHash);
    assert.equal(done['status'].updatedReplicas, 2);
  });

  story('says of a spec that never made sense nothing but that', async (scene) => {
    const same = { stableService: 'shop', canaryService: 'shop' };
    await scene.apply(service('shop', 'shop'), canaryRollout({ name: 'shop', canary: same }));

    const broken = await scene.untilPhase('shop', 'Degraded');

    assert.equal(conditionOf(broken, 'InvalidSpec')?.status, 'True');
    assert.equal(conditionOf(broken, 'Available'), undefined);
    assert.equal(conditionOf(broken, 'Progressing'), undefined);
    assert.deepEqual(await scene.replicaSets(), []);
  });

  story('lets a new version replace one that never came up, within its bounds', async (scene) => {
    await scene.apply(
      canaryRollout({
        name: 'shop',
        replicas: 4,
        image: 'does-not-exist:1',
        canary: { maxSurge: 1, maxUnavailable: 0 },
        spec: { progressDeadlineSeconds: 1 },
      }),
    );
    const late = await scene.untilPhase('shop', 'Degraded');
    assert.match(
      late['status'].message,
      /^ProgressDeadlineExceeded: ReplicaSet "shop-\w+" has timed out progressing\.$/,
    );

    await scene.setImage('shop', 'shop:2');
    await scene.untilPhase('shop', 'Healthy');

    const sizes = await scene.sizes();
    assert.deepEqual(sizes, [0, 4]);
  });
});

/** Reasons of the Rollout's events, each as often as it happened. */
async function eventOccurrences(scene: Scene): Promise<readonly string[]> {
  const events = await scene.list('events');
  return events
    .filter((event) => event['involvedObject'].kind === 'Rollout')
    .flatMap((event) => Array.from({ length: event['count'] ?? 1 }, () => String(event['reason'])));
}
