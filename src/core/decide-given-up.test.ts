import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { PureWorld, rolloutOf, routed } from '../../test/support/pure-world.ts';

const STEPS = [{ setCanaryScale: { replicas: 2 } }, { pause: {} }, { setWeight: 20 }, { pause: {} }];

/** v2 is at the first pause, with pods and without traffic. */
function atFirstPause(propagationMs?: number): PureWorld {
  const world = new PureWorld(rolloutOf({ replicas: 4, canary: routed({ steps: STEPS }) }), {
    podStartMs: 1_000,
    propagationMs,
  });
  world.advance(60_000).image('v2').advance(60_000);
  assert.deepEqual([world.status.phase, world.sizes(), world.cluster.weight], ['Paused', { v1: 4, v2: 2 }, 0]);
  return world;
}

function healthy({ status }: PureWorld): string | undefined {
  return status.conditions?.find(({ type }) => type === 'Healthy')?.status;
}

describe('a version that is given up for the stable one', () => {
  for (const propagationMs of [undefined, 3_000]) {
    it(`goes at once when it had no traffic, behind a router that reports ${propagationMs ?? 'all'}`, () => {
      const world = atFirstPause(propagationMs);

      world.image('v1').quiesce();

      assert.deepEqual(world.sizes(), { v1: 4, v2: 0 });
      assert.equal(healthy(world), 'True');
    });
  }

  it('stays for the delay when it had some', () => {
    const world = atFirstPause().command({ pauseConditions: null }).advance(60_000);
    assert.equal(world.cluster.weight, 20);

    world.image('v1').advance(29_000);

    assert.deepEqual(world.sizes(), { v1: 4, v2: 2 });
    assert.equal(healthy(world), 'False');
    world.advance(2_000);
    assert.deepEqual(world.sizes(), { v1: 4, v2: 0 });
    assert.equal(healthy(world), 'True');
  });

  it('stays for the delay when requests come to it before it was gone', () => {
    const world = atFirstPause();

    world.image('v1').pass(0);
    world.cluster = { ...world.cluster, weight: 20 };
    world.advance(20_000);

    assert.deepEqual(world.sizes(), { v1: 4, v2: 2 });
    assert.equal(world.advance(20_000).sizes()['v2'], 0);
  });

  it('keeps its pods when it is wanted again at once', () => {
    const world = atFirstPause();

    world.image('v1').pass();
    world.image('v2').advance(60_000);

    assert.deepEqual(world.sizes(), { v1: 4, v2: 2 });
  });
});

describe('the version before, after a promotion,', () => {
  it('stays for the delay, whatever has happened to its successor', () => {
    const world = atFirstPause().command({ promoteFull: true }).advance(5_000);
    assert.equal(world.status.phase, 'Healthy');

    world.advance(20_000);

    assert.deepEqual(world.sizes(), { v1: 4, v2: 4 });
  });
});
