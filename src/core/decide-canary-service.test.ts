import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { PureWorld, rolloutOf, routed, type RolloutWishes } from '../../test/support/pure-world.ts';
import { POD_TEMPLATE_HASH_LABEL } from '../api/labels.ts';
import { aimOf } from './rollout/service-aim.ts';

const CANARY = 'shop-canary';
const STEPS = [{ setWeight: 10 }, { pause: {} }, { setWeight: 40 }, { pause: {} }];

interface Seen {
  /** Image that the canary Service leads to alone; undefined while it leads to all. */
  readonly image: string | undefined;
  readonly weight: number;
  readonly available: number;
}

/** v0 was stable and has kept its pods, v1 is stable, and v2 has 40 of 100. */
function atForty(canary: NonNullable<RolloutWishes['canary']> = {}): PureWorld {
  const kept = routed({ steps: STEPS, scaleDownDelaySeconds: 3_600, ...canary });
  const world = new PureWorld(rolloutOf({ image: 'v0', replicas: 10, canary: kept }), { podStartMs: 5_000 });
  world.advance(60_000).image('v1').advance(60_000).command({ promoteFull: true }).advance(60_000);
  world.image('v2').advance(60_000).command({ pauseConditions: null }).advance(60_000);
  assert.equal(world.cluster.weight, 40);
  assert.equal(seenAt(world).image, 'v2');
  return world;
}

function seenAt({ cluster }: PureWorld): Seen {
  const aim = aimOf(cluster.services[CANARY] ?? undefined);
  const behind = cluster.replicaSets.find(({ metadata }) => metadata.labels?.[POD_TEMPLATE_HASH_LABEL] === aim);
  return {
    image: aim === undefined ? undefined : behind?.spec.template.spec?.containers?.[0]?.image,
    weight: cluster.weight ?? 0,
    available: behind?.status?.availableReplicas ?? 0,
  };
}

/** What requests meet after every single write from here on. */
function watched(world: PureWorld): readonly Seen[] {
  const seen: Seen[] = [];
  const pass = world.pass.bind(world);
  world.pass = () => {
    const start = world.cluster;
    for (let effects = 0; ; effects++) {
      world.cluster = start;
      const changed = pass(effects);
      seen.push(seenAt(world));
      const { cluster } = world;
      world.cluster = start;
      pass(effects + 1);
      if (world.cluster.writes.length === cluster.writes.length) return changed;
    }
  };
  return seen;
}

/** Somebody takes the hash out of the selector. */
function opened(world: PureWorld): PureWorld {
  const service = world.cluster.services[CANARY];
  assert.ok(service !== undefined && service !== null);
  const { [POD_TEMPLATE_HASH_LABEL]: _, ...selector } = service.spec.selector ?? {};
  const services = { ...world.cluster.services, [CANARY]: { ...service, spec: { ...service.spec, selector } } };
  world.cluster = { ...world.cluster, services };
  return world;
}

function isMoreThanItCarries({ image, weight, available }: Seen): boolean {
  return image === 'v0' && (weight > 10 || available * 10 < weight);
}

describe('a canary Service that leads to every version', () => {
  it('does not hand the weight of an earlier version to the next one', () => {
    const world = opened(atForty());
    const seen = watched(world);

    world.image('v0').advance(60_000);

    assert.deepEqual(seen.filter(isMoreThanItCarries), []);
    assert.deepEqual(seenAt(world), { image: 'v0', weight: 10, available: 1 });
  });

  it('leads to the version that has the weight again at once', () => {
    const world = opened(atForty());

    world.pass();

    assert.deepEqual(seenAt(world), { image: 'v2', weight: 40, available: 4 });
  });

  it('leads back to stable at once when that can carry it', () => {
    const world = opened(atForty());

    world.command({ abort: true }).pass(1);

    assert.equal(seenAt(world).image, 'v1');
  });

  it('leads back to a stable version that shrank only with what that can carry', () => {
    const world = opened(atForty({ dynamicStableScale: true, scaleDownDelaySeconds: undefined }));
    assert.equal(world.sizes()['v1'], 6);
    const seen = watched(world);

    world.command({ abort: true }).advance(60_000);

    const overloaded = seen.filter(({ image, weight, available }) => image === 'v1' && weight > 0 && available < 10);
    assert.deepEqual(overloaded, []);
    assert.deepEqual(seenAt(world), { image: 'v1', weight: 0, available: 10 });
  });

  it('is taken over at the weight that somebody gave it, and the first update begins from nothing', () => {
    const world = new PureWorld(rolloutOf({ replicas: 10, canary: routed({ steps: STEPS }) }), { podStartMs: 5_000 });
    world.cluster = { ...world.cluster, weight: 50 };

    world.advance(60_000);

    assert.deepEqual(seenAt(world), { image: 'v1', weight: 0, available: 10 });
    world.image('v2').advance(60_000);
    assert.deepEqual(seenAt(world), { image: 'v2', weight: 10, available: 1 });
  });
});

describe('a canary Service whose pods are gone', () => {
  it('leads to the next version only when nothing is sent there any more', () => {
    const world = atForty();
    const pods = world.cluster.podsReadyAtMs;
    const last = world.cluster.replicaSets.at(-1);
    assert.ok(last !== undefined);
    const { name } = last.metadata;
    const never = (pods[name] ?? []).map(() => Number.POSITIVE_INFINITY);
    world.cluster = { ...world.cluster, podsReadyAtMs: { ...pods, [name]: never } };
    const seen = watched(world);

    world.image('v0').advance(60_000);

    assert.deepEqual(seen.filter(isMoreThanItCarries), []);
    assert.deepEqual(seenAt(world), { image: 'v0', weight: 10, available: 1 });
  });
});
