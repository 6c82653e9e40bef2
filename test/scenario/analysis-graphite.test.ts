import assert from 'node:assert/strict';
import { startGraphite, graphiteRefusal } from '../support/graphite.ts';
import { analysisKind, assertMeasured, updateMeasuredBy, type Measured } from '../support/measured.ts';
import { opened } from '../support/opened.ts';
import { onEachControlPlane, stageOn, storiesOn } from '../support/stories.ts';
import { conditionOf, until, type Scene } from '../support/world.ts';

/** Enough minutes for a value before them to be out of sight. */
const LONG_AGO = Array.from({ length: 10 }, () => null);

onEachControlPlane('series of a real Graphite', { skip: graphiteRefusal() }, (name) => {
  const stage = stageOn(name);
  const graphite = opened(startGraphite, (server) => server.close());
  const story = storiesOn(stage, 'graphite');

  const metric = (title: string, query: string, successCondition: string): Record<string, unknown> => ({
    name: title,
    successCondition,
    consecutiveErrorLimit: 0,
    provider: { graphite: { address: graphite.url, query } },
  });

  const update = async (scene: Scene): Promise<void> => {
    const query = `target=scale(${scene.namespace}.errors, 0.5)&\n  from=-5min`;
    await updateMeasuredBy(scene, metric('errors', query, 'all(result, # < 0.05)'));
  };

  story('let a version go on while they are low', async (scene) => {
    graphite.record(`${scene.namespace}.errors`, [9, ...LONG_AGO, 0.0625, 0.03125]);
    await update(scene);

    const done = await scene.untilPhase('shop', 'Healthy');

    assert.equal(done['status'].stableRS, done['status'].currentPodHash);
    const run = await until('the AnalysisRun', async () => (await scene.list('analysisruns.argoproj.io'))[0]);
    // `from` keeps its meaning on a line of its own, and the minutes without a point are left out.
    assert.equal(run['status'].metricResults[0].measurements[0].value, '[0.03125,0.015625]');
  });

  story('abort a version for which one is high', async (scene) => {
    graphite.record(`${scene.namespace}.errors`, [0.0625, 9]);
    await update(scene);

    const aborted = await scene.untilPhase('shop', 'Degraded');

    assert.match(conditionOf(aborted, 'Progressing')?.message ?? '', /Metric "errors" assessed Failed/);
  });

  story('without a value to judge are never a success', async (scene) => {
    const series = (which: string): string => `${scene.namespace}.${which}`;
    graphite.record(series('good'), [1]);
    graphite.record(series('empty'), []);
    const asked: Readonly<Record<string, readonly [target: string, measured: Measured]>> = {
      good: [series('good'), { phase: 'Successful', value: '[1]' }],
      empty: [series('empty'), { phase: 'Error', value: '[]' }],
      unknown: [
        series('unknown'),
        { phase: 'Error', message: /^no values found: Graphite answered without a series$/ },
      ],
      divided: [`divideSeries(${series('good')},${series('unknown')})`, { phase: 'Error', value: '[]' }],
      overflowed: [`scale(${series('good')},1e400)`, { phase: 'Error', message: /no finite number$/ }],
      misspelt: [
        `sacle(${series('good')},2)`,
        { phase: 'Error', message: /^Graphite answered with status 400: .*unknown function: sacle/ },
      ],
      misused: [
        `scale(${series('good')})`,
        { phase: 'Error', message: /^Graphite answered with status 500: TypeError: scale\(\) .*'factor'$/ },
      ],
    };
    // Each would pass for a list of which nothing is said.
    const metrics = Object.entries(asked).map(([title, [target]]) =>
      metric(title, `target=${target}&from=-5min`, 'all(result, # > 0.95)'),
    );
    await scene.apply(...metrics.map((each) => analysisKind('AnalysisRun', [each], String(each['name']))));

    for (const [title, [, expected]] of Object.entries(asked)) await assertMeasured(scene, title, expected);
  });
});
