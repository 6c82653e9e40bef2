import assert from 'node:assert/strict';
import { startFakePrometheus } from '../support/fake-prometheus.ts';
import { analysisTemplate, canaryRollout, measuredBy, podTemplate, service } from '../support/manifests.ts';
import { opened } from '../support/opened.ts';
import { onEachControlPlane, stageOn, storiesOn } from '../support/stories.ts';
import { conditionOf, revisionOf, Scene, until } from '../support/world.ts';

onEachControlPlane('a canary without traffic routing', { concurrency: 8 }, (name) => {
  const stage = stageOn(name);
  const prometheus = opened(startFakePrometheus, (fake) => fake.close());
  const story = storiesOn(stage, 'canary');

  story('installs the first version at once, without steps', async (scene) => {
    await scene.apply(canaryRollout({ name: 'shop', replicas: 3, steps: [{ setWeight: 20 }, { pause: {} }] }));

    const rollout = await scene.untilPhase('shop', 'Healthy');

    const { status } = rollout;
    assert.equal(status.currentStepIndex, 2);
    assert.equal(status.availableReplicas, 3);
    assert.equal(status.stableRS, status.currentPodHash);
    assert.equal(conditionOf(rollout, 'Available')?.status, 'True');
    assert.equal(conditionOf(rollout, 'Completed')?.status, 'True');
    assert.equal(conditionOf(rollout, 'Healthy')?.status, 'True');
    assert.equal(conditionOf(rollout, 'Progressing')?.reason, 'NewReplicaSetAvailable');
    const [first] = await scene.replicaSets();
    assert.equal(first?.metadata.name, `shop-${status.currentPodHash}`);
    assert.equal(first?.['spec'].replicas, 3);
    assert.equal(first === undefined ? 0 : revisionOf(first), 1);
    assert.equal(rollout.metadata.annotations?.['rollout.argoproj.io/revision'], '1');
  });

  story('walks through its steps, waits at a pause, and is promoted', async (scene) => {
    const steps = [{ setWeight: 20 }, { pause: {} }, { setWeight: 60 }, { pause: { duration: 1 } }];
    await scene.apply(canaryRollout({ name: 'shop', replicas: 5, steps }));
    const installed = await scene.untilPhase('shop', 'Healthy');

    await scene.setImage('shop', 'shop:2');
    const paused = await scene.untilPhase('shop', 'Paused');

    assert.equal(paused['status'].message, 'CanaryPauseStep');
    assert.equal(paused['status'].currentStepIndex, 1);
    assert.equal(paused['status'].controllerPause, true);
    assert.equal(paused['status'].stableRS, installed['status'].stableRS);
    const [stable, canary] = await scene.replicaSets();
    assert.deepEqual([stable?.['spec'].replicas, canary?.['spec'].replicas], [4, 1]);

    await scene.patchStatus('shop', { pauseConditions: null });
    const done = await scene.untilPhase('shop', 'Healthy');
    assert.equal('message' in done['status'], false);

    assert.equal(done['status'].currentStepIndex, 4);
    assert.equal(done['status'].stableRS, done['status'].currentPodHash);
    assert.notEqual(done['status'].stableRS, installed['status'].stableRS);
    assert.deepEqual(await scene.sizes(), [0, 5]);
  });

  story('is aborted by its user, and goes on when retried', async (scene) => {
    await scene.apply(canaryRollout({ name: 'shop', replicas: 2, steps: [{ setWeight: 50 }, { pause: {} }] }));
    const installed = await scene.untilPhase('shop', 'Healthy');
    await scene.setImage('shop', 'shop:2');
    await scene.untilPhase('shop', 'Paused');

    await scene.patchStatus('shop', { abort: true });
    const aborted = await scene.untilRollout('shop', 'aborted and back', ({ status }) => {
      return status.phase === 'Degraded' && status.availableReplicas === 2 && status.updatedReplicas === 0;
    });

    assert.equal(aborted['status'].message, 'RolloutAborted: Rollout aborted update to revision 2');
    assert.equal(aborted['status'].stableRS, installed['status'].stableRS);
    assert.equal(aborted['status'].currentStepIndex, 0);
    assert.equal(conditionOf(aborted, 'Progressing')?.reason, 'RolloutAborted');

    await scene.patchStatus('shop', { abort: false });
    await scene.untilPhase('shop', 'Paused');
    await scene.patchStatus('shop', { promoteFull: true });
    const done = await scene.untilPhase('shop', 'Healthy');

    assert.equal(done['status'].stableRS, done['status'].currentPodHash);
    assert.equal(done['status'].promoteFull, undefined);
    assert.equal(done['status'].abort, undefined);
  });

  story('goes back without steps when the template of the stable version returns', async (scene) => {
    await scene.apply(canaryRollout({ name: 'shop', replicas: 2, steps: [{ setWeight: 50 }, { pause: {} }] }));
    const installed = await scene.untilPhase('shop', 'Healthy');
    await scene.setImage('shop', 'shop:2');
    await scene.untilPhase('shop', 'Paused');

    await scene.setImage('shop', 'shop:1');
    const back = await scene.untilPhase('shop', 'Healthy');

    assert.equal(back['status'].stableRS, installed['status'].stableRS);
    assert.equal(back['status'].currentStepIndex, 2);
    const replicaSets = await scene.replicaSets();
    assert.equal(replicaSets.length, 2);
    const [drained, kept] = replicaSets;
    assert.deepEqual([drained?.['spec'].replicas, kept?.['spec'].replicas], [0, 2]);
    assert.equal(kept === undefined ? 0 : revisionOf(kept), 3);
  });

  story('starts over when a newer version supersedes the canary', async (scene) => {
    await scene.apply(canaryRollout({ name: 'shop', replicas: 2, steps: [{ setWeight: 50 }, { pause: {} }] }));
    await scene.untilPhase('shop', 'Healthy');
    await scene.setImage('shop', 'shop:2');
    const second = await scene.untilPhase('shop', 'Paused');

    await scene.setImage('shop', 'shop:3');
    const third = await scene.untilPhase('shop', 'Paused');

    assert.notEqual(third['status'].currentPodHash, second['status'].currentPodHash);
    assert.equal(third['status'].currentStepIndex, 1);
    await scene.untilRollout('shop', 'rid of the superseded canary', ({ status }) => status.replicas === 2);
  });

  story('is promoted by a measurement that is good', async (scene) => {
    prometheus.answer('good_story', { value: 0.01 });
    await scene.apply(
      analysisTemplate({ name: 'errors', address: prometheus.url, query: 'good_story' }),
      canaryRollout({ name: 'shop', steps: [{ setWeight: 50 }, measuredBy('errors')] }),
    );
    await scene.untilPhase('shop', 'Healthy');

    await scene.setImage('shop', 'shop:2');
    const done = await scene.untilPhase('shop', 'Healthy');

    assert.equal(done['status'].stableRS, done['status'].currentPodHash);
    const [run] = await scene.list('analysisruns.argoproj.io');
    assert.equal(run?.metadata.name, `shop-${done['status'].currentPodHash}-2-1`);
    assert.equal(run?.['status'].phase, 'Successful');
    assert.equal(run?.['status'].metricResults[0].measurements[0].value, '[0.01]');
  });

  story('is aborted by a measurement that is bad, and says which', async (scene) => {
    prometheus.answer('bad_story', { value: 0.42 });
    await scene.apply(
      analysisTemplate({ name: 'errors', address: prometheus.url, query: 'bad_story' }),
      canaryRollout({ name: 'shop', steps: [{ setWeight: 50 }, measuredBy('errors')] }),
    );
    const installed = await scene.untilPhase('shop', 'Healthy');

    await scene.setImage('shop', 'shop:2');
    const aborted = await scene.untilPhase('shop', 'Degraded');

    assert.equal(aborted['status'].abort, true);
    assert.equal(aborted['status'].stableRS, installed['status'].stableRS);
    assert.equal(
      conditionOf(aborted, 'Progressing')?.message,
      'Rollout aborted update to revision 2: Step-based analysis phase error/failed: Metric "error-rate" assessed Failed due to failed (1) > failureLimit (0)',
    );
    await scene.untilRollout('shop', 'back on stable', ({ status }) => status.updatedReplicas === 0);
  });

  story('never advances on a metric without data', async (scene) => {
    prometheus.answer('no_data_story', { vector: [] });
    await scene.apply(
      analysisTemplate({
        name: 'errors',
        address: prometheus.url,
        query: 'no_data_story',
        metric: { consecutiveErrorLimit: 0 },
      }),
      canaryRollout({ name: 'shop', steps: [{ setWeight: 50 }, measuredBy('errors')] }),
    );
    await scene.untilPhase('shop', 'Healthy');

    await scene.setImage('shop', 'shop:2');
    const aborted = await scene.untilPhase('shop', 'Degraded');

    assert.equal(aborted['status'].abort, true);
    const [run] = await scene.list('analysisruns.argoproj.io');
    assert.equal(run?.['status'].phase, 'Error');
  });

  story('keeps to a spec that makes no sense until it is mended', async (scene) => {
    const same = { stableService: 'shop', canaryService: 'shop' };
    await scene.apply(service('shop', 'shop'), canaryRollout({ name: 'shop', canary: same }));

    const broken = await scene.untilPhase('shop', 'Degraded');
    assert.equal(
      conditionOf(broken, 'InvalidSpec')?.message,
      'The Rollout "shop" is invalid: spec.strategy.stableService: Invalid value: "shop": This rollout uses the same service for the stable and canary services, but two different services are required.',
    );

    await scene.patchSpec('shop', { strategy: { canary: { stableService: null, canaryService: null } } });
    const mended = await scene.untilPhase('shop', 'Healthy');
    assert.equal(conditionOf(mended, 'InvalidSpec'), undefined);
  });

  story('says why the API server refuses its ReplicaSet, and goes on when the template is mended', async (scene) => {
    const template = podTemplate('shop', 'shop:1') as { spec: { containers: { name: string }[] } };
    const broken = structuredClone(template);
    broken.spec.containers[0] = { ...broken.spec.containers[0], name: 'Not A Name' };
    await scene.apply(canaryRollout({ name: 'shop', spec: { template: broken } }));

    const refused = await scene.untilPhase('shop', 'Degraded');
    const invalid = conditionOf(refused, 'InvalidSpec');
    assert.match(
      invalid?.message ?? '',
      /^The Rollout "shop" is invalid: spec\.template\.spec\.containers\[0\]\.name: Invalid value: "Not A Name"/,
    );
    assert.equal(refused['status'].message, `InvalidSpec: ${invalid?.message}`);
    await until('the event', async () => {
      return (await scene.eventLines('shop')).some((line) => line.startsWith('Warning InvalidSpec: '));
    });
    assert.ok(!(await scene.eventLines('shop')).some((line) => line.includes('NewReplicaSetCreated')));
    await stage.wakeAll();
    await stage.untilQuiet(scene);
    const told = (await scene.list('events')).filter(({ reason }) => reason === 'RolloutUpdated');
    assert.equal(
      told.reduce((sum, { count }) => sum + Number(count), 0),
      1,
    );

    await scene.patchSpec('shop', { template });
    const mended = await scene.untilPhase('shop', 'Healthy');
    assert.equal(conditionOf(mended, 'InvalidSpec'), undefined);
  });

  story('takes another name when a ReplicaSet of somebody else has the one it would take', async (scene) => {
    await scene.apply(canaryRollout({ name: 'shop' }));
    const first = await scene.untilPhase('shop', 'Healthy');
    const name = `shop-${first['status'].currentPodHash}`;
    const other = await Scene.open(stage.api, 'taken');
    try {
      const selector = { matchLabels: { app: 'foreign' } };
      const template = podTemplate('foreign', 'foreign:1');
      const foreign = {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        metadata: { name },
        spec: { replicas: 0, selector, template },
      };
      await other.apply(foreign, canaryRollout({ name: 'shop' }));

      const healthy = await other.untilPhase('shop', 'Healthy');

      assert.equal(healthy['status'].collisionCount, 1);
      assert.notEqual(healthy['status'].currentPodHash, first['status'].currentPodHash);
      const untouched = await other.get('replicasets.apps', name);
      assert.equal(untouched?.['spec'].replicas, 0);
      assert.equal(untouched?.metadata.ownerReferences, undefined);
    } finally {
      await other.close();
    }
  });

  story('keeps a ReplicaSet that an edit of its labels takes out of the selector', async (scene) => {
    await scene.apply(canaryRollout({ name: 'shop', replicas: 1, steps: [] }));
    await scene.untilPhase('shop', 'Healthy');
    const [first] = await scene.replicaSets();
    assert.ok(first);

    await scene.api.patch(scene.path('replicasets.apps', first.metadata.name), {
      metadata: { labels: { app: 'other' } },
    });
    await stage.untilQuiet(scene);
    await stage.wakeAll();
    await stage.untilQuiet(scene);

    const kept = await scene.replicaSets();
    assert.deepEqual(
      kept.map(({ metadata }) => [metadata.uid, metadata.ownerReferences?.[0]?.name]),
      [[first.metadata.uid, 'shop']],
    );
  });

  story('writes nothing while nothing happens', async (scene) => {
    await scene.apply(canaryRollout({ name: 'shop', steps: [{ setWeight: 50 }] }));
    await scene.untilPhase('shop', 'Healthy');
    const settled = await stage.untilQuiet(scene);

    await stage.wakeAll();
    const later = await stage.untilQuiet(scene);

    assert.deepEqual(later, settled);
  });
});
