import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { argoCdHealth, type Health } from '../../test/support/argo-cd-health.ts';
import { PureWorld, rolloutOf, routed, type RolloutWishes } from '../../test/support/pure-world.ts';

const STEPS = [{ setWeight: 50 }, { pause: {} }, { setWeight: 100 }];
const STRATEGIES: readonly (readonly [string, RolloutWishes])[] = [
  ['a canary by replica ratio', { canary: { steps: STEPS } }],
  ['a canary by router', { canary: routed({ steps: STEPS }) }],
  ['blue-green', { blueGreen: { autoPromotionEnabled: false } }],
];

function health(world: PureWorld): Health {
  return argoCdHealth(world.cluster.rollout);
}

/** A stable version, and beside it one that waits at its pause. */
function paused(wishes: RolloutWishes): PureWorld {
  const world = new PureWorld(rolloutOf({ replicas: 4, ...wishes }), { podStartMs: 5_000 }).advance(60_000);
  return world.image('v2').advance(60_000);
}

for (const [name, wishes] of STRATEGIES) {
  describe(`Argo CD shows ${name}`, () => {
    // The active Service is switched in one pass.
    const promoted = wishes.blueGreen === undefined ? 'Progressing' : 'Healthy';

    /* What a user or the world does, and what is shown right after it and when all is at rest. */
    const STORIES: readonly {
      readonly title: string;
      readonly act: (world: PureWorld) => PureWorld;
      readonly at: Health;
      readonly end: Health;
    }[] = [
      { title: 'at its pause', act: (world) => world, at: 'Suspended', end: 'Suspended' },
      {
        title: 'resumed',
        act: (world) => world.command({ pauseConditions: null }).edit({ paused: false }).quiesce(),
        at: promoted,
        end: 'Healthy',
      },
      {
        title: 'promoted in full',
        act: (world) => world.command({ promoteFull: true }).quiesce(),
        at: promoted,
        end: 'Healthy',
      },
      { title: 'aborted', act: (world) => world.command({ abort: true }).quiesce(), at: 'Degraded', end: 'Degraded' },
      {
        title: 'retried after an abort',
        act: (world) => {
          world.command({ abort: true }).advance(120_000);
          const runs = {
            canary: { currentStepAnalysisRunStatus: null, currentBackgroundAnalysisRunStatus: null },
            blueGreen: { prePromotionAnalysisRunStatus: null, postPromotionAnalysisRunStatus: null },
          };
          const ofKind = world.cluster.rollout.spec.strategy?.blueGreen === undefined ? 'canary' : 'blueGreen';
          return world.command({ abort: null, [ofKind]: runs[ofKind] }).quiesce();
        },
        at: 'Progressing',
        end: 'Suspended',
      },
      {
        title: 'restarted',
        act: (world) =>
          world
            .command({ promoteFull: true })
            .advance(120_000)
            .edit({ restartAt: new Date(world.cluster.nowMs).toISOString().replace('.000', '') })
            .quiesce(),
        at: 'Healthy',
        end: 'Healthy',
      },
      {
        title: 'held by hand',
        act: (world) => world.edit({ paused: true }).quiesce(),
        at: 'Suspended',
        end: 'Suspended',
      },
      {
        title: 'with a spec that cannot be used',
        act: (world) => world.edit({ progressDeadlineSeconds: 1, minReadySeconds: 5 }).quiesce(),
        at: 'Degraded',
        end: 'Degraded',
      },
      {
        title: 'stuck',
        act: (world) => {
          world.cluster = { ...world.cluster, habits: { ...world.cluster.habits, podStartMs: 10_000_000 } };
          return world.image('v3').advance(700_000);
        },
        at: 'Degraded',
        end: 'Degraded',
      },
    ];

    for (const { title, act, at, end } of STORIES) {
      it(`${title}: ${at === end ? at : `${at}, then ${end}`}`, () => {
        const world = act(paused(wishes));
        assert.equal(health(world), at, `${world.status.phase} ${world.status.message}`);

        world.advance(200_000);

        assert.equal(health(world), end, `${world.status.phase} ${world.status.message}`);
      });
    }

    it('first Progressing, then Healthy', () => {
      const world = new PureWorld(rolloutOf({ replicas: 4, ...wishes }), { podStartMs: 5_000 });
      assert.equal(health(world), 'Progressing');

      assert.equal(health(world.quiesce()), 'Progressing');
      assert.equal(health(world.advance(60_000)), 'Healthy');
    });

    it('as its phase, in every pass of an update but while old pods only wait to go', () => {
      const world = new PureWorld(rolloutOf({ replicas: 4, ...wishes }), { podStartMs: 5_000 });
      const pass = world.pass.bind(world);
      world.pass = (effectsMax) => {
        const changed = pass(effectsMax);
        const { phase = '', updatedReplicas = 0, replicas = 0 } = world.status;
        const shown =
          phase === 'Healthy' && replicas > updatedReplicas ? [health(world), 'Progressing'] : [health(world)];
        assert.ok(
          shown.includes(phase === 'Paused' ? 'Suspended' : phase) || shown[1] === shown[0],
          `${phase}: ${shown[0]}`,
        );
        return changed;
      };

      world.advance(60_000).image('v2').advance(60_000).command({ pauseConditions: null }).advance(120_000);

      assert.equal(health(world), 'Healthy');
    });
  });
}
