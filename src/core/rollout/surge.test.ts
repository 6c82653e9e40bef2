import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { PureWorld, rolloutOf, routed, type RolloutWishes } from '../../../test/support/pure-world.ts';

const STEPS = [{ setWeight: 50 }, { pause: {} }];

/** The most pods of the new version that were on their way at once, while it came to its pause and beyond. */
function mostUnready(canary: Partial<NonNullable<RolloutWishes['canary']>>): { most: number; world: PureWorld } {
  const world = new PureWorld(rolloutOf({ replicas: 10, canary: routed({ steps: STEPS, ...canary }) }), {
    podStartMs: 5_000,
  }).advance(60_000);
  const pass = world.pass.bind(world);
  let most = 0;
  world.pass = (effectsMax) => {
    const changed = pass(effectsMax);
    const current = world.cluster.replicaSets.find(({ spec }) => spec.template.spec?.containers?.[0]?.image === 'v2');
    most = Math.max(most, (current?.spec.replicas ?? 0) - (current?.status?.availableReplicas ?? 0));
    return changed;
  };
  world.image('v2').advance(60_000);
  return {
    get most() {
      return most;
    },
    world,
  };
}

describe('with a router', () => {
  it('all pods of a step start at once where no maxSurge is set', () => {
    assert.equal(mostUnready({}).most, 5);
  });

  for (const [maxSurge, most] of [
    [2, 2],
    ['10%', 1],
    [0, 1],
    [100, 5],
  ] as const) {
    it(`a maxSurge of ${maxSurge} lets ${most} new pods start at a time, and the step is reached all the same`, () => {
      const seen = mostUnready({ maxSurge });
      assert.equal(seen.most, most);
      assert.equal(seen.world.status.phase, 'Paused');
      assert.equal(seen.world.sizes()['v2'], 5);

      seen.world.command({ promoteFull: true }).advance(120_000);

      assert.equal(seen.world.status.phase, 'Healthy');
      assert.ok(seen.most <= most + (most === 5 ? 5 : 0));
    });
  }

  it('a shrinking stable version keeps to it, too', () => {
    const { most, world } = mostUnready({ maxSurge: 1, dynamicStableScale: true });

    assert.equal(most, 1);
    assert.deepEqual(world.sizes(), { v1: 5, v2: 5 });
  });

  for (const replicas of [1, 2, 3, 4, 7, 10]) {
    for (const maxSurge of [0, 1, 3, '25%']) {
      it(`and bounds all pods, ${replicas} with a maxSurge of ${maxSurge}`, () => {
        const steps = [{ setWeight: 20 }, { setWeight: 75 }, { pause: {} }];
        const canary = routed({ steps, maxSurge, dynamicStableScale: true });
        const world = new PureWorld(rolloutOf({ replicas, canary }), { podStartMs: 5_000 }).advance(60_000);
        const totals: number[] = [];
        const pass = world.pass.bind(world);
        world.pass = (effectsMax) => {
          const changed = pass(effectsMax);
          totals.push(Object.values(world.sizes()).reduce((sum, size) => sum + size, 0));
          return changed;
        };

        world.image('v2').advance(200_000);
        assert.equal(world.status.phase, 'Paused', world.status.message);
        assert.equal(world.cluster.weight, 75);
        world.command({ pauseConditions: null }).advance(200_000);

        assert.equal(world.status.phase, 'Healthy', world.status.message);
        // A pod more where a share is no whole number of pods, and where maxSurge is 0.
        const surge = maxSurge === '25%' ? Math.ceil(replicas / 4) : Number(maxSurge);
        assert.ok(Math.max(...totals) <= replicas + Math.max(1, surge) + 1, totals.join());
      });
    }
  }

  it('a bound on all pods counts those of a version that gives way, too', () => {
    const canary = routed({ steps: STEPS, maxSurge: 3, dynamicStableScale: true });
    const world = new PureWorld(rolloutOf({ replicas: 10, canary }), { podStartMs: 5_000 }).advance(60_000);
    world.image('v2').advance(120_000);
    assert.deepEqual(world.sizes(), { v1: 5, v2: 5 });
    const beside: number[] = [];
    const pass = world.pass.bind(world);
    world.pass = (effectsMax) => {
      const changed = pass(effectsMax);
      const { v1 = 0, v2 = 0, v3 = 0 } = world.sizes();
      // The canary Service leads away from v2 only when there is something else that it may lead to.
      if (v3 > 1) beside.push(v1 + v2 + v3);
      return changed;
    };

    world.image('v3').advance(200_000);

    assert.equal(world.status.phase, 'Paused', world.status.message);
    assert.deepEqual(world.sizes(), { v1: 5, v2: 0, v3: 5 });
    assert.ok(Math.max(...beside) <= 13, beside.join());
  });

  it('a bound on all pods holds up neither an exact size, nor an abort, nor a full promotion', () => {
    const steps = [{ setCanaryScale: { replicas: 6 } }, { setWeight: 30 }, { pause: {} }];
    const seen = mostUnready({ maxSurge: 1, dynamicStableScale: true, steps });
    assert.equal(seen.world.status.phase, 'Paused', seen.world.status.message);
    assert.equal(seen.world.sizes()['v2'], 6);

    seen.world.command({ abort: true }).advance(200_000);
    assert.deepEqual(seen.world.sizes(), { v1: 10, v2: 0 });
    seen.world.command({ abort: false }).advance(60_000).command({ promoteFull: true }).advance(300_000);

    assert.equal(seen.world.status.phase, 'Healthy', seen.world.status.message);
  });

  it('pods that a threshold does without hold up none of the others', () => {
    const replicaProgressThreshold = { type: 'Percent', value: 80 } as const;

    // One of five need not be there: it may be on its way beside the one of maxSurge.
    assert.equal(mostUnready({ maxSurge: 1, replicaProgressThreshold }).most, 2);
  });

  it('a first version comes as a whole', () => {
    const world = new PureWorld(rolloutOf({ replicas: 10, canary: routed({ maxSurge: 1 }) }), { podStartMs: 5_000 });

    assert.equal(world.quiesce().sizes()['v1'], 10);
  });
});
