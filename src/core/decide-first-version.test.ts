import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PureWorld, rolloutOf } from '../../test/support/pure-world.ts';

const STUCK = { podStartMs: 0, brokenImages: ['stuck'] };

describe('the first version', () => {
  test('is stable before it has a pod, and the next one takes the steps, whatever has become of it', () => {
    const canary = { steps: [{ setWeight: 40 }, { pause: {} }] };
    const world = new PureWorld(rolloutOf({ replicas: 3, image: 'stuck', canary }), STUCK).advance(1_000);
    const { phase, stableRS, currentPodHash, currentStepIndex } = world.status;
    assert.deepEqual([phase, stableRS, currentStepIndex], ['Progressing', currentPodHash, 2]);

    world.image('v2').advance(1_000);

    assert.deepEqual([world.status.phase, world.status.currentStepIndex], ['Paused', 1]);
    assert.deepEqual(world.sizes(), { stuck: 2, v2: 1 });
  });

  test('of blue-green is replaced at once as long as it has no pod that could serve', () => {
    const blueGreen = { autoPromotionEnabled: false };
    const world = new PureWorld(rolloutOf({ replicas: 3, image: 'stuck', blueGreen }), STUCK).advance(1_000);
    assert.deepEqual([world.status.phase, world.status.stableRS], ['Progressing', world.status.currentPodHash]);

    world.image('v2').advance(1_000);
    assert.deepEqual([world.status.phase, world.status.stableRS], ['Healthy', world.status.currentPodHash]);

    world.image('v3').advance(1_000);
    assert.equal(world.status.phase, 'Paused');
  });
});
