import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { PureWorld, rolloutOf, type RolloutWishes } from '../../test/support/pure-world.ts';

const STEPS = [{ setWeight: 20 }, { pause: {} }];

function begun(canary: RolloutWishes['canary'] = {}): PureWorld {
  const services = { stableService: 'shop-stable', canaryService: 'shop-canary' };
  const wishes = { replicas: 5, canary: { ...services, steps: STEPS, trafficRouting: {}, ...canary } };
  return new PureWorld(rolloutOf(wishes), { podStartMs: 1_000 }).advance(5_000).image('v2').advance(10_000);
}

for (const [name, canary] of [
  ['an empty trafficRouting', {}],
  ['no more than a list of managed routes', { trafficRouting: { managedRoutes: [{ name: 'testers' }] } }],
  ['an empty list of plug-ins', { trafficRouting: { plugins: {} } }],
  ['a stable side that shrinks', { dynamicStableScale: true }],
] as const) {
  describe(`a trafficRouting that names no router: ${name}`, () => {
    test('the steps scale the new version, and no weight is waited for', () => {
      const world = begun(canary);

      assert.deepEqual([world.status.message, world.status.currentStepIndex], ['CanaryPauseStep', 1]);
      assert.equal(world.sizes()['v2'], 1);
      assert.equal(world.status.canary?.weights, undefined);

      world.command({ pauseConditions: null }).advance(120_000);
      assert.equal(world.status.phase, 'Healthy');
      assert.deepEqual(world.sizes(), { v1: 0, v2: 5 });
    });

    test('an abort comes to its end', () => {
      const world = begun(canary).command({ abort: true }).advance(120_000);

      assert.equal(world.status.phase, 'Degraded');
      assert.deepEqual(world.sizes(), { v1: 5, v2: 0 });
      assert.equal(
        world.status.conditions?.find(({ type }) => type === 'Waiting'),
        undefined,
      );
    });
  });
}

test('a router that is taken out of the spec is not waited for any more', () => {
  const world = begun({ trafficRouting: { plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: 'shop' } } } });
  assert.equal(world.status.canary?.weights?.canary.weight, 20);

  world.cluster = { ...world.cluster, weight: undefined };
  world.edit({ strategy: { canary: { trafficRouting: { plugins: null } } } }).advance(10_000);
  world.command({ pauseConditions: null }).advance(120_000);

  assert.equal(world.status.phase, 'Healthy');
  assert.equal(world.status.canary?.weights, undefined);
});
