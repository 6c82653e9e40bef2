import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import type { Manifest } from '../support/api-client.ts';
import { analysisRun, analysisTemplate, canaryRollout, measuredBy } from '../support/manifests.ts';
import {
  metricsServerRefusal,
  PROMETHEUS,
  startMeasuredPod,
  startMetricsServer,
  VICTORIA_METRICS,
  type MeasuredPod,
  type MetricsServer,
  type RunningMetricsServer,
} from '../support/metrics-server.ts';
import { startSteadyLoad, type SteadyLoad } from '../support/steady-load.ts';
import { stageOn, storiesOn } from '../support/stories.ts';
import { clusterSkipReason, until, type Cluster, type Scene } from '../support/world.ts';

/** The share of requests that failed lately, as people write it. */
const errorShare = (version: string): string =>
  `sum(rate(http_requests_total{version="${version}",code="500"}[5s])) / sum(rate(http_requests_total{version="${version}"}[5s]))`;

const NEVER_ASKED = 'v0';
const GOOD = 'v1';
const BAD = 'v2';

interface Place {
  readonly name: Cluster['name'];
  readonly server: MetricsServer;
}

const PLACES: readonly Place[] = [
  { name: 'embedded', server: PROMETHEUS },
  { name: 'cluster', server: PROMETHEUS },
  { name: 'embedded', server: VICTORIA_METRICS },
];

for (const { name, server } of PLACES) {
  const skip = skipReason(server) ?? (name === 'cluster' ? clusterSkipReason() : undefined);
  describe(`with a real ${server.name}, on the ${name} control plane`, { skip, concurrency: 12 }, () => {
    let prometheus: RunningMetricsServer;
    /** The one that goes away. */
    let flaky: RunningMetricsServer;
    let pods: readonly MeasuredPod[];
    let loads: readonly SteadyLoad[];

    // All this is stopped before the stage.
    after(async () => {
      await Promise.all((loads ?? []).map((load) => load.stop()));
      await Promise.all((pods ?? []).map((pod) => pod.close()));
      await Promise.all([prometheus?.close(), flaky?.close()]);
    });
    const stage = stageOn(name);
    const story = storiesOn(stage, 'prometheus');
    before(async () => {
      [prometheus, flaky] = await Promise.all([startMetricsServer(server), startMetricsServer(server)]);
      pods = await Promise.all([NEVER_ASKED, GOOD, BAD].map(startMeasuredPod));
      prometheus.scrape(pods);
      flaky.scrape(pods);
      loads = pods
        .filter(({ version }) => version !== NEVER_ASKED)
        .map((pod) => {
          if (pod.version === BAD) pod.failOneIn = 4;
          return startSteadyLoad({ origin: `http://${pod.address}`, host: 'shop.test', perSecond: 50 });
        });
      await until('counters of all pods', async () => {
        const bad = await prometheus.ask(errorShare(BAD));
        const good = await Promise.all([prometheus, flaky].map((one) => one.ask(errorShare(GOOD))));
        const neither = await prometheus.ask(errorShare(NEVER_ASKED));
        return (
          bad !== undefined &&
          bad > 0.1 &&
          good.every((share) => share === 0) &&
          (server !== PROMETHEUS || Number.isNaN(neither))
        );
      });
    });

    /** Measures by a run of its own until there is a verdict. */
    const verdict = async (
      scene: Scene,
      query: string,
      metric: Readonly<Record<string, unknown>>,
    ): Promise<Manifest> => {
      await scene.apply(analysisRun({ name: 'errors', address: prometheus.url, query, metric }));
      return untilMeasured(scene, 'errors', 'over', hasVerdict);
    };

    story('finds good what is good, again and again', async (scene) => {
      const run = await verdict(scene, errorShare(GOOD), { count: 3, interval: '300ms' });

      assert.equal(run['status'].phase, 'Successful');
      assert.deepEqual(valuesOf(run), ['[0]', '[0]', '[0]']);
    });

    story('finds bad what is bad, with the value that the server gave', async (scene) => {
      const run = await verdict(scene, errorShare(BAD), {});

      assert.equal(run['status'].phase, 'Failed');
      const [value = ''] = valuesOf(run);
      const share = Number(value.slice(1, -1));
      assert.ok(share > 0.1 && share < 0.4, `${value} is about one in four`);
    });

    story('never takes the absence of data for an answer', async (scene) => {
      const run = await verdict(scene, 'sum(rate(http_requests_total{version="none"}[5s]))', {
        consecutiveErrorLimit: 1,
        interval: '300ms',
        count: 5,
      });

      assert.equal(run['status'].phase, 'Error');
      assert.equal(run['status'].metricResults[0].error, 2);
    });

    story('lets a condition say what the absence of data means', async (scene) => {
      const run = await verdict(scene, 'sum(rate(http_requests_total{version="none"}[5s]))', {
        successCondition: 'len(result) == 0 || all(result, # <= 0.05)',
      });

      assert.equal(run['status'].phase, 'Successful');
      assert.deepEqual(valuesOf(run), ['[]']);
    });

    if (server === PROMETHEUS) {
      story('does not take NaN for a number below the limit', async (scene) => {
        const run = await verdict(scene, errorShare(NEVER_ASKED), {});

        assert.equal(run['status'].phase, 'Failed');
        assert.deepEqual(valuesOf(run), ['[NaN]']);
      });

      story('is inconclusive about NaN when neither condition holds', async (scene) => {
        const run = await verdict(scene, errorShare(NEVER_ASKED), { failureCondition: 'result[0] > 0.05' });

        assert.equal(run['status'].phase, 'Inconclusive');
      });
    } else {
      story('takes a NaN that the server leaves out for no data, which is never good', async (scene) => {
        const run = await verdict(scene, errorShare(NEVER_ASKED), { consecutiveErrorLimit: 0 });

        assert.equal(run['status'].phase, 'Error');
        assert.deepEqual(valuesOf(run), ['[]']);
      });
    }

    story('reports what the server says of a query that it cannot read', async (scene) => {
      const run = await verdict(scene, 'sum(rate(', { consecutiveErrorLimit: 0 });

      assert.equal(run['status'].phase, 'Error');
      assert.match(
        run['status'].metricResults[0].measurements[0].message,
        server === PROMETHEUS ? /parse error/ : /unparsed data/,
      );
    });

    story('promotes the version that measures well and aborts the one that does not', async (scene) => {
      const canary = (rollout: string, version: string): readonly object[] => [
        analysisTemplate({ name: rollout, address: prometheus.url, query: errorShare(version) }),
        canaryRollout({
          name: rollout,
          steps: [{ setWeight: 50 }, measuredBy(rollout)],
        }),
      ];
      await scene.apply(...canary('fine', GOOD), ...canary('broken', BAD));
      await Promise.all(['fine', 'broken'].map((rollout) => scene.untilPhase(rollout, 'Healthy')));

      await Promise.all(['fine', 'broken'].map((rollout) => scene.setImage(rollout, 'shop:2')));

      const fine = await scene.untilPhase('fine', 'Healthy');
      const broken = await scene.untilPhase('broken', 'Degraded');
      assert.equal(fine['status'].stableRS, fine['status'].currentPodHash);
      assert.equal(broken['status'].abort, true);
    });

    story(
      'gives up or waits for a server that is away, as the metric asks, and measures on when it is back',
      async (scene) => {
        const metric = { count: 4, interval: '300ms' };
        const [patient, impatient] = [1_000, 1].map((consecutiveErrorLimit) => ({ ...metric, consecutiveErrorLimit }));
        const query = errorShare(GOOD);
        await scene.apply(analysisRun({ name: 'patient', address: flaky.url, query, metric: patient }));
        await untilMeasured(scene, 'patient', 'measured', ({ successful = 0 }) => successful >= 1);
        await flaky.stop();
        await scene.apply(analysisRun({ name: 'impatient', address: flaky.url, query, metric: impatient }));

        const given = await untilMeasured(scene, 'impatient', 'over', hasVerdict);
        await untilMeasured(scene, 'patient', 'in error', ({ error = 0 }) => error >= 1);
        await flaky.start();
        const waited = await untilMeasured(scene, 'patient', 'over', hasVerdict);

        assert.equal(given['status'].phase, 'Error');
        assert.equal(given['status'].metricResults[0].error, 2);
        assert.equal(waited['status'].phase, 'Successful');
        assert.equal(waited['status'].metricResults[0].successful, 4);
        // The first one of the patient run may have been asked for when the server went.
        assert.match(given['status'].metricResults[0].measurements.at(-1).message, /nothing listens there/);
      },
    );
  });
}

interface Measured {
  readonly completedAt?: string;
  readonly successful?: number;
  readonly error?: number;
}

function hasVerdict({ completedAt }: Measured): boolean {
  return completedAt !== undefined;
}

/** Waits for a run and its one metric. */
function untilMeasured(
  scene: Scene,
  name: string,
  what: string,
  looks: (measured: Measured) => boolean,
): Promise<Manifest> {
  return scene.untilRun(name, what, ({ status }) =>
    looks({ ...status?.metricResults?.[0], completedAt: status?.completedAt }),
  );
}

function valuesOf(run: Manifest): readonly string[] {
  return run['status'].metricResults[0].measurements.map(({ value }: { value: string }) => value);
}

function skipReason(server: MetricsServer): string | undefined {
  if (process.env['HEADGATE_CLUSTER'] === 'required') return undefined;
  if (process.env['HEADGATE_CLUSTER'] !== 'auto') return `set HEADGATE_CLUSTER=required to ask a real ${server.name}`;
  return metricsServerRefusal(server);
}
