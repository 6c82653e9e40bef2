import assert from 'node:assert/strict';
import type { Manifest } from '../support/api-client.ts';
import { startFakePrometheus, type FakePrometheus } from '../support/fake-prometheus.ts';
import { analysisRun } from '../support/manifests.ts';
import { opened } from '../support/opened.ts';
import { onEachControlPlane, stageOn, storiesOn } from '../support/stories.ts';
import { until, type Scene } from '../support/world.ts';

const RUNS = 'analysisruns.argoproj.io';
/** More than AnalysisRuns are worked on at once. */
const HUNG = 60;

onEachControlPlane('a measurement that is held up', {}, (name) => {
  const stage = stageOn(name);
  const lively = opened(startFakePrometheus, (fake) => fake.close());
  const hung = opened(startFakePrometheus, (fake) => fake.close());
  const story = storiesOn(stage, 'held');

  story('by a server that never answers delays no other, and ends when its run is ended', async (scene) => {
    hung.answer('void', 'hang');
    const metric = { count: 3, interval: '200ms' };
    const names = Array.from({ length: HUNG }, (_, index) => `hung-${index}`);
    await scene.apply(...names.map((each) => analysisRun({ name: each, address: hung.url, query: 'void' })));
    await until('all to be asked', async () => hung.queries.length === HUNG);

    await scene.apply(analysisRun({ name: 'lively', address: lively.url, query: 'vector(0.01)', metric }));
    const done = await untilRun(scene, 'lively', 'over', ({ completedAt }) => completedAt !== undefined);

    assert.equal(done['status'].phase, 'Successful');
    assert.equal(done['status'].metricResults[0].count, 3);
    const held = (await scene.list(RUNS)).filter(({ metadata }) => metadata.name !== 'lively');
    assert.deepEqual(new Set(held.map(({ status }) => status.phase)), new Set(['Running']));
    await scene.api.patch(scene.path(RUNS, 'hung-0'), { spec: { terminate: true } });
    const ended = await untilRun(scene, 'hung-0', 'over', ({ completedAt }) => completedAt !== undefined);
    assert.equal(ended['status'].message, 'Run Terminated (not measured: error-rate)');
  });

  story('by a restart of the controller is taken again, and counts once', async (scene) => {
    hung.answer('restart_story', { value: 0.01 });
    const metric = { count: 3, interval: '300ms' };
    await scene.apply(analysisRun({ name: 'asked', address: hung.url, query: 'restart_story', metric }));
    await untilRun(scene, 'asked', 'measured once', ({ metricResults }) => metricResults?.[0]?.count === 1);
    hung.answer('restart_story', 'hang');
    await until('the second question', async () => asked(hung) === 2);

    await stage.restart();
    await until('the second question again', async () => asked(hung) === 3);
    hung.answer('restart_story', { value: 0.01 });
    await stage.restart();
    const done = await untilRun(scene, 'asked', 'over', ({ completedAt }) => completedAt !== undefined);

    assert.equal(done['status'].phase, 'Successful');
    assert.equal(done['status'].metricResults[0].count, 3);
    assert.equal(done['status'].metricResults[0].measurements.length, 3);
    assert.equal(asked(hung), 5);
  });

  story('by a restart while its Job runs waits for the same Job', async (scene) => {
    await scene.apply(jobRun());
    const [job] = await until('the Job', async () => {
      const jobs = await scene.list('jobs.batch');
      return jobs.length === 1 ? jobs : undefined;
    });

    await stage.restart();
    await untilRun(scene, 'worked', 'measuring', ({ metricResults }) => metricResults?.[0]?.measurements?.length === 1);
    await scene.api.patch(scene.path(RUNS, 'worked'), { spec: { terminate: true } });
    const done = await untilRun(scene, 'worked', 'over', ({ completedAt }) => completedAt !== undefined);

    const [measurement, ...more] = done['status'].metricResults[0].measurements;
    assert.deepEqual(more, []);
    assert.equal(measurement.metadata['job-name'], job?.metadata.name);
    assert.equal(measurement.metadata['job-namespace'], scene.namespace);
  });
});

function asked(prometheus: FakePrometheus): number {
  return prometheus.queries.filter((query) => query === 'restart_story').length;
}

function jobRun(): object {
  const containers = [{ name: 'main', image: 'check:1', command: ['sleep', '3600'] }];
  const job = { spec: { backoffLimit: 0, template: { spec: { restartPolicy: 'Never', containers } } } };
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisRun',
    metadata: { name: 'worked' },
    spec: { metrics: [{ name: 'check', provider: { job } }] },
  };
}

interface Status {
  readonly completedAt?: string;
  readonly metricResults?: readonly { readonly count?: number; readonly measurements?: readonly unknown[] }[];
}

function untilRun(scene: Scene, name: string, what: string, looks: (status: Status) => boolean): Promise<Manifest> {
  return scene.untilRun(name, what, ({ status }) => looks((status ?? {}) as Status));
}
