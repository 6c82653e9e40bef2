import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Measurement } from '../api/analysis.ts';
import type { KubeObject } from '../api/kube-object.ts';
import type { Exchange, ExchangeResponse } from '../core/exchange.ts';
import type { MetricQuery, ProviderStep } from './contract.ts';
import { job } from './job.ts';

const UID = '0b1e1e5c-1f6d-4d5f-9a55-0123456789ab';
const NOW_MS = Date.parse('2026-01-01T00:01:00Z');
const SETTINGS = {
  metadata: { labels: { team: 'shop' }, annotations: { note: 'x' } },
  spec: {
    backoffLimit: 1,
    template: {
      metadata: { labels: { app: 'check' } },
      spec: { restartPolicy: 'Never', containers: [{ name: 'check', image: 'check:1' }] },
    },
  },
};

test('looks whether the Job of this measurement is there already before it makes one', () => {
  const first = start();

  assert.ok(first.type === 'kubeObject' && first.deed === 'observe');
  assert.equal(first.ref.name, `${UID}.smoke.3`);
  assert.equal(first.ref.namespace, 'shop');
});

test('makes a Job that belongs to the run and says, like its pods, what it is for', () => {
  const step = job.next(start(), { type: 'kubeObject', object: null }, queryOf());

  assert.ok(step.type === 'kubeObject' && step.deed === 'apply');
  const uid = { 'analysisrun.argoproj.io/uid': UID };
  const about = {
    'analysisrun.argoproj.io/name': 'run',
    'analysisrun.argoproj.io/namespace': 'shop',
    'analysisrun.argoproj.io/metric-name': 'smoke',
  };
  assert.deepEqual(step.object, {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: `${UID}.smoke.3`,
      namespace: 'shop',
      labels: { team: 'shop', ...uid },
      annotations: { note: 'x', ...about },
      ownerReferences: [
        {
          apiVersion: 'argoproj.io/v1alpha1',
          kind: 'AnalysisRun',
          name: 'run',
          uid: UID,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: {
      backoffLimit: 1,
      template: {
        metadata: { labels: { app: 'check', ...uid }, annotations: about },
        spec: SETTINGS.spec.template.spec,
      },
    },
  });
});

const VERDICTS = [
  ['Complete', 'Successful', undefined],
  ['Failed', 'Failed', 'BackoffLimitExceeded: Job has reached the specified backoff limit'],
] as const;

for (const [type, phase, message] of VERDICTS) {
  test(`a Job that is ${type} is ${phase}`, () => {
    const condition = {
      type,
      status: 'True',
      ...(type === 'Failed'
        ? { reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit' }
        : {}),
    };
    const step = seen(jobWith([condition]));

    assert.deepEqual(step, {
      type: 'outcome',
      outcome: {
        type: 'verdict',
        phase,
        metadata: { 'job-name': `${UID}.smoke.3`, 'job-namespace': 'shop' },
        ...(message === undefined ? {} : { message }),
      },
    });
  });
}

test('conditions that do not hold, or announce an end only, end nothing', () => {
  const step = seen(
    jobWith([
      { type: 'Complete', status: 'False' },
      { type: 'FailureTarget', status: 'True' },
    ]),
  );

  assert.equal(step.type, 'kubeList');
});

test('a running Job is looked at again, less and less often', () => {
  const fresh = pods([]);
  const old = pods([], { ...waiting(), startedAt: '2026-01-01T00:00:00Z' });

  assert.deepEqual(fresh, {
    type: 'wait',
    resumeAtMs: NOW_MS + 1_000,
    state: { 'job-name': `${UID}.smoke.3`, 'job-namespace': 'shop' },
  });
  assert.ok(old.type === 'wait' && old.resumeAtMs === NOW_MS + 15_000);
});

for (const reason of ['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName']) {
  test(`a pod that cannot get its image (${reason}) makes the measurement Inconclusive at once`, () => {
    const containerStatuses = [{ name: 'check', state: { waiting: { reason, message: 'no such image' } } }];
    const step = pods([{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, status: { containerStatuses } }]);

    assert.ok(step.type === 'outcome' && step.outcome.type === 'verdict');
    assert.equal(step.outcome.phase, 'Inconclusive');
    assert.equal(step.outcome.message, `container check does not start: ${reason}: no such image`);
  });
}

test('a Job that was deleted before it ended is an error, and is not made again', () => {
  const step = job.next(start(), { type: 'kubeObject', object: null }, { ...queryOf(), measurement: waiting() });

  assert.match(messageOf(step), /was deleted before it ended/);
});

test('a Job of the same name that is not of this run decides nothing', () => {
  const object = jobWith([{ type: 'Complete', status: 'True' }]);
  const step = seen({ ...object, metadata: { ...object.metadata, labels: {} } });

  assert.match(messageOf(step), /does not belong to this AnalysisRun/);
});

test('a recorded name of a Job that is not of this run is not followed', () => {
  const measurement = { ...waiting(), metadata: { 'job-name': 'other' } };
  const step = job.resume?.(measurement, { ...queryOf(), measurement });

  assert.ok(step?.type === 'kubeObject' && step.ref.name === `${UID}.smoke.3`);
});

test('what is no longer wanted is deleted', () => {
  const exchange = job.terminate?.(queryOf());
  const dropped: Measurement[] = [
    { phase: 'Successful', metadata: { 'job-name': `${UID}.smoke.1` } },
    { phase: 'Successful', metadata: { 'job-name': 'foreign' } },
    { phase: 'Error' },
  ];

  assert.ok(exchange?.type === 'kubeObject' && exchange.deed === 'delete' && exchange.ref.name === `${UID}.smoke.3`);
  assert.deepEqual(names(job.garbage?.(dropped, queryOf()) ?? []), [`${UID}.smoke.1`]);
});

const NAMES = ['Success Rate', 'success rate', 'UPPER', 'a.b', '-', 'a'.repeat(80), `${'a'.repeat(80)}b`];

test('names of Jobs are names that pods can carry, whatever the metric is called, and tell metrics apart', () => {
  const made = NAMES.map((name) => {
    const query = queryOf();
    const step = job.start({ ...query, metric: { ...query.metric, name }, measurementNumber: 1_000 });
    return step.type === 'kubeObject' ? step.ref.name : '';
  });

  for (const name of made)
    assert.match(name, /^(?=.{1,63}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/);
  assert.equal(new Set(made).size, NAMES.length);
});

function queryOf(): MetricQuery {
  return {
    metric: { name: 'smoke', provider: { job: SETTINGS } },
    run: { namespace: 'shop', name: 'run', uid: UID },
    measurementNumber: 3,
    nowMs: NOW_MS,
    secrets: [],
    options: {},
  };
}

function start(): Exchange {
  const step = job.start(queryOf());
  assert.ok(step.type !== 'outcome', JSON.stringify(step));
  return step;
}

function seen(object: KubeObject): ProviderStep {
  return job.next(start(), { type: 'kubeObject', object }, queryOf());
}

function pods(objects: readonly KubeObject[], measurement?: Measurement): ProviderStep {
  const list = seen(jobWith([]));
  assert.ok(list.type === 'kubeList' && list.labelSelector === `batch.kubernetes.io/job-name=${UID}.smoke.3`);
  const answer: ExchangeResponse = { type: 'kubeList', objects };
  return job.next(list, answer, { ...queryOf(), ...(measurement === undefined ? {} : { measurement }) });
}

function waiting(): Measurement {
  return { phase: 'Running', startedAt: '2026-01-01T00:00:58Z', metadata: { 'job-name': `${UID}.smoke.3` } };
}

function jobWith(conditions: readonly unknown[]): KubeObject {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: `${UID}.smoke.3`, labels: { 'analysisrun.argoproj.io/uid': UID } },
    status: { conditions },
  };
}

function messageOf(step: ProviderStep): string {
  assert.ok(step.type === 'outcome' && step.outcome.type === 'verdict', JSON.stringify(step));
  assert.equal(step.outcome.phase, 'Error');
  return step.outcome.message ?? '';
}

function names(exchanges: readonly Exchange[]): readonly string[] {
  return exchanges.map((exchange) => (exchange.type === 'kubeObject' ? exchange.ref.name : ''));
}
