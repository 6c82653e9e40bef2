import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AnalysisRun } from '../../api/analysis.ts';
import type { ManagedFieldsEntry } from '../../api/kube-object.ts';
import { foreignChanges } from './foreign-changes.ts';

describe('what somebody else wrote into a run', () => {
  test('is nothing while only controllers did, this one or the one it continues', () => {
    const managers = [
      { manager: 'headgate', fields: ['spec.metrics', 'status.phase'] },
      { manager: 'rollouts-controller', fields: ['spec.args', 'status.metricResults'] },
    ];

    assert.deepEqual(foreignChanges(runOf(managers)), []);
  });

  test('is any part of its status', () => {
    const managers = [{ manager: 'kubectl-edit', fields: ['status.metricResults', 'status.phase'] }];

    assert.deepEqual(foreignChanges(runOf(managers)), [
      'status.metricResults (by kubectl-edit)',
      'status.phase (by kubectl-edit)',
    ]);
  });

  test('is any part of the spec of a run that belongs to a Rollout, but its end, which tools ask for', () => {
    const managers = [
      { manager: 'kubectl-edit', fields: ['spec.metrics'] },
      { manager: 'kubectl-argo-rollouts', fields: ['spec.terminate'] },
    ];

    assert.deepEqual(foreignChanges(runOf(managers)), ['spec.metrics (by kubectl-edit)']);
  });

  test('is who wrote what, when that was erased', () => {
    assert.deepEqual(foreignChanges(runOf([])), ['metadata.managedFields (erased by somebody unknown)']);
  });

  test('is not the spec of a run that nobody owns, nor labels', () => {
    const managers = [{ manager: 'kubectl-create', fields: ['spec.metrics', 'metadata.labels'] }];

    assert.deepEqual(foreignChanges(runOf(managers, { owned: false })), []);
  });
});

function runOf(managedFields: readonly ManagedFieldsEntry[], { owned } = { owned: true }): AnalysisRun {
  const owner = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name: 'shop', uid: 'u', controller: true };
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisRun',
    metadata: { name: 'run', managedFields, ...(owned ? { ownerReferences: [owner] } : {}) },
    spec: { metrics: [] },
  };
}
