import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { canaryRollout, podTemplate } from '../support/manifests.ts';
import { startStage, type Stage } from '../support/stage.ts';
import { clusterSkipReason, Scene, type Cluster } from '../support/world.ts';

for (const name of ['embedded', 'cluster'] as const satisfies readonly Cluster['name'][]) {
  const skip = name === 'cluster' ? clusterSkipReason() : undefined;
  describe(`what manifests and scripts are used to, on the ${name} control plane`, { skip, concurrency: 8 }, () => {
    let stage: Stage;

    before(async () => {
      stage = await startStage(name);
    });
    after(() => stage.stop());

    const story = (title: string, tell: (scene: Scene) => Promise<void>): void => {
      it(title, async () => {
        const scene = await Scene.open(stage.api, 'drop-in');
        try {
          await tell(scene);
        } finally {
          await scene.close();
        }
      });
    };

    story(
      'takes quantities as numbers with a fraction, and sees no new version when they are spelled out',
      async (scene) => {
        await scene.apply(canaryRollout({ name: 'shop', spec: { template: withCpu(0.001) } }));
        const { status } = await scene.untilPhase('shop', 'Healthy');
        await scene.patchSpec('shop', { template: withCpu('1m') });
        const after = await scene.untilPhase('shop', 'Healthy');

        assert.equal((await scene.list('pods')).length, 1);
        assert.equal(after['status'].currentPodHash, status.currentPodHash);
      },
    );
  });
}

function withCpu(cpu: unknown): unknown {
  const template = podTemplate('shop', 'shop:1') as { metadata: unknown; spec: { containers: readonly object[] } };
  const [container] = template.spec.containers;
  return { ...template, spec: { containers: [{ ...container, resources: { requests: { cpu } } }] } };
}
