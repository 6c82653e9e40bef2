import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { PureWorld, rolloutOf, type RolloutWishes } from '../../test/support/pure-world.ts';

const HASH = 'rollouts-pod-template-hash';
const MANAGED_BY = 'argo-rollouts.argoproj.io/managed-by-rollouts';
const STEPS = [{ setWeight: 50 }, { pause: {} }];
const CANARY = { canary: { stableService: 'stable', canaryService: 'canary', steps: STEPS } };
const BLUE_GREEN = { blueGreen: { activeService: 'active', previewService: 'preview', autoPromotionEnabled: false } };
const TO_BLUE_GREEN = { strategy: { canary: null, ...BLUE_GREEN } };
const TO_CANARY = { strategy: { blueGreen: null, ...CANARY } };

function begin(wishes: RolloutWishes): PureWorld {
  const world = new PureWorld(rolloutOf({ replicas: 4, ...wishes }), { podStartMs: 1_000 });
  const { metadata } = world.cluster.rollout;
  const services = ['stable', 'canary', 'active', 'preview'].map((name) => [
    name,
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: metadata.namespace, resourceVersion: '1' },
      spec: { selector: { app: 'shop' } },
    },
  ]);
  world.cluster = { ...world.cluster, services: Object.fromEntries(services) };
  return world.advance(10_000);
}

function aim(world: PureWorld, service: string): string | undefined {
  return world.cluster.services[service]?.spec.selector?.[HASH];
}

describe('a change of strategy at rest', () => {
  for (const [name, from, to, services] of [
    ['canary to blue-green', CANARY, TO_BLUE_GREEN, ['active', 'preview', 'stable', 'canary']],
    ['blue-green to canary', BLUE_GREEN, TO_CANARY, ['stable', 'canary', 'active', 'preview']],
  ] as const) {
    test(`${name} makes and moves no pod, and hands the Services over`, () => {
      const world = begin(from);
      const hash = world.status.currentPodHash;
      const before = world.cluster.podsReadyAtMs;

      world.edit(to).advance(60_000);

      assert.equal(world.status.phase, 'Healthy');
      assert.equal(world.status.currentPodHash, hash);
      assert.deepEqual(world.cluster.podsReadyAtMs, before);
      const [first, second, third, fourth] = services;
      assert.deepEqual([aim(world, first), aim(world, second)], [hash, hash]);
      for (const former of [third, fourth]) {
        assert.deepEqual(world.cluster.services[former]?.spec.selector, { app: 'shop' });
        assert.equal(world.cluster.services[former]?.metadata.annotations?.[MANAGED_BY], undefined);
      }
      assert.equal(world.status.currentStepIndex, to === TO_CANARY ? 2 : undefined);
      assert.equal(to === TO_CANARY ? world.status.blueGreen : world.status.canary, undefined);
    });
  }

  test('gives no Service up while the name of its successor is wrong', () => {
    const world = begin(BLUE_GREEN);
    const hash = world.status.currentPodHash;
    world.cluster = { ...world.cluster, services: { ...world.cluster.services, actve: null } };

    world.edit({ strategy: { blueGreen: { activeService: 'actve' } } }).advance(10_000);

    assert.equal(world.status.phase, 'Degraded');
    assert.equal(aim(world, 'active'), hash);
  });
});

describe('a change of strategy during an update', () => {
  test('from canary to blue-green starts the update over, with stable at full size', () => {
    const world = begin(CANARY).image('v2').advance(10_000);
    assert.deepEqual(world.sizes(), { v1: 2, v2: 2 });

    world.edit(TO_BLUE_GREEN).advance(10_000);

    assert.equal(world.status.message, 'BlueGreenPause');
    assert.deepEqual(world.sizes(), { v1: 4, v2: 4 });
    assert.equal(aim(world, 'active'), world.status.stableRS);
    world.command({ pauseConditions: null }).advance(10_000);
    assert.equal(world.status.phase, 'Healthy');
  });

  test('from blue-green to canary starts the update over at the first step', () => {
    const world = begin(BLUE_GREEN).image('v2').advance(10_000);

    world.edit(TO_CANARY).advance(60_000);

    assert.equal(world.status.message, 'CanaryPauseStep');
    assert.equal(world.status.currentStepIndex, 1);
    assert.deepEqual(world.sizes(), { v1: 2, v2: 2 });
    assert.equal(world.status.blueGreen, undefined);
  });

  test('starts an aborted one over, with the traffic on stable', () => {
    const world = begin(CANARY).image('v2').advance(10_000).command({ abort: true }).advance(60_000);

    world.edit(TO_BLUE_GREEN).advance(60_000);

    assert.equal(aim(world, 'active'), world.status.stableRS);
    assert.equal(world.status.message, 'BlueGreenPause');
  });
});
