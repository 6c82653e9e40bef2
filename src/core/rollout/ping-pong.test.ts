import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { PureWorld, rolloutOf, routed, type RolloutWishes } from '../../../test/support/pure-world.ts';
import { aimOf } from './service-aim.ts';

const STEPS = [{ setWeight: 25 }, { pause: {} }];
const PING_PONG = { pingService: 'ping', pongService: 'pong' };

describe('ping-pong Services', () => {
  it('begin with ping as the stable one, and leave pong alone', () => {
    const world = pingPongWorld().quiesce();

    assert.equal(world.status.phase, 'Healthy');
    assert.equal(world.status.canary?.stablePingPong, 'ping');
    assert.deepEqual(aims(world), { ping: world.status.stableRS, pong: undefined });
    assert.equal(world.cluster.weight, 0, 'all traffic is on ping');
  });

  it('swap their roles at the end of each update, and no selector and no weight changes for that', () => {
    const world = pingPongWorld().quiesce();
    const first = world.status.stableRS;
    world.image('v2').quiesce();
    const second = world.status.currentPodHash;

    assert.deepEqual(aims(world), { ping: first, pong: second });
    assert.deepEqual(world.status.canary?.weights, {
      canary: { weight: 25, serviceName: 'pong', podTemplateHash: second },
      stable: { weight: 75, serviceName: 'ping', podTemplateHash: first },
      verified: true,
    });

    world.command({ pauseConditions: null });
    const events = world.cluster.events.length;
    const writes = world.cluster.writes.length;
    world.quiesce();

    assert.equal(world.status.canary?.stablePingPong, 'pong');
    assert.equal(world.status.phase, 'Healthy');
    assert.deepEqual(aims(world), { ping: first, pong: second });
    const done = world.cluster.writes.slice(writes).filter((write) => /shift|Service/.test(write));
    assert.deepEqual(done, ['shift 100']);
    assert.deepEqual(world.status.canary?.weights, {
      canary: { weight: 0, serviceName: 'ping', podTemplateHash: second },
      stable: { weight: 100, serviceName: 'pong', podTemplateHash: second },
      verified: true,
    });
    const told = world.cluster.events.slice(events).filter(({ reason }) => reason === 'TrafficWeightUpdated');
    assert.deepEqual(
      told.map(({ message }) => message),
      ['Traffic weight updated from 25 to 100', 'Traffic weight updated from 100 to 0'],
    );

    world.image('v3').quiesce();
    assert.deepEqual(aims(world), { ping: world.status.currentPodHash, pong: second });
    world.command({ promoteFull: true }).quiesce();
    assert.equal(world.status.canary?.stablePingPong, 'ping');
  });

  it('stay with the pods of an aborted version, which go after their delay', () => {
    const world = pingPongWorld({ abortScaleDownDelaySeconds: 30 }).quiesce();
    world.image('v2').quiesce();
    const { currentPodHash, stableRS } = world.status;

    world.command({ abort: true }).quiesce();
    assert.deepEqual([world.cluster.weight, world.sizes()], [0, { v1: 4, v2: 1 }]);
    assert.deepEqual(aims(world), { ping: stableRS, pong: currentPodHash });

    world.advance(30_000);
    assert.deepEqual(world.sizes(), { v1: 4, v2: 0 });
    assert.equal(world.status.canary?.stablePingPong, 'ping');
    assert.deepEqual(aims(world), { ping: stableRS, pong: currentPodHash });

    world.command({ abort: null }).quiesce();
    assert.equal(world.cluster.weight, 25);
  });

  it('keep old pods for the scale-down delay behind the Service that lost its traffic', () => {
    const world = pingPongWorld({ scaleDownDelaySeconds: 60 }).quiesce();
    world.image('v2').quiesce();
    world.command({ promoteFull: true }).quiesce();
    assert.deepEqual(world.sizes(), { v1: 4, v2: 4 });

    world.advance(60_000);
    assert.deepEqual(world.sizes(), { v1: 0, v2: 4 });
  });

  it('keep their roles when the template goes back to stable in the middle of an update', () => {
    const world = pingPongWorld().quiesce();
    world.image('v2').quiesce().image('v1').quiesce();

    assert.deepEqual([world.status.phase, world.status.canary?.stablePingPong], ['Healthy', 'ping']);
    assert.equal(world.cluster.weight, 0);
  });

  it('go on where another controller left them', () => {
    const world = pingPongWorld().quiesce();
    world.image('v2').quiesce();
    const { currentPodHash, stableRS } = world.status;
    const { canary, headgate: _, ...status } = world.status;
    const unknown = { ...canary?.weights?.canary, serviceName: undefined };
    const theirs = { ...status, canary: { ...canary, weights: { ...canary?.weights, canary: unknown } } };
    world.cluster = {
      ...world.cluster,
      rollout: { ...world.cluster.rollout, status: theirs as typeof world.status },
    };

    world.quiesce();
    assert.deepEqual(aims(world), { ping: stableRS, pong: currentPodHash });
    assert.equal(world.status.canary?.stablePingPong, 'ping');
    assert.equal(world.cluster.weight, 25);
  });

  it('win over the other two Services, which follow the versions without traffic of the router', () => {
    const world = pingPongWorld({ stableService: 'shop-stable', canaryService: 'shop-canary' }).quiesce();
    world.image('v2').quiesce();
    const { currentPodHash, stableRS } = world.status;

    assert.deepEqual(aims(world), {
      ping: stableRS,
      pong: currentPodHash,
      'shop-stable': stableRS,
      'shop-canary': currentPodHash,
    });

    world.command({ promoteFull: true }).quiesce();
    assert.deepEqual(
      [aims(world)['shop-stable'], aims(world)['shop-canary'], world.status.phase],
      [currentPodHash, currentPodHash, 'Healthy'],
    );
  });

  it('change nothing in a step when the controller dies between any two writes', () => {
    for (let died = 0; died < 40; died++) {
      const world = pingPongWorld().quiesce();
      world.image('v2').quiesce().command({ pauseConditions: null });
      for (let pass = 0; pass < died; pass++) world.pass(pass % 2);
      world.quiesce();
      assert.deepEqual([world.status.canary?.stablePingPong, world.cluster.weight], ['pong', 0]);
    }
  });
});

function pingPongWorld(canary: NonNullable<RolloutWishes['canary']> = {}): PureWorld {
  const { stableService: _stable, canaryService: _canary, ...rest } = routed({ steps: STEPS });
  return new PureWorld(rolloutOf({ replicas: 4, canary: { ...rest, pingPong: PING_PONG, ...canary } }));
}

function aims(world: PureWorld): Readonly<Record<string, string | undefined>> {
  const { services } = world.cluster;
  return Object.fromEntries(Object.entries(services).map(([name, service]) => [name, aimOf(service ?? undefined)]));
}
