import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PureWorld, rolloutOf, routed } from '../../test/support/pure-world.ts';
import { SCALE_DOWN_DEADLINE_ANNOTATION } from '../api/labels.ts';
import { waitStartMs } from '../lib/timestamp.ts';

const PROPAGATION_MS = 20_000;

describe('old versions behind a router that reports nothing', () => {
  const canary = routed({ steps: [], scaleDownDelaySeconds: 600, scaleDownDelayRevisionLimit: 1 });

  test('get their deadline with the promotion, counted from when the traffic will be gone', () => {
    const world = promoted(new PureWorld(rolloutOf({ replicas: 2, canary }), { propagationMs: PROPAGATION_MS }));

    const [old] = world.cluster.replicaSets;
    const deadline = old?.metadata.annotations?.[SCALE_DOWN_DEADLINE_ANNOTATION] ?? '';
    const settlesMs = world.cluster.nowMs + PROPAGATION_MS;
    assert.equal(waitStartMs(deadline), settlesMs + 600_000);
    world.advance(600_000);
    assert.deepEqual(sizes(world), [2, 2]);
    world.advance(PROPAGATION_MS + 1_000);
    assert.deepEqual(sizes(world), [0, 2]);
  });

  test('go with the next promotion when more of them would wait than may', () => {
    const world = promoted(new PureWorld(rolloutOf({ replicas: 2, canary }), { propagationMs: PROPAGATION_MS }));
    world.advance(60_000).image('v3');
    untilPromoted(world);

    assert.deepEqual(sizes(world), [0, 2, 2]);
  });
});

function sizes(world: PureWorld): readonly (number | undefined)[] {
  return world.cluster.replicaSets.map(({ spec }) => spec.replicas);
}

function promoted(world: PureWorld): PureWorld {
  world.advance(60_000).image('v2');
  return untilPromoted(world);
}

/** Until the new version is the stable one, and the traffic is only just asked away from the old one. */
function untilPromoted(world: PureWorld): PureWorld {
  world.quiesce();
  for (let turn = 0; turn < 200 && world.status.stableRS !== world.status.currentPodHash; turn++) world.advance(500);
  assert.equal(world.status.stableRS, world.status.currentPodHash);
  return world;
}
