import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AnalysisTemplate } from '../api/analysis.ts';
import type { CanaryStep } from '../api/rollout.ts';
import { PureWorld, rolloutOf } from '../../test/support/pure-world.ts';

describe('a measurement beside the steps that is inconclusive while a step pauses', () => {
  test('keeps the update where it is when the time of the pause is over, at the next step', () => {
    const world = measured([{ setWeight: 20 }, { pause: { duration: '30s' } }, { setWeight: 60 }, { pause: {} }]);
    world.image('v2').advance(20_000);
    assert.deepEqual(reasons(world), ['CanaryPauseStep', 'InconclusiveAnalysisRun']);
    assert.equal(world.status.message, 'CanaryPauseStep');

    world.advance(60_000);

    assert.deepEqual(reasons(world), ['InconclusiveAnalysisRun']);
    assert.equal(world.status.message, 'InconclusiveAnalysisRun');
    assert.equal(world.status.currentStepIndex, 2);
    assert.equal(world.status.updatedReplicas, 1);
    const told = world.cluster.events.map(({ message }) => message);
    assert.ok(told.includes('Rollout step 2/4 completed (pause: 30s)'));
  });

  test('and promoting it there goes on to the next step', () => {
    const world = measured([{ setWeight: 20 }, { pause: {} }, { setWeight: 60 }, { pause: {} }]);
    world.image('v2').advance(20_000);
    assert.deepEqual(reasons(world), ['CanaryPauseStep', 'InconclusiveAnalysisRun']);

    world.command({ pauseConditions: null }).advance(3_000);

    assert.equal(world.status.currentStepIndex, 3);
    assert.equal(world.status.updatedReplicas, 3);
    const told = world.cluster.events.map(({ message }) => message);
    assert.ok(told.includes('Rollout step 2/4 completed (pause)'));
  });
});

test('a measurement that is inconclusive after the last step keeps the update from completing', () => {
  const world = measured([{ setWeight: 20 }], 30_000);
  world.image('v2').advance(120_000);

  assert.deepEqual(reasons(world), ['InconclusiveAnalysisRun']);
  assert.equal(world.status.phase, 'Paused');
  assert.equal(world.status.currentStepIndex, 1);
  assert.notEqual(world.status.stableRS, world.status.currentPodHash);
});

function reasons(world: PureWorld): readonly string[] {
  return (world.status.pauseConditions ?? []).map(({ reason }) => reason);
}

function measured(steps: readonly CanaryStep[], podStartMs = 1_000): PureWorld {
  const template: AnalysisTemplate = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisTemplate',
    metadata: { name: 'errors' },
    spec: { metrics: [{ name: 'errors', provider: { prometheus: { query: 'up' } } }] },
  };
  const analysis = { templates: [{ templateName: 'errors' }], startingStep: 1 };
  const world = new PureWorld(rolloutOf({ replicas: 5, canary: { steps, analysis } }), {
    podStartMs,
    analysis: { phase: 'Inconclusive', afterMs: 10_000 },
  });
  world.cluster = { ...world.cluster, analysisTemplates: { errors: template } };
  return world.advance(podStartMs + 4_000);
}
