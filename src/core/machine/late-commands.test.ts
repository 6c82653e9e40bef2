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

  it('an abort of the first version is ignored: there is nothing to go back to', () => {
    const world = new PureWorld(rolloutOf({ replicas: 5, canary: { steps: STEPS } }), { podStartMs: 1_000 });
    world.quiesce().command({ abort: true }).advance(5_000);

    assert.deepEqual(
      [world.status.phase, world.status.abort, world.status.currentStepIndex],
      ['Healthy', undefined, 2],
    );
    assert.deepEqual(
      world.cluster.events.filter(({ reason }) => reason === 'RolloutCommand').map(({ message }) => message),
      ['Ignored abort: no update is under way'],
    );
  });
});
