import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { PureWorld, rolloutOf, routed } from '../../../test/support/pure-world.ts';
import { decide } from '../decide.ts';
import type { RolloutCondition, TrafficWeights } from '../../api/rollout.ts';
import type { Observation, WeightsSeen } from '../observation.ts';
import { observe, settle } from './imagined-cluster.ts';
import { isSettledAt } from './shown-weight.ts';
import { lookAt } from './world.ts';

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

describe('a weight that goes down', () => {
  for (const [title, command] of [
    ['by a retry after an abort', { abort: false }],
    ['by a step', { pauseConditions: null }],
  ] as const) {
    it(`${title} leaves the canary its pods until the proxies have heard of it`, () => {
      const low = [{ setWeight: 25 }, { pause: { duration: 5 } }];
      const steps = [...low, { setWeight: 50 }, { pause: {} }, ...low];
      const world = new PureWorld(rolloutOf({ replicas: 4, canary: routed({ steps }) }), { propagationMs: 1_000 });
      world.quiesce().image('v2').advance(10_000);
      assert.deepEqual([world.cluster.weight, world.sizes()['v2']], [50, 2]);
      if ('abort' in command) world.command({ abort: true }).quiesce();
      world.command(command).quiesce();
      assert.ok((world.cluster.weight ?? 50) < 50);
      assert.equal(world.sizes()['v2'], 2);
      world.advance(1_000);
      assert.equal(world.sizes()['v2'], 1);
    });
  }
});

const seen = (sinceMs: number, changed: boolean): WeightsSeen => ({ sinceMs, changed });
/** At 10 s, with a second for the data plane: what status says of the weight that is shown, when it was seen, and the verdict. */
const SIGHTS: readonly [string, TrafficWeights | undefined, WeightsSeen | undefined, boolean][] = [
  ['never seen before and not recorded', weights(20), undefined, false],
  ['not recorded, but seen for a second', weights(20), seen(9_000, true), true],
  ['not recorded, and seen for less', weights(20), seen(9_001, true), false],
  ['not recorded, and the first that was ever looked at', undefined, seen(9_500, false), false],
  ['recorded as obeyed before a restart', weights(50), seen(9_999, false), true],
  ['recorded as obeyed, but another was seen in between', weights(50), seen(9_500, true), false],
  ['recorded as on its way', { ...weights(50), verified: false }, seen(8_000, false), false],
];

describe('a weight that is shown', () => {
  for (const [title, recorded, weightsSeen, settled] of SIGHTS) {
    it(`${title}: ${settled ? 'counts as obeyed' : 'is given time'}`, () => {
      const canary = routed({ steps: [{ setWeight: 50 }] });
      const world = new PureWorld(rolloutOf({ replicas: 4, canary }), { propagationMs: 1_000 }).quiesce();
      const waiting = { ...condition('Waiting'), lastUpdateTime: '1970-01-01T00:00:09.500Z' };
      const { rollout } = world.cluster;
      const status = { ...rollout.status, canary: { weights: recorded }, conditions: [waiting] };
      const observation: Observation = {
        ...observe({ ...world.cluster, weight: 50, nowMs: 10_000, rollout: { ...rollout, status } }),
        weightsSeen,
      };
      assert.equal(isSettledAt(lookAt(observation), 50), settled);
    });
  }
});

function weights(canary: number): TrafficWeights {
  return { canary: { weight: canary }, stable: { weight: 100 - canary } };
}

function condition(type: string): RolloutCondition {
  const time = '1970-01-01T00:00:00Z';
  return { type, status: 'True', reason: 'R', message: '', lastUpdateTime: time, lastTransitionTime: time };
}

function untilNextEffectShifts(world: PureWorld): void {
  for (let turn = 0; turn < 20; turn++) {
    world.cluster = settle(world.cluster);
    if (decide(observe(world.cluster)).effects[0]?.type === 'shift') return;
    world.pass();
  }
  assert.fail('no weight was ever wanted');
}
