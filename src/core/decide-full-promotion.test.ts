import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PureWorld, rolloutOf, routed } from '../../test/support/pure-world.ts';

for (const [title, strategy] of [
  ['by replica ratio', (steps: object[]) => ({ steps })],
  ['by router', (steps: object[]) => routed({ steps })],
] as const) {
  const steps = [{ setWeight: 25 }, { pause: {} }, { setWeight: 50 }, { pause: {} }];

  test(`a full promotion of a canary ${title} leaves the steps behind at once, though its pods do not start`, () => {
    const world = new PureWorld(rolloutOf({ replicas: 4, canary: strategy(steps) }), { brokenImages: ['v2'] });
    world.advance(10_000).image('v2').advance(10_000);
    assert.equal(world.status.currentStepIndex, 0);

    world.command({ promoteFull: true }).advance(10_000);

    assert.equal(world.status.currentStepIndex, 4);
    assert.equal(world.status.phase, 'Progressing');
    assert.notEqual(world.status.stableRS, world.status.currentPodHash);
    world.command({ abort: true }).advance(60_000);
    assert.equal(world.status.phase, 'Degraded');
    assert.equal(world.status.currentStepIndex, 0);
  });
}
