import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { PureWorld, rolloutOf } from '../../../test/support/pure-world.ts';

const STEPS = [{ setWeight: 20 }, { pause: {} }];

describe('a command that comes at an unusual time', () => {
  it('a full promotion of what is promoted already is acknowledged and changes nothing', () => {
    const world = new PureWorld(rolloutOf({ replicas: 5, canary: { steps: STEPS } })).quiesce();

    world.command({ promoteFull: true }).quiesce();
    assert.deepEqual([world.status.phase, world.status.promoteFull], ['Healthy', undefined]);

    world.image('v2').quiesce();
    assert.deepEqual([world.status.phase, world.status.currentStepIndex], ['Paused', 1]);
  });

  it('an abort without an update changes nothing, and is told as ignored', () => {
    const world = new PureWorld(rolloutOf({ replicas: 5, canary: { steps: STEPS } })).quiesce();

    world.command({ abort: true }).quiesce();

    assert.deepEqual([world.status.phase, world.status.abort], ['Healthy', undefined]);
    const told = world.cluster.events.filter(({ reason }) => reason === 'RolloutCommand');
    assert.deepEqual(
      told.map(({ message }) => message),
      ['Ignored abort: no update is under way'],
    );
  });

  it('a first version that was aborted is installed without steps when it is retried', () => {
    const world = new PureWorld(rolloutOf({ replicas: 5, canary: { steps: STEPS } }), { podStartMs: 1_000 });
    world.quiesce().command({ abort: true }).advance(5_000);
    assert.equal(world.status.phase, 'Degraded');
    const eventCount = world.cluster.events.length;

    world.command({ abort: false }).advance(10_000);

    assert.deepEqual([world.status.phase, world.status.currentStepIndex], ['Healthy', 2]);
    const told = world.cluster.events.slice(eventCount).map(({ reason }) => reason);
    assert.ok(!told.includes('RolloutPaused'), told.join());
  });
});
