import assert from 'node:assert/strict';
import { it } from 'node:test';

import type { AnalysisRun } from '../../api/analysis.ts';
import { runFacts } from './run-facts.ts';

it('shows each metric of a run, also one that has measured nothing yet, and which ones count', () => {
  const run: AnalysisRun = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisRun',
    metadata: { namespace: 'ns', name: 'run' },
    spec: {
      metrics: [
        { name: 'errors', provider: { prometheus: { query: 'errors' } } },
        { name: 'latency', provider: { web: { url: 'http://x' } } },
      ],
      dryRun: [{ metricName: 'lat.*' }],
    },
  };

  const facts = runFacts(run, { phase: 'Running', metricResults: [{ name: 'errors', phase: 'Successful' }] });

  assert.deepEqual(facts, {
    namespace: 'ns',
    name: 'run',
    phase: 'Running',
    metrics: [
      { metric: 'errors', type: 'Prometheus', phase: 'Successful', dryRun: false },
      { metric: 'latency', type: 'Web', phase: '', dryRun: true },
    ],
  });
});
