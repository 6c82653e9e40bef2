import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../support/world.ts';
import type { Life } from '../life.ts';
import { atEachHalt, firstHalt, found, once, type Row } from '../story.ts';
import { FIRST, GOOD, REPLICAS } from '../versions.ts';

const MORE = 2 * REPLICAS;
const BUDGETS = 'poddisruptionbudgets.policy';

/** Pods that come and go for other reasons than a new version. */
export const SIZES: readonly Row[] = [
  atEachHalt('scale up and down', async (life, halt) => {
    await life.install();
    const versions = await life.reach(halt);
    life.bound(REPLICAS, { max: MORE });

    await life.scale(MORE);
    await life.untilAt(halt, versions, MORE);
    await life.scale(REPLICAS);
    await life.untilAt(halt, versions);

    if (halt.comes) await life.finish(versions);
  }),

  once('scale up and down: at rest', async (life) => {
    await life.install();
    life.bound(REPLICAS, { max: MORE });
    await life.scale(MORE);
    await life.untilHealthy(FIRST, MORE);
    life.bound(0, { max: MORE });
    await life.scale(0);
    await life.untilSeen({ ...life.strategy.healthy(FIRST), pods: {} }, 'without pods');
    await life.scale(REPLICAS);
    await life.untilHealthy(FIRST);
  }),

  once('scale up and down: aborted', async (life) => {
    await life.install();
    const versions = await life.reach(firstHalt(life.strategy));
    await life.abort();
    await life.untilAborted(versions, '2');
    life.bound(REPLICAS, { max: MORE });
    const aborted = life.strategy.aborted(versions, '2');

    await life.scale(MORE);
    await life.untilSeen({ ...aborted, pods: { [FIRST]: `${MORE}/${MORE}` } }, 'larger');
    await life.scale(REPLICAS);
    await life.untilSeen(aborted, 'as before');
  }),

  once('scale up and down: paused by hand', async (life) => {
    await life.install();
    const halt = firstHalt(life.strategy);
    const versions = await life.reach(halt);
    life.bound(REPLICAS, { max: MORE });
    const byHand = { phase: 'Paused', message: 'manually paused' };
    await life.edit({ paused: true });
    await life.untilSeen({ ...halt.picture(versions), ...byHand }, 'paused by hand');

    await life.scale(MORE);
    await life.untilSeen({ ...halt.picture(versions, MORE), ...byHand }, 'larger');
    await life.scale(REPLICAS);
    await life.untilSeen({ ...halt.picture(versions), ...byHand }, 'as before');
  }),

  once('an autoscaler moves the replicas while it updates', async (life) => {
    await life.install();
    life.bound(REPLICAS, { max: MORE });
    const autoscaler = startAutoscaler(life);
    try {
      await life.setImage(GOOD);
      for (let halt = firstHalt(life.strategy); ;) {
        await life.untilHalted(halt);
        const { move, leadsTo } = found(halt.next);
        await life.move(move);
        if (leadsTo === 'the end') break;
        halt = found(life.strategy.halts.find(({ name }) => name === leadsTo));
      }
      await life.until('promoted', ({ status }) => status.stableRS === status.currentPodHash);
    } finally {
      await autoscaler.stop();
    }
    await life.scale(REPLICAS);
    await life.untilHealthy(GOOD);
    assert.deepEqual(autoscaler.surplus, [], 'the pods of an update are not shown to an autoscaler');
  }),

  once('restart, as far as a PodDisruptionBudget allows', async (life) => {
    const { scene } = life;
    await life.install();
    const path = `/apis/policy/v1/namespaces/${scene.namespace}/poddisruptionbudgets`;
    const selector = { matchLabels: { app: 'shop' } };
    await scene.api.create(path, {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'shop' },
      spec: { minAvailable: REPLICAS, selector },
    });
    const budgetAllows = (count: number): Promise<unknown> =>
      until(`the budget to allow ${count}`, async () => {
        const { metadata, status } = found(await scene.get(BUDGETS, 'shop'));
        return status?.observedGeneration === metadata.generation && status?.disruptionsAllowed === count;
      });
    await budgetAllows(0);
    const before = (await life.pods()).map(({ metadata }) => metadata.uid);
    await untilOlderThanASecond(life);

    const restartAt = new Date(Math.floor(Date.now() / 1_000) * 1_000).toISOString().replace('.000Z', 'Z');
    await life.edit({ restartAt });
    const restarting = { ...life.strategy.healthy(FIRST), phase: 'Progressing', message: 'rollout is restarting' };
    await life.untilSeen(restarting, 'restarting');
    assert.deepEqual(
      (await life.pods()).map(({ metadata }) => metadata.uid),
      before,
    );

    life.bound(REPLICAS, { missing: 1 });
    // More than are restarted at once: an eviction that is cut off half-way counts against the budget for two minutes.
    await scene.api.patch(`${path}/shop`, { spec: { minAvailable: 1 } });
    await budgetAllows(REPLICAS - 1);
    await life.until('restarted', ({ status }) => status.restartedAt === restartAt);
    await life.untilHealthy(FIRST);
    assert.ok((await life.pods()).every(({ metadata }) => !before.includes(metadata.uid)));
  }),
];

/** Writes sizes as a HorizontalPodAutoscaler does, and looks at what it is shown. */
function startAutoscaler(life: Life): { readonly surplus: readonly number[]; stop(): Promise<void> } {
  const surplus: number[] = [];
  const stopping = new AbortController();
  const path = `${life.scene.path('rollouts.argoproj.io', 'shop')}/scale`;
  const scaling = (async () => {
    for (let turn = 0; !stopping.signal.aborted; turn++) {
      const size = turn % 2 === 0 ? MORE : REPLICAS;
      await life.scale(size);
      // One that is faster than pods come keeps an update from ever having the pods that its step asks for.
      await life.until(`of ${size} pods`, ({ status }) => stopping.signal.aborted || status.availableReplicas >= size);
      await delay(SCALED_EVERY_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
      const shown: number = (await life.scene.api.get(path))?.['status'].replicas ?? 0;
      if (shown > MORE) surplus.push(shown);
    }
  })();
  return {
    surplus,
    stop: async () => {
      stopping.abort();
      await scaling;
    },
  };
}

const SCALED_EVERY_MS = 500;

/** Pods are compared by whole seconds of their creation. */
async function untilOlderThanASecond(life: Life): Promise<void> {
  await until('a second to pass', async () => {
    const pods = await life.pods();
    return pods.every(({ metadata }) => Date.now() - Date.parse(metadata.creationTimestamp ?? '') > 2_000);
  });
}
