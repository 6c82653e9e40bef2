import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { PureWorld, rolloutOf, routed } from '../../../test/support/pure-world.ts';
import { decide } from '../decide.ts';
import { observe, settle } from './imagined-cluster.ts';

describe('a weight that only time can confirm', () => {
  it('gets its whole time from when it is shown, however long the write was in trouble', () => {
    const steps = [{ setWeight: 25 }, { pause: {} }];
    const world = new PureWorld(rolloutOf({ replicas: 4, canary: routed({ steps }) }), { propagationMs: 1_000 });
    world.quiesce().image('v2');
    untilNextEffectShifts(world);
    world.pass(0);
    world.cluster = { ...world.cluster, nowMs: world.cluster.nowMs + 5_000 };
    assert.deepEqual([world.cluster.weight, world.status.currentStepIndex], [0, 0], 'the write was lost');

    world.quiesce();
    assert.deepEqual([world.cluster.weight, world.status.currentStepIndex], [25, 0]);
    world.advance(999);
    assert.equal(world.status.currentStepIndex, 0);
    world.advance(1);
    assert.equal(world.status.currentStepIndex, 1);
  });
});

function untilNextEffectShifts(world: PureWorld): void {
  for (let turn = 0; turn < 20; turn++) {
    world.cluster = settle(world.cluster);
    if (decide(observe(world.cluster)).effects[0]?.type === 'shift') return;
    world.pass();
  }
  assert.fail('no weight was ever wanted');
}
