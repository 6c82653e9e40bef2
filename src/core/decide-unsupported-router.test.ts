import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { PureWorld, rolloutOf, routed } from '../../test/support/pure-world.ts';
import { POD_TEMPLATE_HASH_LABEL } from '../api/labels.ts';
import { aimOf } from './rollout/service-aim.ts';

const STEPS = [{ setWeight: 20 }, { pause: {} }, { setWeight: 60 }, { pause: {} }];
const ISTIO = { istio: { virtualService: { name: 'shop' } } };

/**
 * Another controller has brought v2 to 20 % through a router that this one does not know, and recorded it in the fields
 * that it has.
 */
function takenOver(): PureWorld {
  const world = new PureWorld(rolloutOf({ replicas: 5, canary: routed({ steps: STEPS }) }), { podStartMs: 1_000 });
  world.advance(60_000).image('v2').advance(60_000);
  assert.deepEqual([world.status.phase, world.sizes()], ['Paused', { v1: 5, v2: 1 }]);
  const { rollout } = world.cluster;
  const { headgate: _, conditions, ...status } = rollout.status ?? {};
  const known = conditions?.filter(({ type }) => type !== 'Waiting');
  world.cluster = {
    ...world.cluster,
    rollout: { ...rollout, status: { ...status, conditions: known } },
    // Its weight is nothing that could be read.
    weight: undefined,
    writes: [],
    events: [],
  };
  const { plugins: _plugins, ...others } = rollout.spec.strategy?.canary?.trafficRouting ?? {};
  const trafficRouting = { ...others, ...ISTIO };
  const canary = { ...rollout.spec.strategy?.canary, trafficRouting };
  world.cluster = {
    ...world.cluster,
    rollout: { ...world.cluster.rollout, spec: { ...rollout.spec, strategy: { canary } } },
  };
  return world.quiesce();
}

function aims({ cluster }: PureWorld): readonly (string | undefined)[] {
  const images = new Map(
    cluster.replicaSets.map(({ metadata, spec }) => [
      metadata.labels?.[POD_TEMPLATE_HASH_LABEL],
      spec.template.spec?.containers?.[0]?.image,
    ]),
  );
  return ['shop-stable', 'shop-canary'].map((name) => images.get(aimOf(cluster.services[name] ?? undefined)));
}

function recordedWeight({ status }: PureWorld): number | undefined {
  return status.canary?.weights?.canary.weight;
}

function conditionOf({ status }: PureWorld, type: string): string {
  const found = status.conditions?.find((one) => one.type === type);
  return found === undefined ? '' : `${found.reason}: ${found.message}`;
}

/** The route of a router that is known shows what the other one did. */
function withKnownRouter(world: PureWorld): PureWorld {
  world.cluster = { ...world.cluster, weight: 20 };
  const { trafficRouting } = routed({}) as { trafficRouting: object };
  return world.edit({ strategy: { canary: { trafficRouting: { ...trafficRouting, istio: null } } } });
}

describe('an update that another controller began behind a router that is not supported', () => {
  it('is left as it is, and says so', () => {
    const world = takenOver().advance(3_600_000);

    assert.equal(world.status.phase, 'Degraded');
    assert.match(conditionOf(world, 'InvalidSpec'), /istio/);
    assert.deepEqual(
      world.cluster.writes.filter((write) => write !== 'status'),
      [],
    );
    assert.equal(world.status.currentStepIndex, 1);
    assert.equal(recordedWeight(world), 20);
  });

  for (const [wish, command] of [
    ['promoted', { pauseConditions: null, controllerPause: null }],
    ['promoted in full', { promoteFull: true }],
    ['skipped', { currentStepIndex: 3, pauseConditions: null }],
  ] as const) {
    it(`moves nothing when it is ${wish}`, () => {
      const world = takenOver().command(command).advance(3_600_000);

      assert.deepEqual([world.sizes(), aims(world), recordedWeight(world)], [{ v1: 5, v2: 1 }, ['v1', 'v2'], 20]);
      assert.equal(world.status.phase, 'Degraded');
    });
  }

  it('is aborted, and never taken as drained', () => {
    const world = takenOver().command({ abort: true }).advance(3_600_000);

    assert.ok(world.status.abortedAt !== undefined);
    assert.deepEqual([world.sizes(), aims(world), recordedWeight(world)], [{ v1: 5, v2: 1 }, ['v1', 'v2'], 20]);
    assert.match(conditionOf(world, 'Waiting'), /^TrafficRouter: /);
  });

  for (const image of ['v1', 'v3']) {
    it(`keeps the pods that have traffic when ${image} is wanted`, () => {
      const world = takenOver().image(image).advance(3_600_000);

      assert.deepEqual([world.sizes(), aims(world), recordedWeight(world)], [{ v1: 5, v2: 1 }, ['v1', 'v2'], 20]);
    });
  }

  it('goes on where it stood behind a router that is known', () => {
    const world = withKnownRouter(takenOver()).advance(60_000);

    assert.deepEqual([world.status.phase, world.status.currentStepIndex, world.cluster.weight], ['Paused', 1, 20]);
    world.command({ promoteFull: true }).advance(60_000);
    assert.equal(world.status.phase, 'Healthy');
  });

  it('is led back behind a router that is known, after an abort', () => {
    const world = withKnownRouter(takenOver().command({ abort: true }).advance(60_000)).advance(60_000);

    assert.deepEqual([world.sizes(), aims(world), world.cluster.weight], [{ v1: 5, v2: 0 }, ['v1', 'v1'], 0]);
  });
});
