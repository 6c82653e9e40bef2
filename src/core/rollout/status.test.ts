import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { PureWorld, rolloutOf, routed } from '../../../test/support/pure-world.ts';
import type { RolloutCondition, RolloutSpec, RolloutStatus } from '../../api/rollout.ts';
import { imagineCluster, observe } from './imagined-cluster.ts';
import { phaseOf } from './phase.ts';
import { selectorText } from './counts.ts';
import { lookAt } from './world.ts';

const HEALTHY: RolloutStatus = {
  replicas: 3,
  updatedReplicas: 3,
  availableReplicas: 3,
  stableRS: 'abc',
  currentPodHash: 'abc',
};

function condition(type: string, reason: string, message: string): RolloutCondition {
  return { type, status: 'True', reason, message, lastUpdateTime: '', lastTransitionTime: '' };
}

describe('phase and message', () => {
  const cases: readonly (readonly [
    phase: string,
    message: string,
    status: RolloutStatus,
    spec?: Partial<RolloutSpec>,
  ])[] = [
    ['Healthy', '', {}],
    ['Degraded', 'InvalidSpec: no', { conditions: [condition('InvalidSpec', 'InvalidSpec', 'no')] }],
    [
      'Degraded',
      'RolloutAborted: Rollout aborted update to revision 2',
      { conditions: [condition('Progressing', 'RolloutAborted', 'Rollout aborted update to revision 2')] },
      { paused: true },
    ],
    [
      'Degraded',
      'ProgressDeadlineExceeded: late',
      { conditions: [condition('Progressing', 'ProgressDeadlineExceeded', 'late')], updatedReplicas: 1 },
    ],
    [
      'Paused',
      'manually paused',
      { pauseConditions: [{ reason: 'CanaryPauseStep', startTime: '' }] },
      { paused: true },
    ],
    ['Paused', 'CanaryPauseStep', { pauseConditions: [{ reason: 'CanaryPauseStep', startTime: '' }] }],
    ['Progressing', 'rollout is restarting', { updatedReplicas: 1 }, { restartAt: '2026-01-01T00:00:00Z' }],
    ['Progressing', 'more replicas need to be updated', { updatedReplicas: 2 }],
    ['Progressing', 'updated replicas are still becoming available', { availableReplicas: 2 }],
    ['Progressing', 'old replicas are pending termination', { replicas: 4, availableReplicas: 4 }],
    ['Progressing', 'waiting for all steps to complete', { stableRS: 'old' }],
  ];
  for (const [phase, message, status, spec] of cases) {
    test(`${phase} ${message}`, () => {
      const cluster = imagineCluster({ rollout: rolloutOf({ replicas: 3, spec }), nowMs: 0 });

      assert.deepEqual(phaseOf(lookAt(observe(cluster)), { ...HEALTHY, ...status }), { phase, message });
    });
  }
});

describe('the status of a canary', () => {
  const steps = [{ setWeight: 20 }, { pause: {} }];
  const world = (): PureWorld =>
    new PureWorld(rolloutOf({ replicas: 5, canary: routed({ steps }) }), { podStartMs: 1_000 }).advance(5_000);

  test('has no weights before the first update', () => {
    assert.equal(world().status.canary?.weights, undefined);
  });

  test('shows counts, weights with their Services and hashes, and where it stands', () => {
    const { status, cluster } = world().image('v2').advance(10_000);

    const [stable, canary] = cluster.replicaSets.map((one) => one.metadata.labels?.['rollouts-pod-template-hash']);
    assert.deepEqual(status.canary?.weights, {
      canary: { weight: 20, serviceName: 'shop-canary', podTemplateHash: canary },
      stable: { weight: 80, serviceName: 'shop-stable', podTemplateHash: stable },
      verified: true,
    });
    assert.equal(status.observedGeneration, String(cluster.rollout.metadata.generation));
    assert.equal(status.stableRS, stable);
    assert.equal(status.currentPodHash, canary);
    assert.deepEqual(
      [status.replicas, status.updatedReplicas, status.HPAReplicas, status.availableReplicas],
      [6, 1, 5, 6],
    );
    assert.equal(status.selector, 'app=shop');
    assert.deepEqual(status.headgate, {
      strategy: 'Canary',
      step: '1/2',
      weight: '20',
      stableRevision: `1 (${stable})`,
      canaryRevision: `2 (${canary})`,
    });
    assert.match(status.pauseConditions?.[0]?.startTime ?? '', /\.\d{3}Z$/);
  });

  test('counts how long an update took and how much of that it waited for people', () => {
    const paused = world().image('v2').advance(61_000);

    const { duration } = paused.command({ pauseConditions: null }).advance(120_000).status;

    assert.equal(duration?.completionStatus, 'Promoted');
    assert.ok((duration?.totalManualPauseDurationSeconds ?? 0) >= 59);
    assert.equal(duration?.manualPauseStartedAt, undefined);
  });

  test('conditions tell of availability, completion and health as tools wait for them', () => {
    const scene = world();
    const shown = (): Record<string, string> =>
      Object.fromEntries(
        (scene.status.conditions ?? []).map(({ type, status, reason }) => [type, `${status}/${reason}`]),
      );
    assert.deepEqual(shown(), {
      Available: 'True/AvailableReason',
      Completed: 'True/RolloutCompleted',
      Healthy: 'True/RolloutHealthy',
      Progressing: 'True/NewReplicaSetAvailable',
    });

    scene.image('v2').advance(10_000);
    assert.deepEqual(shown(), {
      Available: 'True/AvailableReason',
      Completed: 'False/RolloutCompleted',
      Healthy: 'False/RolloutHealthy',
      Paused: 'True/RolloutPaused',
      Progressing: 'Unknown/RolloutPaused',
      Waiting: 'True/Resume',
    });

    scene.command({ abort: true }).advance(120_000);
    assert.deepEqual(shown(), {
      Available: 'True/AvailableReason',
      Command: 'True/Abort',
      Completed: 'False/RolloutCompleted',
      Healthy: 'False/RolloutHealthy',
      Paused: 'False/RolloutPaused',
      Progressing: 'False/RolloutAborted',
    });
  });

  test('a retry says so until it makes progress', () => {
    const scene = world().image('v2').advance(10_000).command({ abort: true }).advance(120_000);

    scene.command({ abort: false });
    scene.pass();

    assert.equal(scene.progressing(), 'Unknown/RolloutRetry');
  });
});

test('a name that belongs to somebody else is avoided', () => {
  const scene = new PureWorld(rolloutOf());
  const first = new PureWorld(rolloutOf()).quiesce().cluster.replicaSets[0]?.metadata.name ?? '';

  scene.taken = [first];
  scene.quiesce();

  assert.equal(scene.status.collisionCount, 1);
  assert.notEqual(scene.cluster.replicaSets[0]?.metadata.name, first);
  assert.equal(scene.status.phase, 'Healthy');
});

test('a selector is told as the scale subresource has it', () => {
  const text = selectorText({
    matchLabels: { tier: 'web', app: 'shop' },
    matchExpressions: [
      { key: 'env', operator: 'In', values: ['prod', 'dev'] },
      { key: 'old', operator: 'DoesNotExist' },
    ],
  });

  assert.equal(text, 'app=shop,env in (dev,prod),!old,tier=web');
});
