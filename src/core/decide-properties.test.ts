import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { PureWorld, rolloutOf, routed, type RolloutWishes } from '../../test/support/pure-world.ts';

/* Whatever users do, whatever order things happen in, and wherever a pass is cut off, these rules hold. */

type Deed =
  | { readonly do: 'pass'; readonly effectsMax: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'image'; readonly image: string }
  | { readonly do: 'replicas'; readonly replicas: number }
  | { readonly do: 'command'; readonly status: Record<string, unknown> }
  | { readonly do: 'hold'; readonly paused: boolean };

const deed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('pass' as const), effectsMax: fc.integer({ min: -1, max: 4 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(100, 1_000, 5_000, 45_000) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('image' as const), image: fc.constantFrom('v1', 'v2', 'v3', 'broken') }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('replicas' as const), replicas: fc.integer({ min: 0, max: 8 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('command' as const),
      status: fc.constantFrom<Record<string, unknown>>(
        { abort: true },
        { abort: false },
        { promoteFull: true },
        { pauseConditions: null },
        { pauseConditions: null, currentStepIndex: 2 },
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('hold' as const), paused: fc.boolean() }) },
);

const steps = fc.constantFrom(
  [],
  [{ setWeight: 20 }, { pause: {} }, { setWeight: 60 }, { pause: { duration: '10s' } }],
  [{ setWeight: 80 }, { pause: { duration: 3 } }, { setWeight: 10 }, { pause: { duration: 3 } }],
  [{ pause: { duration: 1 } }, { setWeight: 50 }],
);

const canary: fc.Arbitrary<NonNullable<RolloutWishes['canary']>> = fc
  .record({ steps, isRouted: fc.boolean(), dynamicStableScale: fc.boolean() })
  .map(({ steps: chosen, isRouted, dynamicStableScale }) =>
    isRouted ? routed({ steps: chosen, dynamicStableScale }) : { steps: chosen },
  );

const story = fc.record({
  canary,
  replicas: fc.integer({ min: 0, max: 6 }),
  deeds: fc.array(deed, { maxLength: 14 }),
});

function play(world: PureWorld, deeds: readonly Deed[], afterEach: (deed: Deed) => void = () => undefined): void {
  for (const one of deeds) {
    switch (one.do) {
      case 'pass':
        world.pass(one.effectsMax);
        break;
      case 'wait':
        world.advance(one.ms);
        break;
      case 'image':
        world.image(one.image);
        break;
      case 'replicas':
        world.edit({ replicas: one.replicas });
        break;
      case 'command':
        world.command(one.status);
        break;
      case 'hold':
        world.edit({ paused: one.paused });
        break;
    }
    afterEach(one);
  }
}

function begin(wishes: RolloutWishes): PureWorld {
  return new PureWorld(rolloutOf(wishes), { podStartMs: 700, brokenImages: ['broken'] });
}

const RUNS = { numRuns: 80 };

test('every story comes to rest, and what rests is not written again', () => {
  fc.assert(
    fc.property(story, ({ deeds, ...wishes }) => {
      const world = begin(wishes);
      play(world, deeds);

      world.advance(1_200_000);

      const writes = world.cluster.writes.length;
      assert.equal(world.pass(), false);
      world.advance(1_200_000);
      assert.equal(world.cluster.writes.length, writes);
    }),
    RUNS,
  );
});

test('an abort always ends with all traffic and all pods on stable', () => {
  fc.assert(
    fc.property(story, ({ deeds, ...wishes }) => {
      const world = begin(wishes);
      world.advance(60_000);
      play(world, deeds);
      world.image('v4').advance(3_000);
      if (world.status.currentPodHash === world.status.stableRS || world.status.stableRS === undefined) return;

      // Without a router, traffic is where pods are available: a stable version without any cannot take it back.
      if (world.sizes()['broken'] !== undefined) return;

      world.command({ abort: true }).advance(1_200_000);

      assert.equal(world.cluster.weight ?? 0, 0);
      assert.equal(world.sizes()['v4'] ?? 0, 0);
      const stable = world.cluster.replicaSets.find(
        (one) => one.metadata.labels?.['rollouts-pod-template-hash'] === world.status.stableRS,
      );
      assert.equal(stable?.spec.replicas ?? 0, world.cluster.rollout.spec.replicas ?? 1);
    }),
    RUNS,
  );
});

test('weight is never on a version without pods while stable could take it', () => {
  fc.assert(
    fc.property(story, ({ deeds, ...wishes }) => {
      const world = begin(wishes);
      world.advance(60_000);
      play(world, deeds, (last) => {
        const { weight, services, replicaSets } = world.cluster;
        if (last.do !== 'wait' || weight === undefined || weight === 0) return;
        const aim = services['shop-canary']?.spec.selector?.['rollouts-pod-template-hash'];
        const behind = replicaSets.find((one) => one.metadata.labels?.['rollouts-pod-template-hash'] === aim);
        assert.ok((behind?.status?.availableReplicas ?? 0) > 0, `weight ${weight} on ${aim}`);
      });
    }),
    RUNS,
  );
});

test('steps are completed one by one unless a user skips them', () => {
  fc.assert(
    fc.property(story, ({ deeds, ...wishes }) => {
      const world = begin(wishes);
      world.advance(60_000);
      let told = world.cluster.events.length;
      let before = world.status;
      play(world, deeds, (last) => {
        const news = world.cluster.events.slice(told);
        told = world.cluster.events.length;
        const after = world.status;
        const sameUpdate = before.currentPodHash === after.currentPodHash && before.stableRS === after.stableRS;
        const moved = (after.currentStepIndex ?? 0) - (before.currentStepIndex ?? 0);
        const completed = news.filter(({ reason }) => reason === 'RolloutStepCompleted').length;
        const jumped = news.some(({ reason }) =>
          ['SkipSteps', 'RolloutAborted', 'RolloutNotCompleted', 'RolloutRetry'].includes(reason),
        );
        if (last.do !== 'command' && sameUpdate && !jumped && moved > 0)
          assert.ok(completed >= moved, `${moved} steps, ${completed} told`);
        before = after;
      });
    }),
    RUNS,
  );
});

test('a pass that is cut off anywhere ends as one that is not', () => {
  fc.assert(
    fc.property(
      story,
      fc.array(fc.integer({ min: -1, max: 3 }), { minLength: 1, maxLength: 12 }),
      ({ deeds, ...wishes }, cuts) => {
        const whole = begin(wishes);
        const cut = begin(wishes);
        const calm = deeds.filter(
          (one) => (one.do === 'image' && one.image !== 'broken') || one.do === 'replicas' || one.do === 'wait',
        );

        play(whole, calm);
        play(cut, calm, () => {
          for (const effectsMax of cuts) cut.pass(effectsMax);
        });

        for (const world of [whole, cut])
          world.edit({ replicas: 3 }).quiesce().command({ promoteFull: true }).advance(1_200_000);
        assert.deepEqual(live(cut), live(whole));
        assert.equal(cut.cluster.weight, whole.cluster.weight);
        assert.equal(cut.status.phase, whole.status.phase);
      },
    ),
    RUNS,
  );
});

/** Sizes of the versions that run. */
function live(world: PureWorld): Record<string, number> {
  return Object.fromEntries(Object.entries(world.sizes()).filter(([, size]) => size > 0));
}
