import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { AnalysisRun } from '../../api/analysis.ts';
import { failingMetric } from './abort.ts';

test('a revert names the metric that counted, and what was wanted of it, with arguments filled in and secrets hidden', () => {
  const run: Pick<AnalysisRun, 'spec' | 'status'> = {
    spec: {
      metrics: [
        { name: 'cpu', provider: {}, failureCondition: 'result > 1' },
        {
          name: 'errors-{{args.path}}',
          provider: {},
          successCondition: 'result < {{args.limit}} || "{{args.token}}" == ""',
        },
      ],
      args: [
        { name: 'path', value: 'cart' },
        { name: 'limit', value: '0.05' },
        { name: 'token', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
      ],
    },
    status: {
      phase: 'Failed',
      metricResults: [
        { name: 'cpu', phase: 'Failed', dryRun: true, measurements: [{ phase: 'Failed', value: '2' }] },
        { name: 'errors-cart', phase: 'Failed', measurements: [{ phase: 'Failed', value: '0.31' }] },
      ],
    },
  };

  assert.deepEqual(failingMetric(run), {
    name: 'errors-cart',
    value: '0.31',
    condition: 'result < 0.05 || "*****" == ""',
  });
});
