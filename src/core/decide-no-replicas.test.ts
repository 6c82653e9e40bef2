import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { PureWorld, rolloutOf, routed, type RolloutWishes } from '../../test/support/pure-world.ts';

const STEPS = [{ setWeight: 20 }, { pause: {} }, { setWeight: 40 }, { setWeight: 60 }, { pause: {} }];

/** v2 is at 20 %; nobody has counted its ReplicaSet, or that of v1, since it was told to have no pods any more. */
function scaledToNothing(canary: NonNullable<RolloutWishes['canary']>, command: unknown): PureWorld {
  const world = new PureWorld(rolloutOf({ replicas: 5, canary: routed({ steps: STEPS, ...canary }) }), {
    podStartMs: 5_000,
  });
  world.advance(60_000).image('v2').advance(60_000);
  assert.deepEqual([world.status.phase, world.cluster.weight], ['Paused', 20]);
  world.command(command).edit({ replicas: 0 });
  world.cluster = {
    ...world.cluster,
    replicaSets: world.cluster.replicaSets.map((one) => ({
      ...one,
      metadata: { ...one.metadata, generation: 2 },
      status: { ...one.status, observedGeneration: 1 },
    })),
  };
  return world;
}

describe('a Rollout that is told to have no pods in the middle of an update', () => {
  for (const dynamicStableScale of [false, true]) {
    for (const [what, command] of [
      ['is promoted in full', { promoteFull: true }],
      ['goes on', { pauseConditions: null }],
      ['skips a step', { pauseConditions: null, currentStepIndex: 3 }],
      ['is aborted', { abort: true }],
    ] as const) {
      it(`raises no weight while it ${what}${dynamicStableScale ? ', with a shrinking stable side' : ''}`, () => {
        const world = scaledToNothing({ dynamicStableScale }, command);

        for (let pass = 0; pass < 5; pass++) world.pass();

        assert.ok((world.cluster.weight ?? 0) <= 20, String(world.cluster.weight));
      });
    }
  }
});
