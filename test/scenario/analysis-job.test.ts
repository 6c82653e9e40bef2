import assert from 'node:assert/strict';
import type { Manifest } from '../support/api-client.ts';
import { canaryRollout, measuredBy } from '../support/manifests.ts';
import { onEachControlPlane, stageOn, storiesOn } from '../support/stories.ts';
import { until } from '../support/world.ts';

onEachControlPlane('a metric that runs a Job', { concurrency: 8 }, (name) => {
  const stage = stageOn(name);
  const story = storiesOn(stage, 'job');

  story('promotes a version whose Job is complete', async (scene) => {
    await scene.apply(
      template({ name: 'smoke', command: ['true'] }),
      canaryRollout({ name: 'shop', steps: [{ setWeight: 50 }, measuredBy('smoke')] }),
    );
    await scene.untilPhase('shop', 'Healthy');

    await scene.setImage('shop', 'shop:2');
    const done = await scene.untilPhase('shop', 'Healthy');

    assert.equal(done['status'].stableRS, done['status'].currentPodHash);
    const [run] = await scene.list('analysisruns.argoproj.io');
    const [measurement] = measurementsOf(run);
    assert.equal(measurement?.phase, 'Successful');
    assert.equal(measurement?.metadata?.['job-name'], `${run?.metadata.uid}.check.1`);
    const job = await scene.get('jobs.batch', `${run?.metadata.uid}.check.1`);
    assert.equal(job?.metadata.labels?.['analysisrun.argoproj.io/uid'], run?.metadata.uid);
    assert.deepEqual(
      job?.metadata.ownerReferences?.map(({ kind, uid }) => ({ kind, uid })),
      [{ kind: 'AnalysisRun', uid: run?.metadata.uid }],
    );
  });

  story('fails with the reason of a Job that failed', async (scene) => {
    await scene.apply(run({ name: 'bad', command: ['sh', '-c', 'exit 1'] }));

    const ended = await scene.untilRun('bad', 'over', isOver);

    assert.equal(ended['status'].phase, 'Failed');
    assert.match(measurementsOf(ended)[0]?.message ?? '', /^BackoffLimitExceeded: /);
  });

  story('is Inconclusive at once when the image cannot be had', async (scene) => {
    await scene.apply(run({ name: 'lost', command: ['true'], image: 'does-not-exist:1' }));

    const ended = await scene.untilRun('lost', 'over', isOver);

    assert.equal(ended['status'].phase, 'Inconclusive');
    assert.match(
      measurementsOf(ended)[0]?.message ?? '',
      /container main does not start: (ErrImagePull|ImagePullBackOff)/,
    );
  });

  story('says what the API server does not accept, as an error', async (scene) => {
    await scene.apply(run({ name: 'wrong', command: ['true'], restartPolicy: 'Always' }));

    const ended = await scene.untilRun('wrong', 'measured', (object) => measurementsOf(object).length > 0);

    assert.equal(measurementsOf(ended)[0]?.phase, 'Error');
    assert.match(measurementsOf(ended)[0]?.message ?? '', /restartPolicy/);
  });

  story('waits for a Job that takes long, and deletes it when the run is terminated', async (scene) => {
    await scene.apply(run({ name: 'long', command: ['sleep', '3600'] }));
    const waiting = await scene.untilRun('long', 'waiting', (object) => measurementsOf(object).length > 0);
    const jobName = measurementsOf(waiting)[0]?.metadata?.['job-name'] ?? '';
    assert.equal(measurementsOf(waiting)[0]?.phase, 'Running');
    assert.notEqual(await scene.get('jobs.batch', jobName), undefined);

    await scene.api.patch(scene.path('analysisruns.argoproj.io', 'long'), { spec: { terminate: true } });
    const ended = await scene.untilRun('long', 'over', isOver);

    assert.equal(measurementsOf(ended)[0]?.message, 'Metric Terminated');
    assert.equal(ended['status'].phase, 'Inconclusive');
    await until(`Job ${jobName} to be gone`, async () => {
      const job = await scene.get('jobs.batch', jobName);
      return job === undefined || job.metadata.deletionTimestamp !== undefined;
    });
  });

  story('makes one Job for each measurement, and deletes those that are no longer in status', async (scene) => {
    const retention = { measurementRetention: [{ metricName: 'check', limit: 1 }] };
    await scene.apply(run({ name: 'often', command: ['true'], metric: { count: 2, interval: '1s' }, spec: retention }));

    const ended = await scene.untilRun('often', 'over', isOver);

    const uid = ended.metadata.uid ?? '';
    assert.equal(ended['status'].phase, 'Successful');
    assert.deepEqual(
      measurementsOf(ended).map((one) => one.metadata?.['job-name']),
      [`${uid}.check.2`],
    );
    await until('the first Job to be gone', async () => {
      const job = await scene.get('jobs.batch', `${uid}.check.1`);
      return job === undefined || job.metadata.deletionTimestamp !== undefined;
    });
  });
});

interface JobInput {
  readonly name: string;
  readonly command: readonly string[];
  readonly image?: string;
  readonly restartPolicy?: string;
  readonly metric?: Readonly<Record<string, unknown>>;
  readonly spec?: Readonly<Record<string, unknown>>;
}

function template(input: JobInput): Record<string, unknown> {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisTemplate',
    metadata: { name: input.name },
    spec: { metrics: [metric(input)] },
  };
}

function run(input: JobInput): Record<string, unknown> {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisRun',
    metadata: { name: input.name },
    spec: { metrics: [metric(input)], ...input.spec },
  };
}

function metric({ command, image = 'check:1', restartPolicy = 'Never', metric: more }: JobInput): unknown {
  const containers = [{ name: 'main', image, command }];
  return {
    name: 'check',
    provider: { job: { spec: { backoffLimit: 0, template: { spec: { restartPolicy, containers } } } } },
    ...more,
  };
}

interface Measured {
  readonly phase: string;
  readonly message?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

function measurementsOf(run: Manifest | undefined): readonly Measured[] {
  return run?.['status']?.metricResults?.[0]?.measurements ?? [];
}

function isOver(run: Manifest): boolean {
  return !['', 'Pending', 'Running'].includes(run['status']?.phase ?? '');
}
