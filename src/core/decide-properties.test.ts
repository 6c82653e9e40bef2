import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { settle } from './rollout/imagined-cluster.ts';
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

const TESTERS = { name: 'testers', match: [{ headerName: 'X-Canary', headerValue: { exact: 'yes' } }] };
const SHADOW = { name: 'shadow', match: [{ path: { prefix: '/' } }] };

const routeSteps = fc.constantFrom(
  [{ setCanaryScale: { replicas: 1 } }, { setHeaderRoute: TESTERS }, { pause: {} }, { setWeight: 50 }, { pause: {} }],
  [{ setHeaderRoute: TESTERS }, { setWeight: 30 }, { setMirrorRoute: SHADOW }, { pause: { duration: 3 } }],
  [{ setMirrorRoute: SHADOW, setWeight: 10 }, { pause: {} }, { setMirrorRoute: { name: 'shadow' } }, { setWeight: 60 }],
);

const PING_PONG = {
  stableService: undefined,
  canaryService: undefined,
  pingPong: { pingService: 'ping', pongService: 'pong' },
};

const canary: fc.Arbitrary<NonNullable<RolloutWishes['canary']>> = fc
  .record({
    steps,
    routeSteps: fc.option(routeSteps, { nil: undefined }),
    isRouted: fc.boolean(),
    isPingPong: fc.boolean(),
    dynamicStableScale: fc.boolean(),
  })
  .map(({ isRouted, isPingPong, dynamicStableScale, ...chosen }) => {
    if (!isRouted) return { steps: chosen.steps };
    const { trafficRouting, ...rest } = routed({ steps: chosen.routeSteps ?? chosen.steps, dynamicStableScale });
    const managedRoutes = [{ name: 'testers' }, { name: 'shadow' }];
    return { ...rest, ...(isPingPong ? PING_PONG : {}), trafficRouting: { ...trafficRouting, managedRoutes } };
  });

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
      assert.deepEqual(world.cluster.managedRoutes, []);
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
        const { weight, services, replicaSets, managedRoutes } = world.cluster;
        const isEmpty = (weight ?? 0) === 0 && managedRoutes.length === 0;
        if (last.do !== 'wait' || isEmpty || (world.status.stableRS ?? '') === '') return;
        const aim = services[canaryServiceOf(world)]?.spec.selector?.['rollouts-pod-template-hash'];
        const behind = replicaSets.find((one) => one.metadata.labels?.['rollouts-pod-template-hash'] === aim);
        const told = `weight ${weight} and ${managedRoutes.length} routes on ${aim}`;
        assert.ok((behind?.status?.availableReplicas ?? 0) > 0, told);
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
        const isForced = before.promoteFull === true || after.promoteFull === true;
        if (last.do !== 'command' && sameUpdate && !jumped && !isForced && moved > 0)
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

test('the selector of a ping-pong Service never changes while requests reach it', () => {
  fc.assert(
    fc.property(story, ({ deeds, ...wishes }) => {
      const world = begin({ ...wishes, canary: { ...wishes.canary, ...PING_PONG, ...ROUTED_BY } });
      world.advance(60_000);
      let before = world.cluster;
      play(
        world,
        deeds.filter(({ do: what }) => what !== 'wait'),
        () => {
          for (let turn = 0; turn < 10; turn++) {
            const canaryService = canaryServiceOf(world);
            before = world.cluster;
            world.pass();
            const served = (before.weight ?? 0) > 0 || before.managedRoutes.length > 0;
            const live = before.replicaSets.filter((one) => (one.status?.availableReplicas ?? 0) > 0);
            const aim = before.services[canaryService]?.spec.selector?.[HASH];
            const hasPods = live.some((one) => one.metadata.labels?.[HASH] === aim);
            if (served && hasPods && aim !== undefined) {
              assert.equal(world.cluster.services[canaryService]?.spec.selector?.[HASH], aim);
            }
            world.cluster = settle(world.cluster);
          }
        },
      );
    }),
    RUNS,
  );
});

const HASH = 'rollouts-pod-template-hash';
const ROUTED_BY = {
  trafficRouting: {
    plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: 'shop' } },
    managedRoutes: [{ name: 'testers' }, { name: 'shadow' }],
  },
};

/** The Service that has the role now. */
function canaryServiceOf(world: PureWorld): string {
  if (world.cluster.rollout.spec.strategy?.canary?.pingPong === undefined) return 'shop-canary';
  return world.status.canary?.stablePingPong === 'ping' ? 'pong' : 'ping';
}

/** Sizes of the versions that run. */
function live(world: PureWorld): Record<string, number> {
  return Object.fromEntries(Object.entries(world.sizes()).filter(([, size]) => size > 0));
}
