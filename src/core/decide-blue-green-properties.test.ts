import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import type { AnalysisTemplate } from '../api/analysis.ts';
import { PureWorld, rolloutOf, type RolloutWishes } from '../../test/support/pure-world.ts';
import { hashOf } from './rollout/replica-set.ts';

/* Whatever users do, whatever order things happen in, and wherever a pass is cut off, these rules hold. */

type Deed = (world: PureWorld) => void;

const ANALYSIS = { templates: [{ templateName: 'errors' }] };
const TEMPLATE: AnalysisTemplate = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'AnalysisTemplate',
  metadata: { name: 'errors', namespace: 'default' },
  spec: { metrics: [{ name: 'errors', provider: { prometheus: { address: 'http://p', query: 'up' } } }] },
};

const named = (name: string, deed: Deed): Deed => Object.assign(deed, { [fc.toStringMethod]: () => name });

const deed: fc.Arbitrary<Deed> = fc.oneof(
  fc
    .integer({ min: -1, max: 4 })
    .map((effectsMax) => named(`pass ${effectsMax}`, (world) => void world.pass(effectsMax))),
  fc.constantFrom(100, 1_000, 5_000, 45_000).map((ms) => named(`wait ${ms}`, (world) => void world.advance(ms))),
  fc
    .constantFrom('v1', 'v2', 'v3', 'broken')
    .map((image) => named(`image ${image}`, (world) => void world.image(image))),
  fc
    .integer({ min: 0, max: 6 })
    .map((replicas) => named(`replicas ${replicas}`, (world) => void world.edit({ replicas }))),
  fc.boolean().map((paused) => named(`paused ${paused}`, (world) => void world.edit({ paused }))),
  fc
    .constantFrom<Record<string, unknown>>(
      { abort: true },
      { abort: false },
      { promoteFull: true },
      { pauseConditions: null },
    )
    .map((status) => named(JSON.stringify(status), (world) => void world.command(status))),
);

const story = fc.record({
  blueGreen: fc.record({
    previewService: fc.constantFrom('preview', undefined),
    autoPromotionEnabled: fc.boolean(),
    autoPromotionSeconds: fc.constantFrom(undefined, 3),
    previewReplicaCount: fc.constantFrom(undefined, 1, 3),
    scaleDownDelaySeconds: fc.constantFrom(undefined, 0, 20),
    abortScaleDownDelaySeconds: fc.constantFrom(undefined, 0, 20),
    prePromotionAnalysis: fc.constantFrom(undefined, ANALYSIS),
    postPromotionAnalysis: fc.constantFrom(undefined, ANALYSIS),
  }),
  replicas: fc.integer({ min: 0, max: 5 }),
  phase: fc.constantFrom('Successful' as const, 'Failed' as const, 'Inconclusive' as const),
  deeds: fc.array(deed, { maxLength: 14 }),
});

function begin({
  blueGreen,
  replicas,
  phase,
}: RolloutWishes & { readonly phase: 'Successful' | 'Failed' | 'Inconclusive' }): PureWorld {
  const world = new PureWorld(rolloutOf({ replicas, blueGreen }), {
    podStartMs: 700,
    brokenImages: ['broken'],
    analysis: { phase, afterMs: 2_000 },
  });
  world.cluster = { ...world.cluster, analysisTemplates: { errors: TEMPLATE } };
  return world;
}

function behindActive(world: PureWorld): { readonly hash: string; readonly available: number } {
  const hash = world.cluster.services['active']?.spec.selector?.['rollouts-pod-template-hash'] ?? '';
  const found = world.cluster.replicaSets.find((replicaSet) => hashOf(replicaSet) === hash);
  return { hash, available: found?.status?.availableReplicas ?? 0 };
}

const RUNS = { numRuns: 100 };

test('every blue-green story comes to rest, and what rests is not written again', () => {
  fc.assert(
    fc.property(story, ({ deeds, ...wishes }) => {
      const world = begin(wishes);
      for (const one of deeds) one(world);

      world.advance(1_200_000);

      const writes = world.cluster.writes.length;
      assert.equal(world.pass(), false);
      world.advance(1_200_000);
      assert.equal(world.cluster.writes.length, writes);
    }),
    RUNS,
  );
});

test('an abort of a blue-green update always ends with all traffic on stable', () => {
  fc.assert(
    fc.property(story, ({ deeds, ...wishes }) => {
      const world = begin(wishes);
      world.advance(60_000);
      for (const one of deeds) one(world);
      world.edit({ replicas: 3 }).image('v4').advance(3_000);
      if (world.status.currentPodHash === world.status.stableRS || world.status.stableRS === undefined) return;
      if (world.sizes()['broken'] !== undefined) return;

      world.command({ abort: true }).advance(1_200_000);

      assert.equal(behindActive(world).hash, world.status.stableRS);
      assert.equal(behindActive(world).available, 3);
    }),
    RUNS,
  );
});

test('once a blue-green Rollout serves, its active Service never loses its pods by a decision', () => {
  fc.assert(
    fc.property(story, ({ deeds, ...wishes }) => {
      const world = begin({ ...wishes, replicas: 3 });
      world.advance(60_000);
      let served = behindActive(world).available;
      for (const one of deeds) {
        one(world);
        world.quiesce();
        const now = behindActive(world).available;
        const wanted = world.cluster.rollout.spec.replicas ?? 1;
        assert.ok(now >= Math.min(served, wanted), `${now} pods behind the active Service, ${served} before`);
        served = now;
      }
    }),
    RUNS,
  );
});

test('a blue-green pass that is cut off anywhere ends as one that is not', () => {
  fc.assert(
    fc.property(
      story,
      fc.array(fc.integer({ min: -1, max: 3 }), { minLength: 1, maxLength: 12 }),
      fc.array(fc.constantFrom('v1', 'v2', 'v3'), { maxLength: 4 }),
      (wishes, cuts, images) => {
        const whole = begin({ ...wishes, phase: 'Successful' });
        const cut = begin({ ...wishes, phase: 'Successful' });
        for (const world of [whole, cut]) {
          for (const image of images) {
            world.image(image);
            if (world === cut) for (const effectsMax of cuts) world.pass(effectsMax);
            world.advance(1_000);
          }
          world.edit({ replicas: 3 }).quiesce().command({ promoteFull: true }).advance(1_200_000);
        }

        assert.deepEqual(live(cut), live(whole));
        assert.equal(behindActive(cut).hash, behindActive(whole).hash);
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
