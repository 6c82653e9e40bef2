import assert from 'node:assert/strict';
import { analysisKind, assertMeasured, updateMeasuredBy, type Measured } from '../support/measured.ts';
import { opened } from '../support/opened.ts';
import { skywalkingRefusal, startSkywalking, type Call } from '../support/skywalking.ts';
import { onEachControlPlane, stageOn, storiesOn } from '../support/stories.ts';
import { conditionOf, until, type Scene } from '../support/world.ts';

const GOOD: Call = { failed: false, tookMs: 10 };
const BAD: Call = { failed: true, tookMs: 30 };

onEachControlPlane('calls that a real SkyWalking saw', { skip: skywalkingRefusal() }, (name) => {
  // Before the stage: in its first seconds it keeps nothing.
  const skywalking = opened(startSkywalking, (server) => server.close());
  const stage = stageOn(name);
  const story = storiesOn(stage, 'skywalking');

  const metric = (query: string, successCondition: string): Record<string, unknown> => ({
    name: 'calls',
    successCondition,
    consecutiveErrorLimit: 0,
    provider: { skywalking: { address: skywalking.url, query } },
  });

  const update = async (scene: Scene, calls: readonly Call[]): Promise<void> => {
    const service = scene.namespace;
    await skywalking.record(service, calls);
    const query = expressed('avg(service_sla)', service);
    await updateMeasuredBy(scene, metric(query, `asFloat(${FIRST}) >= 9900`));
  };

  story('let a version go on while they succeed', async (scene) => {
    await update(scene, [GOOD, GOOD, GOOD, GOOD]);

    const done = await scene.untilPhase('shop', 'Healthy');

    assert.equal(done['status'].stableRS, done['status'].currentPodHash);
    const run = await until('the AnalysisRun', async () => (await scene.list('analysisruns.argoproj.io'))[0]);
    assert.equal(run['status'].metricResults[0].measurements[0].value, answered({ value: '10000' }));
  });

  story('abort a version for which one of four failed', async (scene) => {
    await update(scene, [GOOD, GOOD, GOOD, BAD]);

    const aborted = await scene.untilPhase('shop', 'Degraded');

    assert.match(conditionOf(aborted, 'Progressing')?.message ?? '', /Metric "calls" assessed Failed/);
  });

  story('are answered as they were asked for, and without any there is no success', async (scene) => {
    const service = scene.namespace;
    await skywalking.record(service, [GOOD, GOOD, GOOD, BAD]);
    const nobody = `${service}-nobody`;
    const asked: Readonly<Record<string, readonly [query: string, condition: string, measured: Measured]>> = {
      slow: [
        expressed('avg(service_resp_time)', service),
        `asFloat(${FIRST}) < 15`,
        { phase: 'Failed', value: answered({ value: '15' }) },
      ],
      single: [
        read('readMetricsValue', 'service_sla', service),
        'result.calls == 7500',
        { phase: 'Successful', value: '{"calls":7500}' },
      ],
      nullable: [
        read('readNullableMetricsValue', 'service_sla', service, '{ value isEmptyValue }'),
        'result.calls.value == 7500',
        { phase: 'Successful', value: '{"calls":{"value":7500,"isEmptyValue":false}}' },
      ],
      // No time is faster than that of calls that nobody made.
      unexpressed: [expressed('avg(service_resp_time)', nobody), `asFloat(${FIRST}) < 15`, NOTHING],
      unexpressedSeries: [
        expressed('service_resp_time', nobody),
        'all(result.calls.results[0].values, asFloat(#.value) < 15)',
        NOTHING,
      ],
      none: [
        read('readNullableMetricsValue', 'service_resp_time', nobody, '{ value isEmptyValue }'),
        'result.calls.value < 15',
        NOTHING,
      ],
      noSeries: [
        read('readMetricsValues', 'service_resp_time', nobody, '{ label values { values { id value isEmptyValue } } }'),
        'all(result.calls.values.values, #.value < 15)',
        NOTHING,
      ],
      // It has words for a time without calls only where they are asked for.
      zero: [
        read('readMetricsValue', 'service_resp_time', nobody),
        'result.calls < 15',
        { phase: 'Successful', value: '{"calls":0}' },
      ],
      unknown: [
        expressed('avg(service_sal)', service),
        'all(result.calls.results, #.values[0].value == "0")',
        { phase: 'Error', message: /^SkyWalking: Metric: \[service_sal\] does not exist\.$/ },
      ],
      broken: [
        expressed('avg((', service),
        'true',
        { phase: 'Error', message: /^SkyWalking: line 1:5 no viable alternative at input '\('$/ },
      ],
      misspelt: [
        read('readMetricsVaule', 'service_sla', service),
        'true',
        { phase: 'Error', message: /^SkyWalking: Validation error .*'readMetricsVaule' in type 'Query' is undefined$/ },
      ],
      unfinished: [
        'query calls {',
        'true',
        { phase: 'Error', message: /^SkyWalking: Invalid syntax with offending token '<EOF>' at line 1 column 14$/ },
      ],
    };
    const runs = Object.entries(asked).map(([title, [query, condition]]) =>
      analysisKind('AnalysisRun', [metric(query, condition)], title.toLowerCase()),
    );
    await scene.apply(...runs);

    for (const [title, [, , expected]] of Object.entries(asked)) {
      await assertMeasured(scene, title.toLowerCase(), expected);
    }
  });
});

const NOTHING: Measured = { phase: 'Error', message: /^no data returned from SkyWalking$/ };
/** The value of an expression that comes to one. */
const FIRST = 'result.calls.results[0].values[0].value';

/** An expression (MQE) about a service. */
function expressed(expression: string, service: string): string {
  return `query asked($duration: Duration!) {
    calls: execExpression(expression: "${expression}", entity: ${entity(service)}, duration: $duration) {
      error results { values { value } }
    }
  }`;
}

function answered(value: unknown): string {
  return JSON.stringify({ calls: { error: null, results: [{ values: [value] }] } });
}

/** One of the older questions, which name a metric. */
function read(question: string, metric: string, service: string, fields = ''): string {
  return `query asked($duration: Duration!) {
    calls: ${question}(condition: { name: "${metric}", entity: ${entity(service)} }, duration: $duration) ${fields}
  }`;
}

function entity(service: string): string {
  return `{ scope: Service, serviceName: "${service}", normal: true }`;
}
