import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RolloutStatus } from '../../api/rollout.ts';
import { withFailure } from './failure-state.ts';

describe('a failure that lasts', () => {
  const healthy: RolloutStatus = { phase: 'Healthy', conditions: [] };
  const failure = { message: 'patching Service shop: forbidden', nowMs: Date.UTC(2026, 0, 1) };

  it('shows in condition, phase and message', () => {
    const status = withFailure(healthy, failure, healthy);

    assert.equal(status.phase, 'Degraded');
    assert.equal(status.message, 'ReconciliationError: patching Service shop: forbidden');
    assert.deepEqual(
      status.conditions?.map(({ type, reason }) => [type, reason]),
      [['ReconcileError', 'ReconciliationError']],
    );
  });

  it('changes nothing when it is shown already', () => {
    const once = withFailure(healthy, failure, healthy);

    assert.deepEqual(withFailure(healthy, { ...failure, nowMs: 1 }, once), once);
  });

  it("is the API's own condition when a ReplicaSet could not be created", () => {
    const status = withFailure(healthy, { ...failure, replicaSet: 'shop-1' }, healthy);

    const progressing = status.conditions?.find(({ type }) => type === 'Progressing');
    assert.equal(progressing?.reason, 'ReplicaSetCreateError');
    assert.equal(progressing?.message, `Failed to create new replica set "shop-1": ${failure.message}`);
  });

  it('is an invalid spec when Kubernetes refuses the pod template', () => {
    const templateFault = 'The Rollout "shop" is invalid: spec.template.spec.containers[0].name: Invalid value: "A"';
    const status = withFailure(healthy, { ...failure, replicaSet: 'shop-1', templateFault }, healthy);

    assert.equal(status.phase, 'Degraded');
    assert.equal(status.message, `InvalidSpec: ${templateFault}`);
    assert.deepEqual(
      status.conditions?.map(({ type, reason, message }) => [type, reason, message]),
      [['InvalidSpec', 'InvalidSpec', templateFault]],
    );
  });

  it('leaves the message of an abort alone', () => {
    const aborted: RolloutStatus = { phase: 'Degraded', message: 'RolloutAborted: by its user', conditions: [] };

    assert.equal(withFailure(aborted, failure, aborted).message, 'RolloutAborted: by its user');
  });

  it('is gone when passes finish again', () => {
    const status = withFailure(
      { ...healthy, conditions: withFailure(healthy, failure, healthy).conditions },
      undefined,
      healthy,
    );

    assert.deepEqual(status, healthy);
  });
});
