import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { PureWorld, rolloutOf, routed } from '../../../test/support/pure-world.ts';
import { endedUpdate, type EndedUpdate } from './ended-update.ts';

const STEPS = [{ setWeight: 20 }, { pause: {} }, { setWeight: 50 }, { pause: { duration: '20s' } }];

/** Plays what a test tells, and collects every update that ends by it. */
class Watched {
  readonly ended: EndedUpdate[] = [];
  readonly world: PureWorld;

  constructor(world: PureWorld) {
    this.world = world;
    const pass = world.pass.bind(world);
    world.pass = (effectsMax) => {
      const before = world.status;
      const changed = pass(effectsMax);
      const ended = endedUpdate(before, world.status);
      if (ended !== undefined) this.ended.push(ended);
      return changed;
    };
  }
}

function canary(): Watched {
  const rollout = rolloutOf({ replicas: 5, canary: routed({ steps: STEPS }) });
  const watched = new Watched(new PureWorld(rollout, { podStartMs: 10_000 }));
  watched.world.advance(60_000);
  return watched;
}

describe('how long an update takes', () => {
  it('is known for the first version', () => {
    const { ended, world } = canary();

    assert.deepEqual(ended, [{ status: 'Promoted', totalSeconds: 10, manualPauseSeconds: 0 }]);
    assert.equal(world.status.duration?.completionStatus, 'Promoted');
  });

  it('counts what people were waited for, but no pause that ends by itself', () => {
    const { ended, world } = canary();

    world.image('v2').advance(100_000).command({ pauseConditions: null }).advance(200_000);

    const [, last] = ended;
    assert.equal(last?.status, 'Promoted');
    assert.equal(last?.manualPauseSeconds, 90);
    assert.equal(last?.totalSeconds, 100 + 10 + 20 + 10);
    assert.equal(world.status.duration?.totalManualPauseDurationSeconds, 90);
    assert.equal(world.status.duration?.manualPauseStartedAt, undefined);
  });

  it('counts a hold by hand, too', () => {
    const { ended, world } = canary();

    world.edit({ paused: true }).image('v2').advance(50_000).edit({ paused: false }).advance(60_000);

    world.command({ promoteFull: true }).advance(60_000);

    assert.deepEqual(ended.slice(1), [{ status: 'FastPromoted', totalSeconds: 120, manualPauseSeconds: 100 }]);
  });

  it('ends with an abort, and starts anew with a retry', () => {
    const { ended, world } = canary();

    world.image('v2').advance(60_000).command({ abort: true }).advance(60_000);
    assert.deepEqual(ended.slice(1), [{ status: 'Aborted', totalSeconds: 60, manualPauseSeconds: 50 }]);
    const aborted = world.status.duration;
    world.command({ abort: false }).advance(30_000);

    assert.equal(world.status.duration?.finishedAt, undefined);
    assert.notEqual(world.status.duration?.rolloutStartedAt, aborted?.rolloutStartedAt);
    assert.equal(ended.length, 2);
  });

  it('ends with the version that supersedes it', () => {
    const { ended, world } = canary();

    world.image('v2').advance(60_000).image('v3').advance(30_000);

    assert.deepEqual(ended.slice(1), [{ status: 'Superseded', totalSeconds: 60, manualPauseSeconds: 50 }]);
    assert.equal(world.status.duration?.finishedAt, undefined);
  });

  it('ends with going back to stable, and is told once', () => {
    const { ended, world } = canary();

    world.image('v2').advance(60_000).image('v1').advance(60_000);

    assert.deepEqual(ended.slice(1), [{ status: 'FastRolledBack', totalSeconds: 60, manualPauseSeconds: 50 }]);
    assert.equal(world.status.duration?.completionStatus, 'FastRolledBack');
  });

  it('is that of a rollback when an older version comes back by the steps', () => {
    const { ended, world } = canary();

    world.image('v2').advance(20_000).command({ promoteFull: true }).advance(60_000);
    world.image('v1').advance(30_000).command({ pauseConditions: null }).advance(60_000);

    assert.deepEqual(
      ended.map(({ status }) => status),
      ['Promoted', 'FastPromoted', 'RolledBack'],
    );
  });
});
