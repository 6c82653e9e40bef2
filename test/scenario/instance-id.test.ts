import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { experiment } from '../support/experiments.ts';
import { startFakePrometheus, type FakePrometheus } from '../support/fake-prometheus.ts';
import { analysisTemplate, canaryRollout, measuredBy } from '../support/manifests.ts';
import { startStage, type Stage } from '../support/stage.ts';
import { onEachControlPlane } from '../support/stories.ts';
import { Scene, until } from '../support/world.ts';

const LABEL = 'argo-rollouts.argoproj.io/controller-instance-id';
/** What is written on a Rollout while its abort is told, and after that. */
const TOLD = ['headgate.dev/pending-notice', 'notified.notifications.argoproj.io'];

onEachControlPlane('a controller with the instance id blue', {}, (name) => {
  let stage: Stage;
  let prometheus: FakePrometheus;
  let scene: Scene;

  before(async () => {
    prometheus = await startFakePrometheus();
    stage = await startStage(name, {
      instanceId: 'blue',
      slackApiUrl: prometheus.url,
      slackChannel: 'aborts',
      slackTokenSecret: 'default/slack/token',
    });
    scene = await Scene.open(stage.api, 'instance-id');
  });
  after(async () => {
    await scene.close();
    await stage.stop();
    await prometheus.close();
  });

  it('works on objects with that label, and on nothing else', async () => {
    prometheus.answer('error_rate', { value: 0 });
    const steps = [{ setWeight: 50 }, measuredBy('errors'), { pause: {} }];
    const successCondition = 'result[0] < 1';
    await scene.apply(
      analysisTemplate({ name: 'errors', address: prometheus.url, metric: { successCondition } }),
      canaryRollout({ name: 'unlabelled', steps }),
      labelled('green', canaryRollout({ name: 'green', steps })),
      experiment({ name: 'unlabelled' }),
      gitSource('unlabelled'),
    );
    await scene.patchStatus('unlabelled', { abort: true, abortedAt: '2026-01-01T00:00:00Z', currentPodHash: 'x' });
    await scene.apply(
      labelled('blue', canaryRollout({ name: 'blue', steps })),
      labelled('blue', experiment({ name: 'blue' })),
      labelled('blue', gitSource('blue')),
    );

    await scene.untilPhase('blue', 'Healthy');
    await scene.setImage('blue', 'shop:2');
    await scene.untilPhase('blue', 'Paused');
    for (const resource of ['experiments.argoproj.io', 'gitsources.headgate.dev'])
      await until(
        `${resource} to be worked on`,
        async () => (await scene.get(resource, 'blue'))?.['status'] !== undefined,
      );
    await scene.patchStatus('blue', { abort: true });
    await until('the abort to be told', async () => (await toldOf('blue')).length > 0);

    const runs = await scene.list('analysisruns.argoproj.io');
    assert.deepEqual(
      runs.map(({ metadata }) => [metadata.labels?.[LABEL], metadata.ownerReferences?.[0]?.name]),
      [['blue', 'blue']],
    );
    const owners = (await scene.replicaSets()).map(({ metadata }) => metadata.ownerReferences?.[0]?.name);
    assert.deepEqual([...new Set(owners)], ['blue']);
    assert.equal((await scene.rollout('green'))['status'], undefined);
    assert.equal((await scene.get('experiments.argoproj.io', 'unlabelled'))?.['status'], undefined);
    assert.equal((await scene.get('gitsources.headgate.dev', 'unlabelled'))?.['status'], undefined);
    assert.deepEqual(await toldOf('unlabelled'), []);
  });

  async function toldOf(rollout: string): Promise<readonly string[]> {
    const annotations = (await scene.rollout(rollout)).metadata.annotations ?? {};
    return TOLD.filter((key) => annotations[key] !== undefined);
  }
});

function labelled(id: string, object: Record<string, unknown>): Record<string, unknown> {
  const metadata = object['metadata'] as { readonly labels?: object };
  return { ...object, metadata: { ...metadata, labels: { ...metadata.labels, [LABEL]: id } } };
}

/** A repository that nobody serves. */
function gitSource(name: string): Record<string, unknown> {
  return {
    apiVersion: 'headgate.dev/v1alpha1',
    kind: 'GitSource',
    metadata: { name },
    spec: { url: 'https://127.0.0.1:1/none.git', branch: 'main', path: 'app' },
  };
}
