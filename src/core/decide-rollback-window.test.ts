import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { AnalysisTemplate } from '../api/analysis.ts';
import { PureWorld, rolloutOf, routed, type RolloutWishes } from '../../test/support/pure-world.ts';

const STEPS = [{ setWeight: 20 }, { pause: {} }];
const TEMPLATE: AnalysisTemplate = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'AnalysisTemplate',
  metadata: { name: 'errors', namespace: 'default' },
  spec: { metrics: [{ name: 'errors', provider: { prometheus: { address: 'http://p', query: 'up' } } }] },
};

/** v3 is stable, v1 and v2 were before. */
function third(strategy: Partial<RolloutWishes>, revisions: number): PureWorld {
  const world = new PureWorld(rolloutOf({ replicas: 5, ...strategy, spec: { rollbackWindow: { revisions } } }), {
    podStartMs: 1_000,
  });
  world.cluster = { ...world.cluster, analysisTemplates: { errors: TEMPLATE } };
  world.advance(60_000);
  for (const image of ['v2', 'v3']) world.image(image).advance(5_000).command({ promoteFull: true }).advance(60_000);
  assert.equal(world.status.phase, 'Healthy');
  return world;
}

for (const [name, strategy] of [
  ['a canary by replica ratio', { canary: { steps: STEPS } }],
  ['a canary by router', { canary: routed({ steps: STEPS }) }],
  ['blue-green', { blueGreen: { autoPromotionEnabled: false } }],
] as const) {
  describe(`the rollback window of ${name}`, () => {
    test('lets an update go back without steps or pauses', () => {
      const world = third(strategy, 1).image('v2').advance(60_000);

      assert.equal(world.status.phase, 'Healthy');
      assert.equal(world.status.stableRS, world.status.currentPodHash);
      assert.equal(world.sizes()['v2'], 5);
      assert.ok(world.cluster.events.some(({ message }) => message.endsWith(': Rollback within window')));
      assert.equal(world.status.duration?.completionStatus, 'FastRolledBack');
    });

    test('ends so many versions back', () => {
      assert.equal(third(strategy, 1).image('v1').advance(60_000).status.phase, 'Paused');
      assert.equal(third(strategy, 2).image('v1').advance(60_000).status.phase, 'Healthy');
    });

    test('does not concern new versions', () => {
      assert.equal(third(strategy, 2).image('v4').advance(60_000).status.phase, 'Paused');
    });

    test('does not keep anybody from aborting', () => {
      const world = third(strategy, 1).image('v2').quiesce();

      world.command({ abort: true }).advance(120_000);

      assert.equal(world.status.phase, 'Degraded');
      assert.deepEqual(live(world), { v3: 5 });
    });
  });
}

test('within the rollback window nothing is measured beside the steps', () => {
  const analysis = { templates: [{ templateName: 'errors' }] };
  const world = third({ canary: { steps: STEPS, analysis } }, 1);
  const before = world.cluster.analysisRuns.length;

  world.image('v2').advance(60_000);

  assert.equal(world.cluster.analysisRuns.length, before);
  assert.equal(world.status.phase, 'Healthy');
});

/** Sizes of the versions that run. */
function live(world: PureWorld): Record<string, number> {
  return Object.fromEntries(Object.entries(world.sizes()).filter(([, size]) => size > 0));
}
