import assert from 'node:assert/strict';
import { startFakePrometheus } from '../support/fake-prometheus.ts';
import { analysisTemplate, canaryRollout, measuredBy } from '../support/manifests.ts';
import { opened } from '../support/opened.ts';
import { onEachControlPlane, stageOn, storiesOn } from '../support/stories.ts';
import { conditionOf, until } from '../support/world.ts';

onEachControlPlane('housekeeping', { concurrency: 4 }, (name) => {
  const stage = stageOn(name);
  const prometheus = opened(startFakePrometheus, (fake) => fake.close());
  const story = storiesOn(stage, 'keeping');

  story('keeps as many old ReplicaSets and AnalysisRuns as it was told to', async (scene) => {
    prometheus.answer('kept', { value: 0 });
    await scene.apply(
      analysisTemplate({ name: 'errors', address: prometheus.url, query: 'kept' }),
      canaryRollout({
        name: 'shop',
        steps: [measuredBy('errors')],
        spec: { revisionHistoryLimit: 1, analysis: { successfulRunHistoryLimit: 1 } },
      }),
    );
    await scene.untilPhase('shop', 'Healthy');
    for (const version of [2, 3, 4]) {
      await scene.setImage('shop', `shop:${version}`);
      await scene.untilPhase('shop', 'Healthy');
    }

    await until('the oldest to be deleted', async () => {
      const runs = await scene.list('analysisruns.argoproj.io');
      return (await scene.replicaSets()).length === 2 && runs.length <= 2;
    });
  });

  story('hands a value from a Secret to a measurement and shows it nowhere', async (scene) => {
    prometheus.answer('s3cr3t', { value: 0 });
    const args = [{ name: 'key', valueFrom: { secretKeyRef: { name: 'metrics', key: 'part' } } }];
    await scene.apply(
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'metrics' }, data: { part: btoa('s3cr3t') } },
      analysisTemplate({ name: 'errors', address: prometheus.url, query: 'rate({{args.key}}[1m])', args }),
      canaryRollout({ name: 'shop', steps: [measuredBy('errors')] }),
    );
    await scene.untilPhase('shop', 'Healthy');

    await scene.setImage('shop', 'shop:2');
    await scene.untilPhase('shop', 'Healthy');

    assert.ok(prometheus.queries.includes('rate(s3cr3t[1m])'));
    const runs = JSON.stringify(await scene.list('analysisruns.argoproj.io'));
    const events = JSON.stringify(await scene.list('events'));
    assert.ok(!runs.includes('s3cr3t') && !events.includes('s3cr3t'));
    assert.ok(runs.includes('*****'));
  });

  story('restarts pods one by one when asked to', async (scene) => {
    await scene.apply(canaryRollout({ name: 'shop', replicas: 2 }));
    await scene.untilPhase('shop', 'Healthy');
    const before = (await scene.list('pods')).map(({ metadata }) => metadata.uid);
    // Pods are compared by whole seconds of their creation.
    await until('a second to pass', async () => {
      const [pod] = await scene.list('pods');
      return Date.now() - Date.parse(pod?.metadata.creationTimestamp ?? '') > 2_000;
    });
    const restartAt = new Date(Math.floor(Date.now() / 1_000) * 1_000).toISOString().replace('.000Z', 'Z');

    await scene.patchSpec('shop', { restartAt });
    await scene.untilRollout('shop', 'restarted', ({ status }) => status.restartedAt === restartAt);

    const pods = (await scene.list('pods')).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    assert.equal(pods.length, 2);
    assert.ok(pods.every(({ metadata }) => !before.includes(metadata.uid)));
  });

  story('says which budget holds a restart up, and goes on when it allows that', async (scene) => {
    const budget = (minAvailable: number): object => ({
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'shop' },
      spec: { minAvailable, selector: { matchLabels: { app: 'shop' } } },
    });
    await scene.apply(budget(3), canaryRollout({ name: 'shop', replicas: 3 }));
    await scene.untilPhase('shop', 'Healthy');
    await until('a second to pass', async () => {
      const [pod] = await scene.list('pods');
      return Date.now() - Date.parse(pod?.metadata.creationTimestamp ?? '') > 2_000;
    });
    const restartAt = new Date(Math.floor(Date.now() / 1_000) * 1_000).toISOString().replace('.000Z', 'Z');
    await scene.patchSpec('shop', { restartAt });

    const held = await scene.untilRollout('shop', 'held up', (rollout) => {
      return conditionOf(rollout, 'Waiting')?.reason === 'Eviction';
    });
    assert.match(conditionOf(held, 'Waiting')?.message ?? '', /The disruption budget shop needs 3 healthy pods/);
    await scene.apply(budget(2));

    await scene.untilRollout('shop', 'restarted', (rollout) => {
      return rollout['status'].restartedAt === restartAt && conditionOf(rollout, 'Waiting') === undefined;
    });
  });
});
