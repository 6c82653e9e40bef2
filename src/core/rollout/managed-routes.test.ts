import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { PureWorld, rolloutOf, routed, type RolloutWishes } from '../../../test/support/pure-world.ts';
import { decide } from '../decide.ts';
import { observe, settle } from './imagined-cluster.ts';
import { aimOf } from './service-aim.ts';

type Steps = NonNullable<NonNullable<RolloutWishes['canary']>['steps']>;

const TESTERS = { name: 'testers', match: [{ headerName: 'X-Canary', headerValue: { exact: 'yes' } }] };
const SHADOW = { name: 'shadow', percentage: 50, match: [{ path: { prefix: '/' } }] };
const FIRST_PODS = [{ setCanaryScale: { replicas: 1 } }];

describe('routes that steps set', () => {
  it('are there from their step on, in the order of managedRoutes, until a step takes them away', () => {
    const world = worldWith([
      ...FIRST_PODS,
      { setMirrorRoute: SHADOW },
      { setHeaderRoute: TESTERS },
      { pause: {} },
      { setMirrorRoute: { name: 'shadow' } },
      { setWeight: 50 },
      { pause: {} },
      { setHeaderRoute: { name: 'testers' } },
      { pause: {} },
    ]).quiesce();
    world.image('v2').quiesce();
    assert.deepEqual([routes(world), world.cluster.weight], [['testers', 'shadow'], 0]);
    assert.equal(world.cluster.managedRoutes[1]?.kind, 'mirror');

    world.command({ pauseConditions: null }).quiesce();
    assert.deepEqual([routes(world), world.cluster.weight], [['testers'], 50]);

    world.command({ pauseConditions: null }).quiesce();
    assert.deepEqual([routes(world), world.cluster.weight], [[], 50]);
  });

  it('replace what an earlier step set under the same name', () => {
    const other = { name: 'testers', match: [{ headerName: 'X-B', headerValue: { exact: 'b' } }] };
    const world = worldWith([
      ...FIRST_PODS,
      { setHeaderRoute: TESTERS },
      { setHeaderRoute: other },
      { pause: {} },
    ]).quiesce();
    world.image('v2').quiesce();

    assert.deepEqual(world.cluster.managedRoutes, [{ kind: 'header', name: 'testers', match: other.match }]);
  });

  it('are gone when the new version is the stable one', () => {
    const world = worldWith([{ setWeight: 20 }, { setHeaderRoute: TESTERS }, { pause: {} }]).quiesce();
    world.image('v2').quiesce();
    assert.deepEqual(routes(world), ['testers']);

    world.command({ pauseConditions: null }).quiesce();
    assert.deepEqual([world.status.phase, routes(world), world.cluster.weight], ['Healthy', [], 0]);
  });

  for (const [what, command] of [
    ['an abort', { abort: true }],
    ['a full promotion', { promoteFull: true }],
  ] as const) {
    it(`go at ${what}, before the canary Service leads elsewhere and pods are taken away`, () => {
      const world = worldWith([...FIRST_PODS, { setHeaderRoute: TESTERS }, { pause: {} }], {
        abortScaleDownDelaySeconds: 1,
      }).quiesce();
      world.image('v2').quiesce();
      const writes = world.cluster.writes.length;

      world.command(command).quiesce().advance(5_000);

      const done = world.cluster.writes.slice(writes).filter((write) => /shift|Service|ReplicaSet/.test(write));
      assert.match(done[0] ?? '', what === 'an abort' ? /^shift 0$/ : /^(patch ReplicaSet|shift)/);
      assert.deepEqual(routes(world), []);
    });
  }

  it('do not keep a full promotion at the size of an earlier setCanaryScale', () => {
    const world = worldWith([...FIRST_PODS, { setHeaderRoute: TESTERS }, { pause: {} }]).quiesce();
    world.image('v2').quiesce().command({ promoteFull: true }).quiesce();
    assert.deepEqual([world.status.phase, world.sizes()['v2']], ['Healthy', 4]);
  });

  it('stay while they are not seen gone: the Service and the pods of an aborted version wait for that', () => {
    const world = worldWith([...FIRST_PODS, { setHeaderRoute: TESTERS }, { pause: {} }], {
      abortScaleDownDelaySeconds: 1,
    }).quiesce();
    world.image('v2').quiesce();
    const { currentPodHash } = world.status;
    const shown = world.cluster.managedRoutes;
    world.command({ abort: true });
    for (let turn = 0; turn < 10; turn++) {
      world.pass();
      world.cluster = { ...world.cluster, managedRoutes: shown, nowMs: world.cluster.nowMs + 1_000 };
    }
    assert.equal(aimOf(world.cluster.services['shop-canary'] ?? undefined), currentPodHash);
    assert.deepEqual(world.sizes(), { v1: 4, v2: 1 });
    assert.match(waiting(world), /the traffic router has to show no managed routes/);

    world.quiesce().advance(2_000);
    assert.deepEqual(world.sizes(), { v1: 4, v2: 0 });
  });

  it('do not lead to a version without pods, and come when a later step brings pods', () => {
    const world = worldWith([{ setHeaderRoute: TESTERS }, { pause: {} }, { setWeight: 25 }, { pause: {} }]).quiesce();
    world.image('v2').quiesce();
    assert.deepEqual([world.status.currentStepIndex, routes(world)], [1, []]);

    world.command({ pauseConditions: null }).quiesce();
    assert.deepEqual([world.status.currentStepIndex, routes(world), world.cluster.weight], [3, ['testers'], 25]);
  });

  it('go before a newer version gets the canary Service of theirs, and lead to that then', () => {
    const world = worldWith([
      { setHeaderRoute: TESTERS },
      { setCanaryScale: { replicas: 1 } },
      { pause: {} },
    ]).quiesce();
    world.image('v2').quiesce();
    assert.deepEqual(routes(world), ['testers']);
    world.image('v3');
    const seen: string[] = [];
    for (let turn = 0; turn < 30; turn++) {
      world.cluster = settle(world.cluster);
      const decision = decide(observe(world.cluster));
      for (const effect of decision.effects) seen.push(effect.type === 'shift' ? 'shift' : effect.purpose);
      world.pass();
    }
    world.quiesce();

    const away = seen.indexOf('shift');
    const switched = seen.findIndex((purpose) => purpose.includes("service 'shop-canary'"));
    assert.ok(away >= 0 && away < switched, seen.join('; '));
    assert.deepEqual([world.status.currentStepIndex, routes(world)], [2, ['testers']]);
  });

  it('of an earlier version go first although the newer one has pods already', () => {
    const steps = [{ setCanaryScale: { replicas: 1 }, setHeaderRoute: TESTERS }, { pause: {} }];
    const world = worldWith(steps).quiesce();
    world.image('v2').quiesce().image('v3');
    world.pass(1);
    world.quiesce();

    assert.deepEqual([world.status.currentStepIndex, routes(world)], [1, ['testers']]);
    assert.equal(aimOf(world.cluster.services['shop-canary'] ?? undefined), world.status.currentPodHash);
  });

  it('keep the pods behind a ping-pong Service until they are seen gone', () => {
    const pingPong = { pingService: 'ping', pongService: 'pong' };
    const steps = [...FIRST_PODS, { setHeaderRoute: TESTERS }, { pause: {} }];
    const world = worldWith(steps, { pingPong, abortScaleDownDelaySeconds: 1 }).quiesce();
    world.image('v2').quiesce();
    const shown = world.cluster.managedRoutes;
    world.command({ abort: true });
    for (let turn = 0; turn < 10; turn++) {
      world.pass();
      world.cluster = { ...world.cluster, managedRoutes: shown, nowMs: world.cluster.nowMs + 1_000 };
    }
    assert.deepEqual(world.sizes(), { v1: 4, v2: 1 });

    world.quiesce().advance(2_000);
    assert.deepEqual(world.sizes(), { v1: 4, v2: 0 });
  });

  it('are waited for: a step that sets one is done when the data plane has taken it up', () => {
    const world = worldWith([...FIRST_PODS, { setHeaderRoute: TESTERS }, { pause: {} }], {}, 1_000).quiesce();
    world.advance(5_000).image('v2').quiesce();
    assert.deepEqual([world.status.currentStepIndex, routes(world)], [1, ['testers']]);
    assert.equal(world.status.canary?.weights?.verified, false);
    assert.match(waiting(world), /weight 0 has to reach the data plane/);

    world.advance(999);
    assert.equal(world.status.currentStepIndex, 1);
    world.advance(1);
    assert.equal(world.status.currentStepIndex, 2);
    assert.equal(world.status.canary?.weights?.verified, undefined);
  });

  it('are put right when somebody changes them', () => {
    const world = worldWith([...FIRST_PODS, { setHeaderRoute: TESTERS }, { pause: {} }]).quiesce();
    world.image('v2').quiesce();
    world.cluster = { ...world.cluster, managedRoutes: [] };
    world.quiesce();
    assert.deepEqual(routes(world), ['testers']);
  });

  it('of steps that a rollback within the window passes over are not set', () => {
    const world = worldWith([{ setWeight: 50 }, { setHeaderRoute: TESTERS }]).edit({
      rollbackWindow: { revisions: 3 },
    });
    world.quiesce().advance(1_000);
    world.image('v2').quiesce().advance(1_000);
    const seen: (readonly string[])[] = [];
    world.image('v1');
    for (let turn = 0; turn < 20; turn++) {
      world.pass();
      seen.push(routes(world));
    }
    world.quiesce();
    assert.equal(world.status.phase, 'Healthy');
    assert.ok(seen.every((shown) => shown.length === 0));
  });
});

function worldWith(steps: Steps, canary: RolloutWishes['canary'] = {}, propagationMs?: number): PureWorld {
  const { trafficRouting, ...rest } = routed({ steps });
  const managedRoutes = [{ name: 'testers' }, { name: 'shadow' }];
  const strategy = { ...rest, ...canary, trafficRouting: { ...trafficRouting, managedRoutes } };
  return new PureWorld(
    rolloutOf({ replicas: 4, canary: strategy }),
    propagationMs === undefined ? {} : { propagationMs },
  );
}

function routes(world: PureWorld): readonly string[] {
  return world.cluster.managedRoutes.map(({ name }) => name);
}

function waiting(world: PureWorld): string {
  return world.status.conditions?.find(({ type }) => type === 'Waiting')?.message ?? '';
}
