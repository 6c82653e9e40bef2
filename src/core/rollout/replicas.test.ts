import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import fc from 'fast-check';

import {
  moveAsFarAsPossible,
  moveTowards,
  splitByRatio,
  splitByRouter,
  type MoveInput,
  type RoutedInput,
} from './replicas.ts';

describe('the split that comes nearest to a weight', () => {
  const cases: readonly (readonly [replicas: number, maxSurge: number, weight: number, split: string])[] = [
    [1, 0, 49, '0/1'],
    [1, 0, 50, '1/0'],
    [1, 1, 1, '1/1'],
    [1, 1, 50, '1/1'],
    [1, 1, 99, '1/1'],
    [1, 1, 100, '1/0'],
    [1, 1, 0, '0/1'],
    [2, 0, 1, '1/1'],
    [3, 0, 50, '2/1'],
    [3, 1, 25, '1/3'],
    [3, 1, 50, '2/2'],
    [10, 1, 1, '1/10'],
    [10, 1, 18, '2/9'],
    [10, 1, 20, '2/8'],
    [10, 1, 25, '3/8'],
    [10, 1, 99, '10/1'],
    [25, 0, 98, '24/1'],
    [0, 1, 50, '0/0'],
  ];
  for (const [replicas, maxSurge, weight, split] of cases) {
    test(`${weight} % of ${replicas} pods with a surge of ${maxSurge} is ${split}`, () => {
      const { canary, stable } = splitByRatio({ replicas, maxSurge, weight, weightTotal: 100 });

      assert.equal(`${canary}/${stable}`, split);
    });
  }

  test('never loses a side between the ends, nor uses more than one pod of surge', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 40 }),
        fc.integer({ min: 0, max: 3 }),
        fc.integer({ min: 1, max: 99 }),
        (replicas, maxSurge, weight) => {
          const { canary, stable } = splitByRatio({ replicas, maxSurge, weight, weightTotal: 100 });
          assert.ok(canary > 0 && stable >= 0 && canary + stable <= replicas + Math.min(1, maxSurge));
        },
      ),
    );
  });
});

describe('moves towards a split', () => {
  const cases: readonly {
    readonly replicas: number;
    readonly surge: number;
    readonly unavailable: number;
    readonly weight: number;
    readonly from: string;
    readonly course: string;
  }[] = [
    { replicas: 10, surge: 3, unavailable: 2, weight: 20, from: '0/10', course: '0/8 2/8' },
    { replicas: 10, surge: 0, unavailable: 1, weight: 20, from: '0/10', course: '0/9 1/9 1/8 2/8' },
    { replicas: 10, surge: 1, unavailable: 0, weight: 20, from: '0/10', course: '1/10 1/9 2/9 2/8' },
    { replicas: 5, surge: 2, unavailable: 1, weight: 50, from: '0/5', course: '0/4 3/4 3/3' },
    { replicas: 10, surge: 3, unavailable: 2, weight: 100, from: '0/10', course: '0/8 5/8 5/3 10/3 10/0' },
    { replicas: 5, surge: 2, unavailable: 1, weight: 0, from: '3/2', course: '3/4 0/4 0/5' },
  ];
  for (const { replicas, surge, unavailable, weight, from, course } of cases) {
    test(`${replicas} pods, surge ${surge}, unavailable ${unavailable}, weight ${weight}: ${from} ${course}`, () => {
      assert.equal(passes({ replicas, surge, unavailable, weight, from }), course);
    });
  }

  /** Passes in which one kind of ReplicaSet changes, stable first, and all pods are available at once. */
  function passes(input: {
    replicas: number;
    surge: number;
    unavailable: number;
    weight: number;
    from: string;
  }): string {
    const { replicas, surge, unavailable, weight } = input;
    const target = splitByRatio({ replicas, maxSurge: surge, weight, weightTotal: 100 });
    const [canaryNow = 0, stableNow = 0] = input.from.split('/').map(Number);
    let now = { canary: canaryNow, stable: stableNow };
    const course: string[] = [];
    for (let pass = 0; pass < 20; pass++) {
      const next = moveTowards({
        target,
        canary: { spec: now.canary, available: now.canary },
        stable: { spec: now.stable, available: now.stable },
        others: { spec: 0, available: 0 },
        replicas,
        maxSurge: surge,
        maxUnavailable: unavailable,
      });
      if (next.stable === now.stable && next.canary === now.canary) break;
      now = next.stable === now.stable ? next : { ...now, stable: next.stable };
      course.push(`${now.canary}/${now.stable}`);
    }
    return course.join(' ');
  }

  const side = fc
    .integer({ min: 0, max: 12 })
    .chain((spec) => fc.record({ spec: fc.constant(spec), available: fc.integer({ min: 0, max: spec }) }));
  const anyMove = fc
    .record({
      replicas: fc.integer({ min: 1, max: 12 }),
      maxSurge: fc.integer({ min: 0, max: 4 }),
      maxUnavailable: fc.integer({ min: 0, max: 4 }),
      weight: fc.integer({ min: 0, max: 100 }),
      canary: side,
      stable: side,
    })
    .map(({ weight, ...rest }): MoveInput => {
      const maxUnavailable = Math.min(
        rest.replicas,
        rest.maxSurge === 0 ? Math.max(1, rest.maxUnavailable) : rest.maxUnavailable,
      );
      const target = splitByRatio({ ...rest, weight, weightTotal: 100 });
      return { ...rest, maxUnavailable, target, others: { spec: 0, available: 0 } };
    });

  test('never add pods beyond the surge', () => {
    fc.assert(
      fc.property(anyMove, (input) => {
        const next = moveAsFarAsPossible(input);
        const before = (input.canary?.spec ?? 0) + (input.stable?.spec ?? 0);
        assert.ok(next.canary + next.stable <= Math.max(before, input.replicas + input.maxSurge));
      }),
    );
  });

  test('never take away an available pod that the minimum needs', () => {
    fc.assert(
      fc.property(anyMove, (input) => {
        const next = moveAsFarAsPossible(input);
        const { canary = { spec: 0, available: 0 }, stable = { spec: 0, available: 0 } } = input;
        const before = canary.available + stable.available;
        const after = Math.min(canary.available, next.canary) + Math.min(stable.available, next.stable);
        assert.ok(after >= Math.min(before, input.replicas - input.maxUnavailable));
      }),
    );
  });
});

describe('the split when a router steers traffic', () => {
  const base: RoutedInput = {
    replicas: 10,
    weightTotal: 100,
    scaleWeight: 20,
    scaleReplicas: undefined,
    minPodsPerReplicaSet: 0,
    dynamicStableScale: false,
    stableMin: 0,
    observed: undefined,
    aborted: false,
  };
  const cases: readonly (readonly [title: string, input: Partial<RoutedInput>, split: string])[] = [
    ['stable keeps its full size', {}, '2/10'],
    ['a part of a pod is a pod', { scaleWeight: 5 }, '1/10'],
    ['a canary that has pods has at least the fewest allowed', { scaleWeight: 5, minPodsPerReplicaSet: 2 }, '2/10'],
    ['no weight is no pod, whatever the fewest are', { scaleWeight: 0, minPodsPerReplicaSet: 2 }, '0/10'],
    ['an exact size counts as it is', { scaleReplicas: 1, minPodsPerReplicaSet: 2 }, '1/10'],
    ['a stable side that scales has no pods without traffic', { dynamicStableScale: true, scaleWeight: 100 }, '10/0'],
    [
      'but one that its router has to find there',
      { dynamicStableScale: true, scaleWeight: 100, stableMin: 1, observed: { canary: 100, stable: 0 } },
      '10/1',
    ],
    [
      'unless there are to be none at all',
      { replicas: 0, dynamicStableScale: true, scaleWeight: 100, stableMin: 1 },
      '0/0',
    ],
    [
      'a stable side that scales waits for the weight that was seen',
      { dynamicStableScale: true, observed: { canary: 10, stable: 90 } },
      '2/9',
    ],
    ['then it gives its share back', { dynamicStableScale: true, observed: { canary: 20, stable: 80 } }, '2/8'],
    [
      'an aborted canary keeps what its traffic needs',
      { dynamicStableScale: true, aborted: true, observed: { canary: 60, stable: 40 } },
      '6/8',
    ],
    ['another unit of weight', { weightTotal: 1_000, scaleWeight: 250 }, '3/10'],
  ];
  for (const [title, input, split] of cases) {
    test(`${title}: ${split}`, () => {
      const { canary, stable } = splitByRouter({ ...base, ...input });

      assert.equal(`${canary}/${stable}`, split);
    });
  }
});
