import assert from 'node:assert/strict';
import { canaryRollout, ingress, podTemplate, service, SHOP_ROUTE, SHOP_ROUTED } from '../support/manifests.ts';
import { metricLines } from '../support/metric-lines.ts';
import { onEachControlPlane, stageOn, storiesOn } from '../support/stories.ts';
import { until } from '../support/world.ts';

onEachControlPlane('what manifests and scripts are used to', { concurrency: 8 }, (name) => {
  const stage = stageOn(name);
  const story = storiesOn(stage, 'drop-in');

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

  story('tells that a Rollout is deleted, and shows none of its numbers any more', async (scene) => {
    await scene.apply(canaryRollout({ name: 'shop', replicas: 1 }));
    await scene.untilPhase('shop', 'Healthy');
    const mine = new RegExp(`namespace="${scene.namespace}"`);
    assert.match(await numbers('rollout_info{'), mine);
    assert.match(await numbers('rollout_duration_seconds_count{status="Promoted"}'), / [1-9]/);

    await scene.api.delete(scene.path('rollouts.argoproj.io', 'shop'));
    await until('the event', async () => {
      const lines = await scene.eventLines('shop');
      return lines.includes(`Normal RolloutDeleted: Rollout shop/${scene.namespace} is deleted.`);
    });

    assert.doesNotMatch(await numbers('rollout_info'), mine);
    assert.doesNotMatch(await numbers('rollout_phase'), mine);
  });

  story('warns of a TrafficRoutingError when the API server refuses what routes', async (scene) => {
    await scene.apply(
      service('stable', 'shop'),
      service('canary', 'shop'),
      ingress('shop', 'stable'),
      canaryRollout({
        name: 'shop',
        canary: {
          stableService: 'stable',
          canaryService: 'canary',
          steps: [{ setWeight: 20 }, { pause: {} }],
          trafficRouting: { nginx: { stableIngress: 'shop', canaryIngressAnnotations: { 'no/such/key': 'x' } } },
        },
      }),
    );
    await scene.untilPhase('shop', 'Healthy');
    await scene.setImage('shop', 'shop:2');

    const told = await until('the event', async () => {
      const lines = await scene.eventLines('shop');
      return lines.find((line) => line.startsWith('Warning TrafficRoutingError: '));
    });

    assert.match(told, /no\/such\/key/);
  });

  story('updates what is scaled to zero, also behind a route', async (scene) => {
    await scene.apply(
      ...SHOP_ROUTE,
      canaryRollout({ name: 'shop', canary: SHOP_ROUTED, steps: [{ setWeight: 20 }, { pause: {} }] }),
    );
    await scene.untilPhase('shop', 'Healthy');
    await scene.patchSpec('shop', { replicas: 0 });
    await scene.untilPhase('shop', 'Healthy');

    await scene.setImage('shop', 'shop:2');
    const paused = await scene.untilPhase('shop', 'Paused');
    assert.equal(paused['status'].currentStepIndex, 1);
    await scene.patchStatus('shop', { pauseConditions: null });
    await scene.untilPhase('shop', 'Healthy');
    await scene.patchSpec('shop', { replicas: 2 });
    const { status } = await scene.untilPhase('shop', 'Healthy');

    assert.deepEqual([status.updatedReplicas, status.availableReplicas], [2, 2]);
  });

  /** The lines of the metrics page that begin so. */
  async function numbers(start: string): Promise<string> {
    return (await metricLines(stage.controller, start)).join('\n');
  }
});

function withCpu(cpu: unknown): unknown {
  const template = podTemplate('shop', 'shop:1') as { metadata: unknown; spec: { containers: readonly object[] } };
  const [container] = template.spec.containers;
  return { ...template, spec: { containers: [{ ...container, resources: { requests: { cpu } } }] } };
}
