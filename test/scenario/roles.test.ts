import assert from 'node:assert/strict';
import type { Manifest } from '../support/api-client.ts';
import { blueGreenRollout, canaryRollout, service } from '../support/manifests.ts';
import { onEachControlPlane, stageOn, storiesOn } from '../support/stories.ts';
import { until, type Scene } from '../support/world.ts';

const STABLE = { labels: { role: 'stable' } };
const FRESH = { labels: { role: 'new' }, annotations: { look: 'closely' } };

onEachControlPlane('what pods get for their role', { concurrency: 8 }, (name) => {
  const stage = stageOn(name);
  const story = storiesOn(stage, 'roles');

  for (const [strategy, rollout] of [
    [
      'canary',
      canaryRollout({
        name: 'shop',
        replicas: 2,
        steps: [{ setWeight: 50 }, { pause: {} }],
        canary: { stableMetadata: STABLE, canaryMetadata: FRESH },
      }),
    ],
    [
      'blue-green',
      blueGreenRollout({
        name: 'shop',
        replicas: 2,
        blueGreen: {
          autoPromotionEnabled: false,
          scaleDownDelaySeconds: 0,
          activeMetadata: STABLE,
          previewMetadata: FRESH,
        },
      }),
    ],
  ] as const) {
    story(`metadata comes to live pods and goes again with their role, ${strategy}`, async (scene) => {
      await scene.apply(service('shop-active', 'shop'), service('shop-preview', 'shop'), rollout);
      await scene.untilPhase('shop', 'Healthy');
      await untilPods(scene, 'stable', (pods) => pods.length === 2 && pods.every((pod) => roleOf(pod) === 'stable'));

      await scene.setImage('shop', 'shop:2');
      const paused = await scene.untilPhase('shop', 'Paused');
      const hash: string = paused['status'].currentPodHash;
      const before = await untilPods(scene, 'new', (pods) => {
        const fresh = pods.filter((pod) => hashOf(pod) === hash);
        return fresh.length > 0 && fresh.every((pod) => roleOf(pod) === 'new');
      });
      const kept = before.find((pod) => hashOf(pod) === hash)?.metadata.name;

      await scene.patchStatus('shop', { promoteFull: true });
      await scene.untilPhase('shop', 'Healthy');
      const pods = await untilPods(scene, 'stable again', (found) => {
        const live = found.filter((pod) => hashOf(pod) === hash);
        return live.length === 2 && live.every((pod) => roleOf(pod) === 'stable');
      });

      const same = pods.find((pod) => pod.metadata.name === kept);
      assert.ok(same, 'no pod was replaced for its metadata');
      assert.equal(same.metadata.annotations?.['look'], undefined);
      await stage.untilQuiet(scene);
      const replicaSets = await scene.replicaSets();
      const notes = replicaSets.map(({ metadata }) => metadata.annotations?.['headgate.dev/pending-pod-metadata']);
      assert.deepEqual(notes, [undefined, undefined]);
    });
  }

  story('anti-affinity to the stable version makes no further version', async (scene) => {
    const antiAffinity = { preferredDuringSchedulingIgnoredDuringExecution: { weight: 5 } };
    await scene.apply(canaryRollout({ name: 'shop', steps: [{ setWeight: 50 }], canary: { antiAffinity } }));
    await scene.untilPhase('shop', 'Healthy');

    await scene.setImage('shop', 'shop:2');
    await scene.untilPhase('shop', 'Healthy');
    await stage.wakeAll();
    await stage.untilQuiet(scene);

    const replicaSets = await scene.replicaSets();
    assert.equal(replicaSets.length, 2);
    const [, fresh] = replicaSets;
    assert.ok(fresh);
    const { affinity } = fresh['spec'].template.spec;
    const [term] = affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution;
    assert.equal(term.weight, 5);
  });
});

function untilPods(
  scene: Scene,
  what: string,
  look: (pods: readonly Manifest[]) => boolean,
): Promise<readonly Manifest[]> {
  return until(`pods to be ${what}`, async () => {
    const pods = await scene.list('pods');
    return look(pods) ? pods : undefined;
  });
}

function roleOf(pod: Manifest): string | undefined {
  return pod.metadata.labels?.['role'];
}

function hashOf(pod: Manifest): string | undefined {
  return pod.metadata.labels?.['rollouts-pod-template-hash'];
}
