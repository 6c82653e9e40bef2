import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { PureWorld, rolloutOf, routed, type RolloutWishes } from '../../test/support/pure-world.ts';
import { availableOf, sum } from './rollout/replica-set.ts';

const STEPS = [{ setWeight: 50 }, { pause: {} }];
const STRATEGIES: readonly (readonly [string, RolloutWishes])[] = [
  ['a canary by replica ratio', { canary: { steps: STEPS } }],
  ['a canary by router', { canary: routed({ steps: STEPS }) }],
  [
    'a canary by router, with a stable side that shrinks',
    { canary: routed({ steps: STEPS, dynamicStableScale: true }) },
  ],
  ['blue-green', { blueGreen: { autoPromotionEnabled: false } }],
];

for (const [name, wishes] of STRATEGIES) {
  describe(`replicas and template changed in one edit, ${name}`, () => {
    for (const [from, to] of [
      [4, 8],
      [8, 4],
      [4, 0],
      [0, 4],
    ] as const) {
      it(`from ${from} to ${to} pods`, () => {
        const world = new PureWorld(rolloutOf({ replicas: from, ...wishes }), { podStartMs: 5_000 }).advance(60_000);
        let fewest = Number.POSITIVE_INFINITY;
        const pass = world.pass.bind(world);
        world.pass = (effectsMax) => {
          const changed = pass(effectsMax);
          fewest = Math.min(fewest, sum(world.cluster.replicaSets, availableOf));
          return changed;
        };

        world.edit({ replicas: to, template: { spec: { containers: [{ name: 'app', image: 'v2' }] } } });
        world.advance(60_000);
        world.command({ pauseConditions: null }).advance(200_000);

        assert.equal(world.status.phase, 'Healthy', world.status.message);
        assert.equal(world.status.stableRS, world.status.currentPodHash);
        assert.deepEqual(
          Object.entries(world.sizes()).filter(([, size]) => size > 0),
          to === 0 ? [] : [['v2', to]],
        );
        // A quarter may be missing, of the smaller number.
        assert.ok(fewest >= Math.floor(Math.min(from, to) * 0.75), `${fewest} pods were available`);
      });
    }
  });
}

describe('an update that is scaled to zero half-way', () => {
  for (const [name, wishes] of STRATEGIES) {
    it(`goes on to its end, and comes back as the new version, ${name}`, () => {
      const world = new PureWorld(rolloutOf({ replicas: 4, ...wishes }), { podStartMs: 5_000 }).advance(60_000);
      world.image('v2').advance(60_000);
      assert.equal(world.status.phase, 'Paused');

      world.edit({ replicas: 0 }).advance(60_000);
      world.command({ pauseConditions: null }).advance(200_000);
      assert.equal(world.status.phase, 'Healthy', world.status.message);
      world.edit({ replicas: 4 }).advance(60_000);

      assert.equal(world.status.phase, 'Healthy', world.status.message);
      assert.equal(world.sizes()['v2'], 4);
      assert.equal(world.sizes()['v1'], 0);
    });
  }
});

describe('a step that asks for fewer pods of the new version than it has to do with', () => {
  for (const [title, canary] of [
    ['than its traffic needs', { steps: [{ setWeight: 76 }, { setCanaryScale: { weight: 69 } }, { setWeight: 90 }] }],
    [
      'than its traffic needs, beside a stable side that shrinks',
      {
        steps: [{ setWeight: 76 }, { setCanaryScale: { weight: 69 } }, { setWeight: 90 }],
        dynamicStableScale: true,
      },
    ],
    ['none, before a weight', { steps: [{ setCanaryScale: { weight: 0 } }, { setWeight: 11 }] }],
    ['none, in number, before a weight', { steps: [{ setCanaryScale: { replicas: 0 } }, { setWeight: 36 }] }],
  ] as const) {
    it(`${title}: the update goes on`, () => {
      const world = new PureWorld(rolloutOf({ replicas: 10, canary: routed(canary) }), { podStartMs: 5_000 });

      world.advance(60_000).image('v2').advance(200_000);

      assert.equal(
        world.status.phase,
        'Healthy',
        world.status.conditions?.find(({ type }) => type === 'Waiting')?.message,
      );
      assert.equal(world.sizes()['v2'], 10);
    });
  }
});
