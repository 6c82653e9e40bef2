import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { ExperimentSpec, ExperimentTemplate } from '../experiment.ts';
import { validateExperiment } from './experiment.ts';

describe('validateExperiment', () => {
  it('accepts versions that can be told apart', () => {
    assert.deepEqual(places({ templates: [template({}), template({ name: 'two' })], duration: '5m' }), []);
  });

  const cases: readonly (readonly [string, ExperimentSpec, string])[] = [
    ['no version to run', { templates: [] }, 'spec.templates'],
    ['a version without a selector', { templates: [template({ selector: undefined })] }, 'spec.templates[0].selector'],
    ['a version that selects all pods', { templates: [template({ selector: {} })] }, 'spec.templates[0].selector'],
    ['two versions of one name', { templates: [template({}), template({})] }, 'spec.templates[1].name'],
    [
      'readiness that takes longer than the deadline',
      { templates: [template({ minReadySeconds: 900 })] },
      'spec.templates[0].minReadySeconds',
    ],
    ['a duration that is none', { templates: [template({})], duration: 'long' }, 'spec.duration'],
  ];
  for (const [title, spec, place] of cases) {
    it(`refuses ${title}`, () => {
      assert.deepEqual(places(spec), [place]);
    });
  }
});

function template(changes: Partial<ExperimentTemplate>): ExperimentTemplate {
  const labels = { app: 'web' };
  return {
    name: 'one',
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'a' }] } },
    ...changes,
  };
}

function places(spec: ExperimentSpec): readonly string[] {
  const experiment = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Experiment',
    metadata: { name: 'compare', namespace: 'shop' },
    spec,
  };
  return validateExperiment(experiment).map((problem) => problem.path);
}
