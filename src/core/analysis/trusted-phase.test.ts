import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AnalysisRun, AnalysisPhase, MetricResult } from '../../api/analysis.ts';
import { distrustCause, trustedPhase } from './trusted-phase.ts';

const MEASURED: MetricResult = {
  name: 'errors',
  phase: 'Successful',
  count: 2,
  successful: 2,
  measurements: [{ phase: 'Successful' }],
};

describe('the phase that an update goes by', () => {
  test('is the phase of the run while everything in it was measured', () => {
    assert.equal(trustedPhase(runOf({ results: [MEASURED] })), 'Successful');
    assert.equal(trustedPhase(runOf({ results: [MEASURED], terminate: true })), 'Successful');
  });

  test('is Inconclusive when a metric was never measured', () => {
    const run = runOf({ results: [{ name: 'errors', phase: 'Successful' }] });

    assert.equal(trustedPhase(run), 'Inconclusive');
    assert.equal(distrustCause(run), 'it ended before it had measured errors');
  });

  test('is Inconclusive when the run was ended before a metric had its count', () => {
    const run = runOf({ results: [{ ...MEASURED, count: 1, successful: 1 }], terminate: true });

    assert.equal(trustedPhase(run), 'Inconclusive');
    assert.equal(distrustCause(run), 'it was ended while it measured errors');
  });

  test('is Inconclusive when somebody wrote the success', () => {
    const run = runOf({ results: [MEASURED], writer: 'kubectl-edit' });

    assert.equal(trustedPhase(run), 'Inconclusive');
    assert.equal(distrustCause(run), 'status.phase (by kubectl-edit) was written by hand');
  });

  test('is as bad as it stands, whoever wrote it', () => {
    assert.equal(trustedPhase(runOf({ phase: 'Failed', writer: 'kubectl-edit' })), 'Failed');
    assert.equal(trustedPhase(runOf({ phase: 'Error', terminate: true })), 'Error');
  });

  test('asks nothing of metrics that run dry', () => {
    assert.equal(
      trustedPhase(runOf({ results: [{ name: 'errors', phase: 'Successful', dryRun: true }] })),
      'Successful',
    );
  });
});

interface RunWishes {
  readonly phase?: AnalysisPhase;
  readonly results?: readonly MetricResult[];
  readonly terminate?: boolean;
  readonly writer?: string;
}

function runOf({ phase = 'Successful', results = [], terminate, writer = 'headgate' }: RunWishes): AnalysisRun {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisRun',
    metadata: { name: 'run', managedFields: [{ manager: writer, fields: ['status.phase'] }] },
    spec: {
      metrics: [{ name: 'errors', count: 2, interval: '5s', provider: { prometheus: { query: 'up' } } }],
      ...(terminate === undefined ? {} : { terminate }),
    },
    status: { phase, metricResults: results },
  };
}
