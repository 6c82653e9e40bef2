import assert from 'node:assert/strict';
import type { Manifest } from '../support/api-client.ts';
import { constantMetrics } from '../support/constant-metrics.ts';
import { analysisRun, analysisTemplate, canaryRollout, measuredBy } from '../support/manifests.ts';
import { onEachControlPlane, stageOn, storiesOn } from '../support/stories.ts';
import { until, type Scene } from '../support/world.ts';

const RUNS = 'analysisruns.argoproj.io';
const GOOD = 'vector(0.01)';
const UNCLEAR = 'vector(0.07)';
const BAD = 'vector(0.9)';
const OFTEN = { count: 9, interval: '200ms' };

/** A run of one metric, and how it ends. */
interface Ending {
  readonly title: string;
  readonly query: string;
  readonly metric: Readonly<Record<string, unknown>>;
  readonly phase: string;
  readonly message?: string;
  /** What its metric counted. */
  readonly counts: Readonly<Record<string, number>>;
}

const ENDINGS: readonly Ending[] = [
  {
    title: 'is bad when more values are than failureLimit allows',
    query: BAD,
    metric: { ...OFTEN, failureLimit: 1 },
    phase: 'Failed',
    message: 'Metric "error-rate" assessed Failed due to failed (2) > failureLimit (1)',
    counts: { count: 2, failed: 2 },
  },
  {
    title: 'is unclear when more values are than inconclusiveLimit allows',
    query: UNCLEAR,
    metric: { ...OFTEN, inconclusiveLimit: 1, failureCondition: 'result[0] > 0.5' },
    phase: 'Inconclusive',
    message: 'Metric "error-rate" assessed Inconclusive due to inconclusive (2) > inconclusiveLimit (1)',
    counts: { count: 2, inconclusive: 2 },
  },
  {
    title: 'is an error when more of them come in a row than consecutiveErrorLimit allows',
    query: GOOD,
    metric: { ...OFTEN, consecutiveErrorLimit: 0, successCondition: 'result[5] < 1' },
    phase: 'Error',
    counts: { error: 1, consecutiveError: 1 },
  },
  {
    title: 'is good after consecutiveSuccessLimit values in a row, without a count',
    query: GOOD,
    metric: { interval: '200ms', consecutiveSuccessLimit: 3, failureLimit: -1 },
    phase: 'Successful',
    counts: { count: 3, successful: 3, consecutiveSuccess: 3 },
  },
  {
    title: 'is bad when its count is reached without as many good values in a row, and failures were allowed',
    query: BAD,
    metric: { count: 3, interval: '200ms', consecutiveSuccessLimit: 2, failureLimit: -1 },
    phase: 'Failed',
    counts: { count: 3, failed: 3 },
  },
  {
    title: 'is good when its count is reached within its limits',
    query: GOOD,
    metric: { count: 4, interval: '200ms', failureLimit: 1 },
    phase: 'Successful',
    counts: { count: 4, successful: 4, consecutiveSuccess: 4 },
  },
];

onEachControlPlane('a run of measurements', { concurrency: 8 }, (name) => {
  const stage = stageOn(name);
  const prometheus = constantMetrics();
  const story = storiesOn(stage, 'limits');
  const run = (query: string, metric: Ending['metric'] = {}): Record<string, unknown> =>
    analysisRun({ name: 'run', address: prometheus.url, query, metric });

  for (const { title, query, metric, phase, message, counts } of ENDINGS) {
    story(title, async (scene) => {
      await scene.apply(run(query, metric));

      const { status } = await untilOver(scene);

      assert.equal(status.phase, phase);
      if (message !== undefined) assert.equal(status.message, message);
      const [result] = status.metricResults;
      const counted = Object.entries(result as object).filter(([, value]) => typeof value === 'number');
      assert.deepEqual(Object.fromEntries(counted), counts);
      assert.deepEqual(status.runSummary, { count: 1, [phase.toLowerCase()]: 1 });
    });
  }

  story('begins after its delay', async (scene) => {
    await scene.apply(run(GOOD, { initialDelay: '1s' }));

    const { status } = await untilOver(scene);

    const [measurement] = status.metricResults[0].measurements;
    assert.ok(Date.parse(measurement.startedAt) - Date.parse(status.startedAt) >= 1_000);
  });

  story('takes all values of a range', async (scene) => {
    const rangeQuery = { start: 'now() - duration("2m")', end: 'now()', step: '30s' };
    const provider = { prometheus: { address: prometheus.url, query: GOOD, rangeQuery } };
    await scene.apply(run(GOOD, { provider, successCondition: 'all(result, # < 0.05)' }));

    const { status } = await untilOver(scene);

    assert.equal(status.phase, 'Successful');
    const values = prometheus.isReal ? '[0.01,0.01,0.01,0.01,0.01]' : '[0.01]';
    assert.equal(status.metricResults[0].measurements[0].value, values);
  });

  story('goes when its time to live is over, by the way it ended', async (scene) => {
    const mortal = (name: string, query: string, ttlStrategy: object): object => {
      const { metadata: _metadata, spec, ...object } = run(query);
      return { ...object, metadata: { name }, spec: { ...(spec as object), ttlStrategy } };
    };
    await scene.apply(
      mortal('good', GOOD, { secondsAfterSuccess: 1, secondsAfterCompletion: 3_600 }),
      mortal('bad', BAD, { secondsAfterFailure: 1, secondsAfterCompletion: 3_600 }),
      mortal('stays', BAD, { secondsAfterSuccess: 1 }),
      mortal('any', BAD, { secondsAfterCompletion: 1 }),
    );

    const left = await until('three of them to be gone', async () => {
      const runs = await scene.list(RUNS);
      return runs.length === 1 ? runs : undefined;
    });

    assert.equal(left[0]?.metadata.name, 'stays');
    assert.equal((await untilOver(scene, 'stays'))['status'].phase, 'Failed');
  });

  story('is kept as long as unsuccessfulRunHistoryLimit allows', async (scene) => {
    await scene.apply(
      analysisTemplate({ name: 'errors', address: prometheus.url, query: BAD }),
      canaryRollout({
        name: 'shop',
        steps: [measuredBy('errors')],
        spec: { analysis: { unsuccessfulRunHistoryLimit: 1 } },
      }),
    );
    await scene.untilPhase('shop', 'Healthy');
    for (const version of [2, 3, 4]) {
      await scene.setImage('shop', `shop:${version}`);
      await scene.untilRollout('shop', `back from version ${version}`, ({ status, metadata }) => {
        return status.observedGeneration === String(metadata.generation) && status.phase === 'Degraded';
      });
    }

    // Besides that of the update which was aborted last.
    await until('the oldest to be deleted', async () => (await scene.list(RUNS)).length === 2);
  });
});

function untilOver(scene: Scene, name = 'run'): Promise<Manifest> {
  return scene.untilRun(name, 'over', ({ status }) => status?.completedAt !== undefined);
}
