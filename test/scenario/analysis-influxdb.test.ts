import assert from 'node:assert/strict';
import { influxdbRefusal, startInfluxdb } from '../support/influxdb.ts';
import { analysisKind, assertMeasured, updateMeasuredBy, type Measured } from '../support/measured.ts';
import { opened } from '../support/opened.ts';
import { onEachControlPlane, stageOn, storiesOn } from '../support/stories.ts';
import { conditionOf, until, type Scene } from '../support/world.ts';

/** Where the controller runs, and its credentials are. */
const CONTROLLER_NAMESPACE = 'default';

onEachControlPlane('points of a real InfluxDB', { skip: influxdbRefusal() }, (name) => {
  const stage = stageOn(name);
  const influxdb = opened(startInfluxdb, (server) => server.close());
  const story = storiesOn(stage, 'influxdb');

  const metric = (title: string, query: string, conditions: object, profile: string): Record<string, unknown> => ({
    name: title,
    ...conditions,
    consecutiveErrorLimit: 0,
    provider: { influxdb: { profile, query } },
  });

  /** A bucket of the story's own with these points, and the credentials for it, both by its name. */
  const record = async (scene: Scene, lines: readonly string[], authToken = influxdb.token): Promise<string> => {
    const profile = scene.namespace;
    await influxdb.createBucket(profile);
    await influxdb.write(profile, lines);
    const home = await scene.api.get(`/api/v1/namespaces/${profile}`);
    // It goes with the story.
    const owner = { apiVersion: 'v1', kind: 'Namespace', name: profile, uid: home?.metadata.uid };
    await scene.api.apply(`/api/v1/namespaces/${CONTROLLER_NAMESPACE}/secrets/${profile}`, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: profile, namespace: CONTROLLER_NAMESPACE, ownerReferences: [owner] },
      stringData: { address: influxdb.url, authToken, org: 'story' },
    });
    return profile;
  };

  const update = async (scene: Scene, lines: readonly string[]): Promise<void> => {
    const bucket = await record(scene, lines);
    const query = fluxOf(bucket, 'errors') + '\n  |> mean()';
    const conditions = { successCondition: 'all(result, # < 0.05)' };
    await updateMeasuredBy(scene, metric('errors', query, conditions, bucket));
  };

  story('let a version go on while they are low', async (scene) => {
    await update(scene, ['errors,pod=a value=0.03125', 'errors,pod=b\\,c value=0.015625']);

    const done = await scene.untilPhase('shop', 'Healthy');

    assert.equal(done['status'].stableRS, done['status'].currentPodHash);
    const run = await until('the AnalysisRun', async () => (await scene.list('analysisruns.argoproj.io'))[0]);
    assert.equal(run['status'].metricResults[0].measurements[0].value, '[0.03125,0.015625]');
  });

  story('abort a version for which one is high', async (scene) => {
    await update(scene, ['errors,pod=a value=0.03125', 'errors,pod=b value=0.5']);

    const aborted = await scene.untilPhase('shop', 'Degraded');

    assert.match(conditionOf(aborted, 'Progressing')?.message ?? '', /Metric "errors" assessed Failed/);
  });

  story('have their types, and without one to judge there is no success', async (scene) => {
    const bucket = await record(scene, ['all double=0.5,long=3i,flag=true,text="a, \\"b\\""', 'all,pod=b double=2']);
    const of = (field: string): string => `${fluxOf(bucket, 'all')} |> filter(fn: (r) => r._field == "${field}")`;
    const mapped = (value: string): string =>
      `import "math" ${of('long')} |> map(fn: (r) => ({r with _value: ${value}}))`;
    const asked: Readonly<Record<string, readonly [query: string, condition: string, measured: Measured]>> = {
      doubles: [of('double'), 'len(result) == 2 && sum(result) == 2.5', { phase: 'Successful', value: '[0.5,2]' }],
      longs: [of('long'), 'result[0] == 3', { phase: 'Successful', value: '[3]' }],
      flags: [of('flag'), 'result[0]', { phase: 'Successful', value: '[true]' }],
      texts: [of('text'), 'result[0] == "a, \\"b\\""', { phase: 'Successful', value: '[a, "b"]' }],
      low: [of('double'), 'all(result, # > 1)', { phase: 'Failed', value: '[0.5,2]' }],
      none: [of('nothing'), 'all(result, # < 1)', { phase: 'Error', message: /^no data returned from InfluxDB$/ }],
      // A minute without a point has no mean: that is not 0, and not good.
      empty: [
        `${of('long')} |> aggregateWindow(every: 4m, fn: mean) |> limit(n: 1)`,
        'all(result, # < 1)',
        { phase: 'Error', value: '[<nil>]' },
      ],
      infinite: [mapped('math.mInf(sign: 1)'), 'all(result, # < 1)', { phase: 'Failed', value: '[+Inf]' }],
      undefined: [mapped('math.NaN()'), 'all(result, # < 1)', { phase: 'Failed', value: '[NaN]' }],
      valueless: [
        `${of('long')} |> drop(columns: ["_value"])`,
        'all(result, # < 1)',
        { phase: 'Error', message: /^InfluxDB answered a table without a column _value$/ },
      ],
      divided: [
        mapped('r._value / 0'),
        'all(result, # < 1)',
        { phase: 'Error', message: /^InfluxDB answered with status 500: .*cannot divide by zero/ },
      ],
      misspelt: [
        `${of('long')} |> maen()`,
        'all(result, # < 1)',
        { phase: 'Error', message: /^InfluxDB answered with status 500: .*undefined identifier "maen"$/ },
      ],
    };
    const runs = Object.entries(asked).map(([title, [query, successCondition]]) =>
      analysisKind('AnalysisRun', [metric(title, query, { successCondition }, bucket)], title),
    );
    await scene.apply(...runs);

    for (const [title, [, , expected]] of Object.entries(asked)) await assertMeasured(scene, title, expected);
  });

  story('are not given to who has no right to them, and nobody reads why in the credentials', async (scene) => {
    const bucket = await record(scene, ['all value=1'], 'story:wrong-password');
    const asks = metric('asks', fluxOf(bucket, 'all'), { successCondition: 'true' }, bucket);
    await scene.apply(analysisKind('AnalysisRun', [asks], 'asks'));

    await assertMeasured(scene, 'asks', {
      phase: 'Error',
      message: /^InfluxDB answered with status 401: .*authorization/,
    });

    const run = await scene.get('analysisruns.argoproj.io', 'asks');
    assert.doesNotMatch(JSON.stringify(run?.['status']), /wrong-password/);
  });
});

function fluxOf(bucket: string, measurement: string): string {
  return `from(bucket: "${bucket}") |> range(start: -10m) |> filter(fn: (r) => r._measurement == "${measurement}")`;
}
