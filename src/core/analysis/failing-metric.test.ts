import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { AnalysisRun } from '../../api/analysis.ts';
import { failingMetricOf } from './failing-metric.ts';

const RUN: Pick<AnalysisRun, 'spec' | 'status'> = {
  spec: {
    metrics: [
      { name: 'latency', provider: {}, successCondition: 'result < 1' },
      { name: 'errors', provider: {}, successCondition: 'result < {{args.limit}} || "{{args.token}}" == ""' },
      { name: 'cpu', provider: {}, failureCondition: 'result > 1' },
    ],
    args: [
      { name: 'limit', value: '0.05' },
      { name: 'token', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
    ],
  },
  status: {
    phase: 'Failed',
    metricResults: [
      { name: 'cpu', phase: 'Failed', dryRun: true, measurements: [{ phase: 'Failed', value: '2' }] },
      { name: 'latency', phase: 'Error', message: 'down', measurements: [{ phase: 'Error', message: 'down' }] },
      {
        name: 'errors',
        phase: 'Failed',
        measurements: [
          { phase: 'Failed', value: '0.31' },
          { phase: 'Successful', value: '0.01' },
        ],
      },
    ],
  },
};

test('names the worst metric that counts, with its latest bad value and condition, secrets hidden', () => {
  assert.deepEqual(failingMetricOf(RUN), {
    name: 'errors',
    phase: 'Failed',
    value: '0.31',
    condition: 'result < 0.05 || "*****" == ""',
  });
});

test('tells the error where there is no value', () => {
  const onlyErrors = { ...RUN, status: { ...RUN.status, metricResults: RUN.status?.metricResults?.slice(0, 2) } };

  assert.deepEqual(failingMetricOf(onlyErrors), {
    name: 'latency',
    phase: 'Error',
    condition: 'result < 1',
    message: 'down',
  });
});

test('names no metric of a good run', () => {
  assert.equal(failingMetricOf({ spec: RUN.spec }), undefined);
});
