import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PureWorld, rolloutOf } from '../../test/support/pure-world.ts';
import { POD_TEMPLATE_HASH_LABEL } from '../api/labels.ts';
import type { ReplicaSet } from '../api/workloads.ts';

const STEPS = [{ setWeight: 20 }, { pause: {} }, { setWeight: 60 }];

/** The world as a controller with other hashes would have left it at this moment. */
function leftByAnother(world: PureWorld): PureWorld {
  const renamed = new Map(
    world.cluster.replicaSets.map((one, index) => [
      one.metadata.labels?.[POD_TEMPLATE_HASH_LABEL] ?? '',
      `other${index}`,
    ]),
  );
  const text = (value: unknown): string => {
    let json = JSON.stringify(value);
    for (const [ours, theirs] of renamed) json = json.replaceAll(ours, theirs);
    return json;
  };
  const { rollout, replicaSets, podsReadyAtMs } = world.cluster;
  const status = JSON.parse(
    text({ ...rollout.status, currentStepHash: 'another', headgate: undefined }),
  ) as typeof rollout.status;
  world.cluster = {
    ...world.cluster,
    rollout: { ...rollout, status },
    replicaSets: JSON.parse(text(replicaSets)) as readonly ReplicaSet[],
    podsReadyAtMs: JSON.parse(text(podsReadyAtMs)) as typeof podsReadyAtMs,
    writes: [],
    events: [],
  };
  return world;
}

test('taking over a Rollout at rest makes no pod and no new version', () => {
  const world = leftByAnother(new PureWorld(rolloutOf({ replicas: 3, canary: { steps: STEPS } })).advance(5_000));

  world.advance(60_000);

  assert.equal(world.status.phase, 'Healthy');
  assert.deepEqual(
    world.cluster.writes.filter((write) => write !== 'status'),
    [],
  );
  assert.equal(world.status.stableRS, 'other0');
  assert.equal(world.status.currentStepIndex, 3);
});

test('taking over a paused update goes on where it stood', () => {
  const world = new PureWorld(rolloutOf({ replicas: 5, canary: { steps: STEPS } }))
    .advance(5_000)
    .image('v2')
    .advance(5_000);
  const pausedSince = world.status.pauseConditions?.[0]?.startTime;
  leftByAnother(world).advance(60_000);
  assert.equal(world.status.phase, 'Paused');
  assert.equal(world.status.currentStepIndex, 1);
  assert.equal(world.status.pauseConditions?.[0]?.startTime, pausedSince);
  assert.deepEqual(world.cluster.events, []);
  assert.deepEqual(
    world.cluster.writes.filter((write) => write !== 'status'),
    [],
  );

  world.command({ pauseConditions: null }).advance(60_000);

  assert.equal(world.status.phase, 'Healthy');
  assert.equal(world.status.stableRS, 'other1');
});

test('steps that changed while nobody watched start the update over', () => {
  const world = new PureWorld(rolloutOf({ replicas: 5, canary: { steps: STEPS } }))
    .advance(5_000)
    .image('v2')
    .advance(5_000);
  leftByAnother(world).edit({ strategy: { canary: { steps: [{ setWeight: 40 }, { pause: {} }] } } });

  world.pass();

  assert.equal(world.status.currentStepIndex, 0);
});

test('an orphan that means the same is adopted, not copied', () => {
  const world = new PureWorld(rolloutOf({ replicas: 2 })).advance(5_000);
  const [own] = world.cluster.replicaSets;
  assert.ok(own !== undefined);
  const { ownerReferences: _, ...metadata } = own.metadata;
  world.cluster = { ...world.cluster, replicaSets: [{ ...own, metadata }] };

  world.quiesce();

  assert.equal(world.cluster.replicaSets.length, 1);
  assert.equal(world.cluster.replicaSets[0]?.metadata.ownerReferences?.[0]?.uid, 'rollout-shop');
});

test('versions beyond the history limit are deleted, the oldest first', () => {
  const world = new PureWorld(rolloutOf({ replicas: 1, spec: { revisionHistoryLimit: 2 } })).advance(5_000);

  for (const image of ['v2', 'v3', 'v4', 'v5']) world.image(image).advance(10_000);

  assert.deepEqual(world.sizes(), { v3: 0, v4: 0, v5: 1 });
});

test('replicas that nobody gave are written back as 1', () => {
  const world = new PureWorld(rolloutOf({ spec: { replicas: undefined } })).quiesce();

  assert.equal(world.cluster.rollout.spec.replicas, 1);
});
