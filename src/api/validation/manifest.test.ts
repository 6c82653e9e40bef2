import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { validateManifest } from './manifest.ts';

describe('validateManifest', () => {
  it('names the place of a value of the wrong shape', () => {
    const steps = [{ setWeight: '20' }];

    const problems = validateManifest(manifest('Rollout', { strategy: { canary: { steps } } }));

    assert.deepEqual(
      problems.map((problem) => problem.path),
      ['spec.strategy.canary.steps[0].setWeight'],
    );
  });

  it('looks at the meaning when the shape is right', () => {
    const [first] = validateManifest(manifest('Rollout', { strategy: { canary: {} } }));

    assert.equal(first?.message, "spec.selector: Required value: Rollout has missing field '.spec.selector'");
  });

  it('knows each kind of ours', () => {
    for (const kind of ['Rollout', 'AnalysisTemplate', 'ClusterAnalysisTemplate', 'Experiment', 'GitSource']) {
      assert.ok(validateManifest(manifest(kind, {})).length > 0, kind);
    }
  });

  it('leaves other kinds alone', () => {
    assert.deepEqual(validateManifest(manifest('Service', 5)), []);
  });

  it('does not mind unknown fields', () => {
    const metrics = [{ name: 'up', provider: { prometheus: { query: 'up' } }, future: true }];

    assert.deepEqual(validateManifest(manifest('AnalysisTemplate', { metrics })), []);
  });
});

function manifest(kind: string, spec: unknown) {
  return { apiVersion: 'argoproj.io/v1alpha1', kind, metadata: { name: 'x' }, spec };
}
