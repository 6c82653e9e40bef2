import assert from 'node:assert/strict';
import type { Manifest } from '../../support/api-client.ts';
import { atEachHalt, firstHalt, firstRest, once, type Row } from '../story.ts';
import { another, FIRST, GOOD, REPLICAS, STUCK } from '../versions.ts';

/** Updates that are given up, superseded, or go wrong. */
export const ENDS: readonly Row[] = [
  atEachHalt('abort, then retry', async (life, halt) => {
    await life.install();
    const versions = await life.reach(halt);

    await life.abort();
    await life.untilAborted(versions, '2');
    await life.retry();

    await life.untilAt(firstRest(life.strategy, halt), versions);
    if (halt.comes) await life.finish(versions);
  }),

  atEachHalt('abort, then a new version', async (life, halt) => {
    await life.install();
    const versions = await life.reach(halt);
    await life.abort();
    await life.untilAborted(versions, '2');

    const next = { ...versions, fresh: another(3) };
    await life.setImage(next.fresh);

    const rest = firstRest(life.strategy, halt);
    await life.untilAt(rest.comes ? rest : firstHalt(life.strategy), next);
    await life.finish(next);
  }),

  atEachHalt('good, bad, good: back to the stable version', async (life, halt) => {
    await life.install();
    const before = names(await life.pods());
    await life.reach(halt);

    await life.setImage(FIRST);

    await life.untilHealthy(FIRST);
    // Where no pod had to make place for the new version, none is new.
    if (life.strategy.name !== 'canary') assert.deepEqual(names(await life.pods()), before);
  }),

  atEachHalt('superseded', async (life, halt) => {
    await life.install();
    const { stable, fresh } = await life.reach(halt);
    const next = { stable, fresh: another(3) };

    await life.setImage(next.fresh);

    const rest = firstRest(life.strategy, halt);
    const picture = (rest.comes ? rest : firstHalt(life.strategy)).picture(next);
    await life.untilSeen(halt.superseded?.(picture, fresh) ?? picture, `resting with ${next.fresh}`);
    await life.finish(next);
  }),

  once('bad first version, then a good one', async (life) => {
    const { strategy } = life;
    await life.apply({ template: withImage(strategy.rollout(), STUCK) });
    await life.untilSeen(strategy.stuckFirst(STUCK), 'stuck');

    await life.setImage(GOOD);

    if (strategy.name === 'blue-green') return life.untilHealthy(GOOD);
    // A first version is stable from the start, so a second one takes the steps, whatever has become of the first.
    await life.scene.untilPhase('shop', 'Paused');
    await life.finish({ stable: STUCK, fresh: GOOD });
  }),

  once('deadline without abort, then a good version', async (life) => {
    await life.install();
    const halt = life.strategy.halts.find(({ comes }) => !comes);
    assert.ok(halt);
    const versions = { stable: FIRST, fresh: halt.image };
    await life.edit({ progressDeadlineSeconds: 2 });
    await life.setImage(halt.image);
    const late = {
      ...halt.picture(versions),
      phase: 'Degraded',
      message: `ProgressDeadlineExceeded: ReplicaSet "${STUCK}" has timed out progressing.`,
    };
    await life.untilSeen(late, 'late');

    await life.edit({ progressDeadlineSeconds: 600 });
    await life.setImage(GOOD);

    const next = { ...versions, fresh: GOOD };
    await life.untilAt(firstHalt(life.strategy), next);
    await life.finish(next);
  }),

  once('deadline with abort, then a good version', async (life) => {
    await life.install();
    await life.edit({ progressDeadlineSeconds: 2, progressDeadlineAbort: true });
    await life.setImage(STUCK);
    const versions = { stable: FIRST, fresh: STUCK };
    await life.untilAborted(versions, `2: ReplicaSet "${STUCK}" has timed out progressing.`);

    await life.edit({ progressDeadlineSeconds: 600 });
    await life.setImage(GOOD);

    const next = { ...versions, fresh: GOOD };
    await life.untilAt(firstHalt(life.strategy), next);
    await life.finish(next);
  }),

  once('rollback outside and inside the window', async (life) => {
    await life.install({ rollbackWindow: { revisions: 1 } });
    let stable = FIRST;
    for (const fresh of [GOOD, another(3)]) {
      await secondsPass();
      await life.setImage(fresh);
      await life.untilAt(firstHalt(life.strategy), { stable, fresh });
      await life.finish({ stable, fresh });
      stable = fresh;
    }

    // The version that is superseded keeps its pods as long as it may have traffic.
    life.bound(REPLICAS, { max: 2 * REPLICAS });
    await life.setImage(FIRST);
    await life.untilAt(firstHalt(life.strategy), { stable, fresh: FIRST });

    await life.setImage(GOOD);
    await life.untilHealthy(GOOD);
  }),
];

function names(objects: readonly Manifest[]): readonly string[] {
  return objects.map(({ metadata }) => metadata.name).sort();
}

function withImage(rollout: Record<string, unknown>, image: string): unknown {
  const { template } = (rollout as unknown as Manifest)['spec'];
  const [container] = template.spec.containers;
  return { ...template, spec: { containers: [{ ...container, image }] } };
}

/** Versions are ordered by when they were made, and Kubernetes counts that in seconds. */
function secondsPass(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 1_100);
  });
}
