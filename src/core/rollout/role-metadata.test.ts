import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { Pod, ReplicaSet } from '../../api/workloads.ts';
import { PureWorld, rolloutOf, type RolloutWishes } from '../../../test/support/pure-world.ts';
import { decide } from '../decide.ts';
import { observe } from './imagined-cluster.ts';
import { needsPods } from './references.ts';

const STABLE = { labels: { role: 'stable' }, annotations: { tier: 'gold' } };
const FRESH = { labels: { role: 'new' } };
const EPHEMERAL = 'rollout.argoproj.io/ephemeral-metadata';
const PENDING = 'headgate.dev/pending-pod-metadata';

const STRATEGIES: readonly (readonly [string, RolloutWishes])[] = [
  ['canary', { canary: { steps: [{ setWeight: 50 }, { pause: {} }], stableMetadata: STABLE, canaryMetadata: FRESH } }],
  ['blue-green', { blueGreen: { autoPromotionEnabled: false, activeMetadata: STABLE, previewMetadata: FRESH } }],
];

function begin(wishes: RolloutWishes): PureWorld {
  return new PureWorld(rolloutOf({ replicas: 2, ...wishes })).advance(60_000);
}

function of(world: PureWorld, image: string): ReplicaSet {
  const found = world.cluster.replicaSets.find(({ spec }) => spec.template.spec?.containers?.[0]?.image === image);
  assert.ok(found);
  return found;
}

function roleOf(world: PureWorld, image: string): string | undefined {
  return of(world, image).spec.template.metadata?.labels?.['role'];
}

for (const [name, wishes] of STRATEGIES) {
  describe(`metadata of a role, ${name}`, () => {
    test('is that of stable from the first version on', () => {
      const world = begin(wishes);

      assert.equal(roleOf(world, 'v1'), 'stable');
      assert.equal(of(world, 'v1').spec.template.metadata?.annotations?.['tier'], 'gold');
      assert.equal(
        of(world, 'v1').metadata.annotations?.[EPHEMERAL],
        '{"labels":{"role":"stable"},"annotations":{"tier":"gold"}}',
      );
      assert.equal(of(world, 'v1').metadata.annotations?.[PENDING], undefined);
    });

    test('is not on the ReplicaSet itself, which would keep it', () => {
      const world = begin(wishes).image('v2').advance(10_000);

      assert.equal(of(world, 'v1').metadata.labels?.['app'], 'shop');
      assert.deepEqual(
        ['v1', 'v2'].map((image) => of(world, image).metadata.labels?.['role']),
        [undefined, undefined],
      );
    });

    test('follows the part that each version plays', () => {
      const world = begin(wishes).image('v2').advance(10_000);
      assert.deepEqual([roleOf(world, 'v1'), roleOf(world, 'v2')], ['stable', 'new']);

      world.command({ promoteFull: true }).advance(10_000);
      assert.deepEqual([roleOf(world, 'v1'), roleOf(world, 'v2')], [undefined, 'stable']);
      assert.equal(of(world, 'v1').metadata.annotations?.[EPHEMERAL], undefined);
    });

    test('makes no version a new one', () => {
      const world = begin(wishes).image('v2').advance(10_000).image('v1').advance(10_000).image('v2').advance(10_000);

      assert.equal(world.cluster.replicaSets.length, 2);
      assert.equal(roleOf(world, 'v2'), 'new');
    });

    test('goes when the user takes it out of the strategy', () => {
      const world = begin(wishes);
      const key = name === 'canary' ? 'canary' : 'blueGreen';

      world.edit({ strategy: { [key]: { stableMetadata: null, activeMetadata: null } } }).advance(10_000);

      assert.equal(roleOf(world, 'v1'), undefined);
    });
  });
}

test('pods that are there get the metadata of a new role, and lose that of the old one', () => {
  const world = begin(STRATEGIES[0]?.[1] ?? {})
    .image('v2')
    .advance(10_000);
  const replicaSet = of(world, 'v2');
  const changed: ReplicaSet = {
    ...replicaSet,
    metadata: {
      ...replicaSet.metadata,
      annotations: { ...replicaSet.metadata.annotations, [PENDING]: '{"labels":["old"]}' },
    },
  };
  const replicaSets = world.cluster.replicaSets.map((one) => (one === replicaSet ? changed : one));
  const pods = [pod('stale', replicaSet, { role: 'stable', old: 'x' }), pod('right', replicaSet, { role: 'new' })];

  assert.equal(needsPods(world.cluster.rollout, world.cluster.replicaSets), false);
  assert.equal(needsPods(world.cluster.rollout, replicaSets), true);
  const { effects } = decide({ ...observe(world.cluster), replicaSets, pods });

  const writes = effects.flatMap((effect) => (effect.type === 'write' ? [effect.write] : []));
  assert.deepEqual(
    writes.map((write) => (write.verb === 'patch' ? [write.ref.name, write.body] : [])),
    [
      ['stale', { metadata: { uid: 'uid-stale', labels: { old: null, role: 'new' }, annotations: {} } }],
      [
        replicaSet.metadata.name,
        { metadata: { resourceVersion: replicaSet.metadata.resourceVersion, annotations: { [PENDING]: null } } },
      ],
    ],
  );
});

test('pods wait until Kubernetes has seen the new template of their ReplicaSet', () => {
  const world = begin(STRATEGIES[0]?.[1] ?? {});
  const replicaSet = of(world, 'v1');
  const behind = (observedGeneration: number): ReplicaSet => ({
    ...replicaSet,
    metadata: { ...replicaSet.metadata, generation: 2, annotations: { [PENDING]: '{}' } },
    status: { replicas: 2, ...replicaSet.status, observedGeneration },
  });

  assert.equal(needsPods(world.cluster.rollout, [behind(1)]), false);
  assert.equal(needsPods(world.cluster.rollout, [behind(2)]), true);
});

test('metadata that another controller added is left as it is when it says the same', () => {
  const world = begin(STRATEGIES[0]?.[1] ?? {});
  const replicaSet = of(world, 'v1');
  const other = '{"annotations":{"tier":"gold"},"labels":{"role":"stable"}}';
  const annotations = { ...replicaSet.metadata.annotations, [EPHEMERAL]: other };
  const replicaSets = [{ ...replicaSet, metadata: { ...replicaSet.metadata, annotations } }];

  assert.deepEqual(decide({ ...observe(world.cluster), replicaSets }).effects, []);
});

function pod(name: string, replicaSet: ReplicaSet, labels: Record<string, string>): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'default',
      uid: `uid-${name}`,
      labels,
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          name: replicaSet.metadata.name,
          uid: replicaSet.metadata.uid ?? '',
        },
      ],
    },
    spec: {},
  };
}
