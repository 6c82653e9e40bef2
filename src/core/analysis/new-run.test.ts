import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { AnalysisTemplateSpec, Argument, Metric } from '../../api/analysis.ts';
import type { Rollout, RolloutAnalysis } from '../../api/rollout.ts';
import { newRunFor } from './new-run.ts';
import type { NewRunOutcome, NewRunRequest } from './new-run.ts';

const ROLLOUT: Rollout = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  metadata: {
    name: 'shop',
    namespace: 'prod',
    uid: 'u1',
    labels: { region: 'eu', 'argo-rollouts.argoproj.io/controller-instance-id': 'blue' },
  },
  spec: { selector: { matchLabels: { app: 'shop' } }, replicas: 3 },
};
const ERRORS: Metric = { name: 'errors', provider: { prometheus: { query: 'x' } } };

test('names, labels and owns the run of a step as the API does', () => {
  const run = runOf(request({ kind: 'Step', stepIndex: 2 }));

  assert.deepEqual(run.metadata, {
    name: 'shop-new1-4-2',
    namespace: 'prod',
    labels: {
      app: 'shop',
      'rollouts-pod-template-hash': 'new1',
      'rollout-type': 'Step',
      'step-index': '2',
      'argo-rollouts.argoproj.io/controller-instance-id': 'blue',
    },
    annotations: { 'rollout.argoproj.io/revision': '4' },
    ownerReferences: [
      {
        apiVersion: 'argoproj.io/v1alpha1',
        kind: 'Rollout',
        name: 'shop',
        uid: 'u1',
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
  });
});

test('names the other kinds, and takes the next free name', () => {
  assert.equal(runOf(request({ kind: 'Background' })).metadata.name, 'shop-new1-4');
  assert.equal(runOf(request({ kind: 'PrePromotion' })).metadata.name, 'shop-new1-4-pre');
  assert.equal(runOf(request({ kind: 'PostPromotion' })).metadata.name, 'shop-new1-4-post');
  const taken = request({ kind: 'Background', takenNames: ['shop-new1-4', 'shop-new1-4.1'] });
  assert.equal(runOf(taken).metadata.name, 'shop-new1-4.2');
});

test('adds the labels and annotations that the Rollout asks for', () => {
  const analysisRunMetadata = { labels: { team: 'x' }, annotations: { note: 'y' } };
  const run = runOf(request({ analysis: { templates: [{ templateName: 'a' }], analysisRunMetadata } }));

  assert.equal(run.metadata.labels?.['team'], 'x');
  assert.equal(run.metadata.annotations?.['note'], 'y');
});

test('puts templates together, nested ones too and each once, namespaced before cluster ones', () => {
  const outcome = newRunFor(
    request({
      analysis: { templates: [{ templateName: 'c', clusterScope: true }, { templateName: 'a' }] },
      analysisTemplates: {
        a: { spec: { metrics: [ERRORS], templates: [{ templateName: 'b' }] } },
        b: { spec: { metrics: [{ ...ERRORS, name: 'latency' }], templates: [{ templateName: 'a' }] } },
      },
      clusterAnalysisTemplates: {
        c: { spec: { metrics: [{ ...ERRORS, name: 'cpu' }], dryRun: [{ metricName: 'cpu' }] } },
      },
    }),
  );

  assert.ok(outcome.ok);
  assert.deepEqual(
    outcome.run.spec.metrics.map((metric) => metric.name),
    ['errors', 'latency', 'cpu'],
  );
  assert.deepEqual(outcome.run.spec.dryRun, [{ metricName: 'cpu' }]);
});

test('fills arguments from values, hashes and fields of the Rollout; what no template asks for is ignored', () => {
  const args: RolloutAnalysis['args'] = [
    { name: 'plain', value: 'v' },
    { name: 'new', valueFrom: { podTemplateHashValue: 'Latest' } },
    { name: 'old', valueFrom: { podTemplateHashValue: 'Stable' } },
    { name: 'region', valueFrom: { fieldRef: { fieldPath: "metadata.labels['region']" } } },
    { name: 'missing', valueFrom: { fieldRef: { fieldPath: "metadata.labels['nope']" } } },
    { name: 'replicas', valueFrom: { fieldRef: { fieldPath: 'spec.replicas' } } },
    { name: 'nobody', value: 'asks' },
  ];
  const asked = ['plain', 'new', 'old', 'region', 'missing', 'replicas'].map((name): Argument => ({ name }));
  const run = runOf(request({ analysis: { templates: [{ templateName: 'a' }], args }, ...template({ args: asked }) }));

  assert.deepEqual(Object.fromEntries((run.spec.args ?? []).map((argument) => [argument.name, argument.value])), {
    plain: 'v',
    new: 'new1',
    old: 'old1',
    region: 'eu',
    missing: '',
    replicas: '3',
  });
});

test('keeps the value of the template where the Rollout gives none, also one from a Secret', () => {
  const secret = { name: 'token', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } };
  const run = runOf(request(template({ args: [{ name: 'limit', value: '5' }, secret] })));

  assert.deepEqual(run.spec.args, [{ name: 'limit', value: '5' }, secret]);
});

const PROBLEMS: readonly {
  readonly title: string;
  readonly request: Partial<NewRunRequest>;
  readonly message: string;
  readonly code: string;
}[] = [
  {
    title: 'a template that is gone',
    request: { analysisTemplates: { a: null } },
    code: 'templateNotFound',
    message: "AnalysisTemplate 'a' not found",
  },
  {
    title: 'two metrics of one name',
    request: template({ metrics: [ERRORS, ERRORS] }),
    code: 'duplicateMetric',
    message: "two metrics have the same name 'errors'",
  },
  {
    title: 'arguments that contradict each other',
    request: template({
      args: [
        { name: 'x', value: '1' },
        { name: 'x', value: '2' },
      ],
    }),
    code: 'argumentConflict',
    message: 'Argument `x` specified multiple times with different values',
  },
  {
    title: 'an argument without any value',
    request: template({ args: [{ name: 'x' }] }),
    code: 'argumentUnresolved',
    message: 'args.x was not resolved',
  },
  {
    title: 'a field that is not there',
    request: {
      analysis: {
        templates: [{ templateName: 'a' }],
        args: [{ name: 'x', valueFrom: { fieldRef: { fieldPath: 'spec.nope.deep' } } }],
      },
    },
    code: 'argumentField',
    message: 'args.x: invalid path spec.nope.deep in rollout',
  },
  {
    title: 'a field that is no single value',
    request: {
      analysis: {
        templates: [{ templateName: 'a' }],
        args: [{ name: 'x', valueFrom: { fieldRef: { fieldPath: 'spec.selector' } } }],
      },
    },
    code: 'argumentField',
    message: 'args.x: path spec.selector in rollout must terminate in a primitive value',
  },
];

for (const { title, request: change, message, code } of PROBLEMS) {
  test(`refuses ${title}`, () => {
    assert.deepEqual(newRunFor(request(change)), { ok: false, code, message });
  });
}

function request(change: Partial<NewRunRequest>): NewRunRequest {
  return {
    rollout: ROLLOUT,
    analysis: { templates: [{ templateName: 'a' }] },
    kind: 'Background',
    latestHash: 'new1',
    stableHash: 'old1',
    revision: 4,
    takenNames: [],
    analysisTemplates: { a: { spec: { metrics: [ERRORS] } } },
    clusterAnalysisTemplates: {},
    ...change,
  };
}

function template(spec: Partial<AnalysisTemplateSpec>): Pick<NewRunRequest, 'analysisTemplates'> {
  return { analysisTemplates: { a: { spec: { metrics: [ERRORS], ...spec } } } };
}

function runOf(wish: NewRunRequest): Extract<NewRunOutcome, { ok: true }>['run'] {
  const outcome = newRunFor(wish);
  assert.ok(outcome.ok, JSON.stringify(outcome));
  return outcome.run;
}
