import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { Experiment, ExperimentSpec, ExperimentTemplate } from '../experiment.ts';
import { invalidExperimentMessage, validateExperiment } from './experiment.ts';

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

describe('the condition InvalidSpec of an Experiment', () => {
  const cases: readonly (readonly [string, readonly ExperimentTemplate[], string])[] = [
    ['no selector', [template({ selector: undefined })], "Rollout has missing field '.Spec.Templates[0].Selector'"],
    [
      'a selector of all pods',
      [template({}), template({ name: 'two', selector: {} })],
      'This experiment is selecting all pods at index 1. A non-empty selector is required.',
    ],
    [
      'readiness that takes longer than the deadline',
      [template({ minReadySeconds: 900 })],
      'MinReadySeconds cannot be longer than ProgressDeadlineSeconds. Check template index 0',
    ],
    ['an empty name', [template({ name: '' })], 'Experiment compare has empty template name at index 0'],
    ['a name twice', [template({}), template({})], "Experiment compare has repeated template name 'one' in templates"],
    [
      'no version',
      [],
      'The Experiment "compare" is invalid: spec.templates: Required value: name at least one version that the experiment runs',
    ],
  ];
  for (const [title, templates, message] of cases) {
    it(`has the API's words for ${title}`, () => {
      assert.equal(invalidExperimentMessage(experimentOf({ templates })), message);
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
  return validateExperiment(experimentOf(spec)).map((problem) => problem.path);
}

function experimentOf(spec: ExperimentSpec): Experiment {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Experiment',
    metadata: { name: 'compare', namespace: 'shop' },
    spec,
  };
}
