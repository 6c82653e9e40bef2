import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { seededRandom } from '../../src/lib/random.ts';
import { startMortalController, type MortalController } from '../support/mortal-controller.ts';
import { clusterSkipReason, openCluster, Scene, type Cluster } from '../support/world.ts';
import { Life } from './life.ts';
import { startMirror, type Mirror } from './mirror.ts';
import { ENDS } from './rows/ends.ts';
import { SIZES } from './rows/sizes.ts';
import { SPECS } from './rows/specs.ts';
import { UPDATES } from './rows/updates.ts';
import { STRATEGIES } from './strategies.ts';

const ROWS = [...UPDATES, ...ENDS, ...SIZES, ...SPECS];
const STORIES = STRATEGIES.flatMap((strategy) =>
  ROWS.flatMap((row) => row(strategy)).map(({ title, tell }) => ({
    title: `${strategy.name}: ${title}`,
    strategy,
    tell,
  })),
);
/** To tell some of them only: a part of the title. */
const CHOSEN = process.env['HEADGATE_LIFE'] ?? '';
const SEED = Number(process.env['HEADGATE_SEED'] ?? Date.now() % 1_000_000);
/** Evictions that are refused are asked for again after half a minute, and machines may be busy. */
const PATIENCE = { waitMsMax: 120_000, pollMs: 25 };
const LIVES_MIN = 5;
const FATES = [
  { name: 'whose controller lives', lifeMsMax: undefined },
  { name: `whose controller is killed at random, seed ${SEED}`, lifeMsMax: 3_000 },
];

for (const name of ['embedded', 'cluster'] as const satisfies readonly Cluster['name'][]) {
  const skip = name === 'cluster' ? clusterSkipReason() : undefined;
  describe(`the life of a Rollout, on the ${name} control plane`, { skip }, () => {
    let cluster: Cluster;
    const lives = new Map<string, Life>();
    let mirror: Mirror;

    before(async () => {
      cluster = await openCluster(name);
      mirror = startMirror(cluster.api, (namespace) => lives.get(namespace)?.look());
    });
    after(async () => {
      mirror.stop();
      await cluster.stop();
    });

    for (const { name: fate, lifeMsMax } of FATES) {
      describe(fate, { concurrency: 24 }, () => {
        let controller: MortalController;

        before(() => {
          const { kubeconfig } = cluster;
          controller = startMortalController({ kubeconfig, random: seededRandom(SEED), lifeMsMax });
        });
        after(async () => {
          const { lives } = controller;
          await controller.stop();
          if (CHOSEN === '') assert.ok(lifeMsMax === undefined || lives >= LIVES_MIN, `only ${lives} lives`);
        });

        for (const { title, strategy, tell } of STORIES.filter((story) => story.title.includes(CHOSEN))) {
          it(title, async () => {
            const scene = await Scene.open(cluster.api, 'life', PATIENCE);
            const life = new Life(scene, strategy, mirror);
            lives.set(scene.namespace, life);
            try {
              await tell(life);
              life.close();
            } finally {
              lives.delete(scene.namespace);
              await scene.close();
            }
          });
        }
      });
    }
  });
}
