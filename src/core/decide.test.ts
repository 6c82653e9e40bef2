import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PureWorld, rolloutOf, routed } from '../../test/support/pure-world.ts';

const PAUSES = [
  { setWeight: 20 },
  { pause: { duration: 1 } },
  { setWeight: 50 },
  { pause: { duration: 1 } },
  { setWeight: 80 },
  { pause: { duration: 1 } },
];

test('the first version is installed without steps', () => {
  const world = new PureWorld(rolloutOf({ replicas: 3, canary: { steps: PAUSES } }));

  world.quiesce();

  assert.equal(world.status.phase, 'Healthy');
  assert.equal(world.status.currentStepIndex, 6);
  assert.equal(world.status.stableRS, world.status.currentPodHash);
});

test('a canary of three steps costs at most ten writes besides events', () => {
  const world = new PureWorld(rolloutOf({ replicas: 1, canary: { steps: PAUSES } }), { podStartMs: 100 });
  world.advance(5_000);
  const before = world.cluster.writes.length;

  world.image('v2').advance(10_000);

  assert.equal(world.status.phase, 'Healthy');
  const writes = world.cluster.writes.slice(before);
  assert.ok(writes.length <= 10, `${writes.length} writes: ${writes.join(', ')}`);
});

test('a routed canary shifts step by step and ends at weight 0 with the new version stable', () => {
  const world = new PureWorld(rolloutOf({ replicas: 2, canary: routed({ steps: PAUSES }) }), { podStartMs: 100 });
  world.advance(5_000);

  world.image('v2').advance(10_000);

  assert.equal(world.status.phase, 'Healthy');
  assert.deepEqual([...new Set(world.weights)], [0, 20, 50, 80, 100]);
  assert.equal(world.cluster.weight, 0);
  world.advance(60_000);
  assert.deepEqual(world.sizes(), { v1: 0, v2: 2 });
});
