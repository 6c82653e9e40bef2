import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PureWorld, rolloutOf, routed, type RolloutWishes } from '../../test/support/pure-world.ts';
import { SCALE_DOWN_DEADLINE_ANNOTATION } from '../api/labels.ts';
import { waitStartMs } from '../lib/timestamp.ts';
import { settle, type ImaginedCluster } from './rollout/imagined-cluster.ts';
import { servingOf, sum } from './rollout/replica-set.ts';

const PROPAGATION_MS = 20_000;

describe('old versions behind a router that reports nothing', () => {
  const canary = routed({ steps: [], scaleDownDelaySeconds: 600, scaleDownDelayRevisionLimit: 1 });

  test('get their deadline with the promotion, counted from when the traffic will be gone', () => {
    const world = promoted(new PureWorld(rolloutOf({ replicas: 2, canary }), { propagationMs: PROPAGATION_MS }));

    const [old] = world.cluster.replicaSets;
    const deadline = old?.metadata.annotations?.[SCALE_DOWN_DEADLINE_ANNOTATION] ?? '';
    const settlesMs = world.cluster.nowMs + PROPAGATION_MS;
    assert.equal(waitStartMs(deadline), settlesMs + 600_000);
    world.advance(600_000);
    assert.deepEqual(sizes(world), [2, 2]);
    world.advance(PROPAGATION_MS + 1_000);
    assert.deepEqual(sizes(world), [0, 2]);
  });

  test('go with the next promotion when more of them would wait than may', () => {
    const world = promoted(new PureWorld(rolloutOf({ replicas: 2, canary }), { propagationMs: PROPAGATION_MS }));
    world.advance(60_000).image('v3');
    untilPromoted(world);

    assert.deepEqual(sizes(world), [0, 2, 2]);
  });
});

describe('pods that lose their traffic otherwise than at the end of the steps stay for the delay, too', () => {
  const canary = routed({ steps: [{ setWeight: 50 }, { pause: {} }], scaleDownDelaySeconds: 30 });
  for (const [what, act, kept, left] of [
    ['a canary that is given up for the stable template', (world: PureWorld) => world.image('v1'), [2, 1], [2, 0]],
    [
      'the old version of an update whose steps are taken out',
      (world: PureWorld) => world.edit({ strategy: { canary: { steps: null } } }),
      [2, 2],
      [0, 2],
    ],
  ] as const) {
    test(what, () => {
      const world = new PureWorld(rolloutOf({ replicas: 2, canary })).image('v1').advance(5_000);
      world.image('v2').advance(5_000);
      assert.equal(world.status.phase, 'Paused');

      act(world).advance(29_000);
      assert.deepEqual(sizes(world), kept);
      assert.equal(world.status.phase, 'Healthy');

      world.advance(5_000);
      assert.deepEqual(sizes(world), left);
    });
  }
});

describe('an old version that is over the limit', () => {
  test('keeps its pods as long as somebody makes a Service lead there', () => {
    const canary = routed({ steps: [], scaleDownDelaySeconds: 600, scaleDownDelayRevisionLimit: 1 });
    const world = promoted(new PureWorld(rolloutOf({ replicas: 2, canary }), { propagationMs: PROPAGATION_MS }));
    world.advance(60_000).image('v3');
    const first = world.cluster.replicaSets[0]?.metadata.labels?.['rollouts-pod-template-hash'] ?? '';
    const name = canary?.stableService ?? '';

    for (let turn = 0; turn < 200; turn++) {
      const { services, nowMs } = world.cluster;
      const service = services[name];
      assert.ok(service);
      const spec = { selector: { ...service.spec.selector, 'rollouts-pod-template-hash': first } };
      const astray = { ...services, [name]: { ...service, spec } };
      world.cluster = { ...settle(world.cluster), services: astray, nowMs: nowMs + 1_000 };
      world.pass();
      assert.equal(sizes(world)[0], 2, `turn ${turn}`);
    }
    assert.equal(world.status.stableRS, world.status.currentPodHash);
  });
});

describe('pods that got traffic again, because somebody took the hash out of a selector', () => {
  const delays = { scaleDownDelaySeconds: 30, abortScaleDownDelaySeconds: 30 };
  const strategies: readonly (readonly [string, RolloutWishes])[] = [
    ['canary', { canary: routed({ steps: [{ setWeight: 50 }, { pause: {} }], ...delays }) }],
    ['blue-green', { blueGreen: { ...delays, previewService: 'preview', autoPromotionEnabled: false } }],
  ];
  for (const [strategy, wishes] of strategies) {
    test(`${strategy}: an aborted version has its whole delay again`, () => {
      const world = new PureWorld(rolloutOf({ replicas: 2, ...wishes })).quiesce();
      const kept = wishes.canary === undefined ? 2 : 1;
      world.image('v2').advance(5_000).command({ abort: true }).advance(20_000);
      open(world).advance(29_000);
      assert.deepEqual(sizes(world), [2, kept]);
      world.advance(2_000);
      assert.deepEqual(sizes(world), [2, 0]);
    });

    test(`${strategy}: a version that was stable before has its whole delay again`, () => {
      const world = new PureWorld(rolloutOf({ replicas: 2, ...wishes })).quiesce();
      world.image('v2').advance(5_000).command({ promoteFull: true }).advance(20_000);
      assert.deepEqual(sizes(world), [2, 2]);
      open(world).advance(29_000);
      assert.deepEqual(sizes(world), [2, 2]);
      world.advance(2_000);
      assert.deepEqual(sizes(world), [0, 2]);
    });
  }
});

/** As `kubectl replace` and engines that apply a whole Service do it. */
function open(world: PureWorld): PureWorld {
  const services = Object.entries(world.cluster.services).map(([name, service]) => {
    assert.ok(service);
    const { 'rollouts-pod-template-hash': _, ...selector } = service.spec.selector ?? {};
    return [name, { ...service, spec: { ...service.spec, selector } }] as const;
  });
  world.cluster = { ...world.cluster, services: Object.fromEntries(services) };
  return world;
}

describe('a version that is superseded, without a router', () => {
  test('gives way no faster than pods of others serve, though its ReplicaSet still counts those that were taken away', () => {
    const steps = [{ setWeight: 50 }, { pause: {} }];
    const world = new PureWorld(rolloutOf({ replicas: 4, canary: { steps, maxSurge: 1, maxUnavailable: 0 } }));
    world.advance(10_000).image('v2').advance(10_000);
    assert.deepEqual(sizes(world), [2, 2]);
    world.image('v3');

    for (let turn = 0; turn < 10; turn++) {
      world.pass();
      assert.ok(sum(world.cluster.replicaSets, servingOf) >= 4, `turn ${turn}: ${sizes(world).join(', ')}`);
      world.cluster = withStaleCount(settle(world.cluster), 'v2', 2);
    }
    world.cluster = counted(world.cluster);
    world.advance(10_000);
    assert.deepEqual(sizes(world), [2, 0, 2]);
  });

  test('is not counted on when it grows again before its ReplicaSet was counted', () => {
    const steps = [{ setWeight: 25 }, { pause: {} }];
    const world = new PureWorld(rolloutOf({ replicas: 4, canary: { steps, maxSurge: 1, maxUnavailable: 0 } }));
    world.advance(10_000).image('v2').advance(10_000);
    world.edit({ strategy: { canary: { steps: [{ pause: {} }] } } }).advance(10_000);
    assert.deepEqual(sizes(world), [4, 0]);
    world.edit({ strategy: { canary: { steps: null } } });

    for (let turn = 0; turn < 5; turn++) {
      world.cluster = withStaleCount(settle(world.cluster), 'v2', 1);
      world.pass();
      assert.deepEqual(sizes(world), [4, 1]);
    }
    world.cluster = counted(world.cluster);
    world.advance(10_000);
    assert.deepEqual(sizes(world), [0, 4]);
  });
});

/** Nobody has counted the pods of this image since there were so many. */
function withStaleCount(cluster: ImaginedCluster, image: string, count: number): ImaginedCluster {
  const status = { replicas: count, readyReplicas: count, availableReplicas: count, observedGeneration: 1 };
  const replicaSets = cluster.replicaSets.map((one) => {
    if (one.spec.template.spec?.containers?.[0]?.image !== image) return one;
    return { ...one, status, metadata: { ...one.metadata, generation: 2 } };
  });
  return { ...cluster, replicaSets };
}

function counted(cluster: ImaginedCluster): ImaginedCluster {
  const replicaSets = cluster.replicaSets.map((one) => ({ ...one, metadata: { ...one.metadata, generation: 0 } }));
  return { ...cluster, replicaSets };
}

function sizes(world: PureWorld): readonly (number | undefined)[] {
  return world.cluster.replicaSets.map(({ spec }) => spec.replicas);
}

function promoted(world: PureWorld): PureWorld {
  world.advance(60_000).image('v2');
  return untilPromoted(world);
}

/** Until the new version is the stable one, and the traffic is only just asked away from the old one. */
function untilPromoted(world: PureWorld): PureWorld {
  world.quiesce();
  for (let turn = 0; turn < 200 && world.status.stableRS !== world.status.currentPodHash; turn++) world.advance(500);
  assert.equal(world.status.stableRS, world.status.currentPodHash);
  return world;
}
