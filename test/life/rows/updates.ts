import assert from 'node:assert/strict';
import { revisionOf } from '../../support/world.ts';
import type { Strategy } from '../strategy.ts';
import { atEachHalt, firstHalt, firstRest, found, once, type Row, type Story } from '../story.ts';
import { another, FIRST, GOOD, REPLICAS } from '../versions.ts';

/** Updates that go their way, faster or slower. */
export const UPDATES: readonly Row[] = [
  once('install', async (life) => {
    await life.install();

    const [replicaSet, ...others] = await life.scene.replicaSets();
    assert.equal(others.length, 0);
    assert.equal(revisionOf(found(replicaSet)), 1);
    assert.equal((await life.pods()).length, REPLICAS);
  }),

  once('update, promoted halt by halt', async (life) => {
    await life.install();
    await life.setImage(GOOD);
    const versions = { stable: FIRST, fresh: GOOD };
    let halt = firstHalt(life.strategy);
    for (;;) {
      await life.untilAt(halt, versions);
      const { move, leadsTo } = found(halt.next);
      await life.move(move);
      if (leadsTo === 'the end') break;
      halt = found(life.strategy.halts.find(({ name }) => name === leadsTo));
    }
    await life.untilHealthy(GOOD);
  }),

  atEachHalt('promote full', async (life, halt) => {
    await life.install();
    const versions = await life.reach(halt);

    await life.move('promote full');

    if (halt.comes) return life.untilHealthy(GOOD);
    // What does not start is not promoted, and serves nobody.
    await life.untilSeen(life.strategy.promotedInVain(versions), 'promoted in vain');
    await life.setImage(another(3));
    const next = { ...versions, fresh: another(3) };
    await life.untilAt(firstHalt(life.strategy), next);
    await life.finish(next);
  }),

  skips,

  once('pause before an update', async (life) => {
    await life.install();
    await life.edit({ paused: true });
    await life.setImage(GOOD);
    await life.untilSeen(life.strategy.heldBack({ stable: FIRST, fresh: GOOD }), 'paused');

    await life.edit({ paused: false });
    const versions = { stable: FIRST, fresh: GOOD };
    await life.untilAt(firstHalt(life.strategy), versions);
    await life.finish(versions);
  }),

  atEachHalt('pause', async (life, halt) => {
    await life.install();
    const versions = await life.reach(halt);
    const picture = halt.picture(versions);

    await life.edit({ paused: true });
    await life.untilSeen({ ...picture, phase: 'Paused', message: 'manually paused' }, 'paused by hand');
    await life.edit({ paused: false });

    await life.untilAt(halt, versions);
  }),

  once('pause, and abort while paused', async (life) => {
    await life.install();
    const versions = await life.reach(firstHalt(life.strategy));
    await life.edit({ paused: true });
    await life.abort();
    await life.untilAborted(versions, '2');
  }),
];

/** Blue-green has no steps to skip. */
function skips({ halts, name }: Strategy): readonly Story[] {
  if (name === 'blue-green') return [];
  const steps = halts.filter(({ comes }) => comes);
  return [
    ...steps.slice(1).map((halt): Story => ({
      title: `skip to a step: ${halt.name}`,
      tell: async (life) => {
        await life.install();
        const versions = await life.reach(firstRest(life.strategy, halt));
        await life.skipTo(found(halt.picture(versions).step));
        await life.untilAt(halt, versions);
      },
    })),
    ...halts
      .filter(({ comes }) => comes)
      .map((halt): Story => ({
        title: `skip all steps: ${halt.name}`,
        tell: async (life) => {
          await life.install();
          const versions = await life.reach(halt);
          await life.skipTo(found(life.strategy.healthy(GOOD).step));
          await life.untilHealthy(versions.fresh);
        },
      })),
  ];
}
