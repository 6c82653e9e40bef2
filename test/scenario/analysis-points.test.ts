import assert from 'node:assert/strict';
import type { Manifest } from '../support/api-client.ts';
import { constantMetrics } from '../support/constant-metrics.ts';
import { analysisTemplate, blueGreenRollout, canaryRollout, service, type RolloutInput } from '../support/manifests.ts';
import { onEachControlPlane, stageOn, storiesOn } from '../support/stories.ts';
import { conditionOf, until, type Scene } from '../support/world.ts';

const RUNS = 'analysisruns.argoproj.io';
const GOOD = 'vector(0.01)';
const UNCLEAR = 'vector(0.07)';
const BAD = 'vector(0.9)';

/** Where an update is measured, each with what an update of the Rollout `shop` needs for it. */
interface Point {
  readonly title: string;
  readonly type: 'Step' | 'Background' | 'PrePromotion' | 'PostPromotion';
  readonly suffix: string;
  readonly blames: string;
  readonly rollout: (analysis: unknown) => readonly object[];
}

const POINTS: readonly Point[] = [
  {
    title: 'in a step',
    type: 'Step',
    suffix: '-1',
    blames: 'Step-based analysis',
    rollout: (analysis) => [canary({ steps: [{ setWeight: 50 }, { analysis }] })],
  },
  {
    title: 'beside the steps',
    type: 'Background',
    suffix: '',
    blames: 'Background analysis',
    rollout: (analysis) => [
      canary({ canary: { analysis }, steps: [{ setWeight: 50 }, { pause: { duration: '3s' } }] }),
    ],
  },
  {
    title: 'before the switch',
    type: 'PrePromotion',
    suffix: '-pre',
    blames: 'Blue/green pre-promotion analysis',
    rollout: (analysis) => blueGreen({ prePromotionAnalysis: analysis }),
  },
  {
    title: 'after the switch',
    type: 'PostPromotion',
    suffix: '-post',
    blames: 'Blue/green post-promotion analysis',
    rollout: (analysis) => blueGreen({ postPromotionAnalysis: analysis }),
  },
];

/** A changed template comes to the controller by a watch of its own: what is resumed before that is as unclear as it was. */
async function resumedUntilHealthy(scene: Scene, paused: Manifest): Promise<Manifest> {
  for (let rollout = paused; ;) {
    const { startTime } = rollout['status'].pauseConditions[0];
    await scene.patchStatus('shop', { pauseConditions: null });
    rollout = await scene.untilRollout('shop', 'measured again', ({ status }) => {
      return status.phase === 'Healthy' || (status.pauseConditions?.[0]?.startTime ?? startTime) !== startTime;
    });
    if (rollout['status'].phase === 'Healthy') return rollout;
  }
}

onEachControlPlane('a measurement', { concurrency: 8 }, (name) => {
  const stage = stageOn(name);
  const prometheus = constantMetrics();
  const story = storiesOn(stage, 'point');

  const template = (query: string, metric: Readonly<Record<string, unknown>> = {}): Record<string, unknown> =>
    analysisTemplate({ name: 'errors', address: prometheus.url, query, metric });

  /** The second version of a Rollout that is measured by `template` at a point. */
  const update = async (
    scene: Scene,
    point: Point,
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<Manifest> => {
    await scene.apply(...point.rollout({ templates: [{ templateName: 'errors' }], ...more }));
    const installed = await scene.untilPhase('shop', 'Healthy');
    await scene.setImage('shop', 'shop:2');
    return installed;
  };

  for (const point of POINTS) {
    story(`${point.title} that is good lets the update go on`, async (scene) => {
      await scene.apply(template(GOOD, point.type === 'Background' ? { interval: '1s' } : {}));
      await update(scene, point);

      const done = await scene.untilPhase('shop', 'Healthy');

      assert.equal(done['status'].stableRS, done['status'].currentPodHash);
      const run = await untilRun(scene, 'over', ({ status }) => status?.phase === 'Successful');
      assert.equal(run.metadata.name, `shop-${done['status'].currentPodHash}-2${point.suffix}`);
      assert.equal(run.metadata.labels?.['rollout-type'], point.type);
      assert.equal(run['status'].message, point.type === 'Background' ? 'Run Terminated' : undefined);
      assert.equal(run['status'].metricResults[0].measurements[0].value, '[0.01]');
    });

    story(`${point.title} that is bad brings the update back`, async (scene) => {
      await scene.apply(template(BAD));
      const installed = await update(scene, point);

      const aborted = await scene.untilRollout('shop', 'aborted and back', ({ status }) => {
        return status.phase === 'Degraded' && (status.blueGreen?.activeSelector ?? status.stableRS) === status.stableRS;
      });

      assert.equal(aborted['status'].stableRS, installed['status'].stableRS);
      const why = 'Metric "error-rate" assessed Failed due to failed (1) > failureLimit (0)';
      const told = `Rollout aborted update to revision 2: ${point.blames} phase error/failed: ${why}`;
      assert.equal(conditionOf(aborted, 'Progressing')?.message, told);
    });

    story(`${point.title} that only meets errors brings the update back`, async (scene) => {
      await scene.apply(template('sum(', { consecutiveErrorLimit: 0, successCondition: 'result[5] < 1' }));
      const installed = await update(scene, point);

      const aborted = await scene.untilPhase('shop', 'Degraded');

      assert.equal(aborted['status'].stableRS, installed['status'].stableRS);
      const told = new RegExp(`${point.blames} phase error/failed: Metric "error-rate" assessed Error due to`);
      assert.match(conditionOf(aborted, 'Progressing')?.message ?? '', told);
    });

    story(`${point.title} that is unclear pauses, and a resumption measures again`, async (scene) => {
      await scene.apply(template(UNCLEAR, { failureCondition: 'result[0] > 0.5' }));
      const installed = await update(scene, point);
      const paused = await scene.untilRollout('shop', 'paused by it', ({ status }) => {
        return status.phase === 'Paused' && status.message === 'InconclusiveAnalysisRun';
      });
      assert.equal(paused['status'].stableRS, installed['status'].stableRS);
      assert.equal(paused['status'].controllerPause, true);

      await scene.apply(template(GOOD, { failureCondition: 'result[0] > 0.5' }));
      const done = await resumedUntilHealthy(scene, paused);

      assert.equal(done['status'].stableRS, done['status'].currentPodHash);
      const runs = await scene.list(RUNS);
      const first = `shop-${done['status'].currentPodHash}-2${point.suffix}`;
      const names = [first, ...runs.slice(1).map((_, index) => `${first}.${index + 1}`)];
      assert.ok(runs.length > 1, 'it measured again');
      assert.deepEqual(runs.map(({ metadata }) => metadata.name).toSorted(), names);
    });

    story(`${point.title} that is only tried decides nothing`, async (scene) => {
      await scene.apply(template(BAD));
      await update(scene, point, {
        dryRun: [{ metricName: 'error.*' }],
        analysisRunMetadata: { labels: { team: 'shop' }, annotations: { why: 'trial' } },
      });

      const done = await scene.untilPhase('shop', 'Healthy');

      assert.equal(done['status'].stableRS, done['status'].currentPodHash);
      const run = await untilRun(scene, 'over', ({ status }) => status?.completedAt !== undefined);
      assert.equal(run['status'].phase, 'Successful');
      assert.deepEqual(run['status'].dryRunSummary, { count: 1, failed: 1 });
      const [result] = run['status'].metricResults;
      assert.equal(result.dryRun, true);
      assert.equal(result.message, 'Metric assessed Failed due to failed (1) > failureLimit (0)');
      assert.equal(run.metadata.labels?.['team'], 'shop');
      assert.equal(run.metadata.annotations?.['why'], 'trial');
    });
  }

  story('keeps as many values as the Rollout asks for', async (scene) => {
    await scene.apply(template(GOOD, { count: 4, interval: '200ms' }));
    const [inAStep] = POINTS;
    assert.ok(inAStep !== undefined);
    await update(scene, inAStep, { measurementRetention: [{ metricName: 'error-rate', limit: 2 }] });

    await scene.untilPhase('shop', 'Healthy');

    const run = await untilRun(scene, 'over', ({ status }) => status?.phase === 'Successful');
    const [{ count, measurements }] = run['status'].metricResults;
    assert.deepEqual([count, measurements.length], [4, 2]);
  });

  story('beside the steps begins at the step that it is to begin at', async (scene) => {
    const analysis = { templates: [{ templateName: 'errors' }], startingStep: 2 };
    const steps = [{ setWeight: 50 }, { pause: {} }, { setWeight: 100 }, { pause: {} }];
    await scene.apply(template(GOOD, { interval: '1s' }), canary({ canary: { analysis }, steps }));
    await scene.untilPhase('shop', 'Healthy');
    await scene.setImage('shop', 'shop:2');
    await scene.untilPhase('shop', 'Paused');
    assert.deepEqual(await scene.list(RUNS), []);

    await scene.patchStatus('shop', { pauseConditions: null });

    const run = await untilRun(scene, 'there', () => true);
    assert.equal(run.metadata.labels?.['rollout-type'], 'Background');
    const paused = await scene.untilRollout('shop', 'at its last step', ({ status }) => status.currentStepIndex === 3);
    assert.equal(paused['status'].canary.currentBackgroundAnalysisRunStatus.name, run.metadata.name);
  });

  story('takes metrics of several templates, and arguments of every kind', async (scene) => {
    const clusterWide = `${scene.namespace}-wide`;
    const clusterPath = `/apis/argoproj.io/v1alpha1/clusteranalysistemplates/${clusterWide}`;
    const provider = (query: string): object => ({ prometheus: { address: prometheus.url, query } });
    const metric = (title: string, query: string): object => ({
      name: title,
      provider: provider(query),
      successCondition: 'result[0] <= {{args.max}}',
    });
    const key = { name: 'key', valueFrom: { secretKeyRef: { name: 'metrics', key: 'token' } } };
    const kinds = ['stable', 'latest', 'region', 'image'];
    await scene.apply(
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'metrics' }, data: { token: btoa('s3cr3t') } },
      templateOf('errors', {
        args: [{ name: 'max', value: '0.05' }, key, ...kinds.map((kind) => ({ name: kind }))],
        metrics: [
          metric('labelled', labelled(['stable', 'latest', 'region', 'image', 'key'])),
          metric('errors-{{args.region}}', GOOD),
        ],
        templates: [{ templateName: 'nested' }],
      }),
      templateOf('nested', { args: [{ name: 'max' }], metrics: [metric('nested', 'vector(0.02)')] }),
    );
    const wide = { args: [{ name: 'max' }], metrics: [metric('wide', 'vector(0.03)')] };
    await scene.api.apply(clusterPath, {
      ...templateOf(clusterWide, wide),
      kind: 'ClusterAnalysisTemplate',
    } as unknown as Manifest);
    try {
      const analysis = {
        templates: [{ templateName: 'errors' }, { templateName: clusterWide, clusterScope: true }],
        args: [
          { name: 'stable', valueFrom: { podTemplateHashValue: 'Stable' } },
          { name: 'latest', valueFrom: { podTemplateHashValue: 'Latest' } },
          { name: 'region', valueFrom: { fieldRef: { fieldPath: "metadata.annotations['region']" } } },
          { name: 'image', valueFrom: { fieldRef: { fieldPath: 'spec.template.spec.containers[0].image' } } },
          { name: 'unasked', value: 'x' },
        ],
      };
      await scene.apply(canary({ annotations: { region: 'eu' }, steps: [{ setWeight: 50 }, { analysis }] }));
      const installed = await scene.untilPhase('shop', 'Healthy');
      await scene.setImage('shop', 'shop:2');

      const done = await scene.untilPhase('shop', 'Healthy');

      const run = await untilRun(scene, 'over', ({ status }) => status?.phase === 'Successful');
      assert.deepEqual(run['spec'].args, [
        { name: 'max', value: '0.05' },
        key,
        { name: 'stable', value: installed['status'].stableRS },
        { name: 'latest', value: done['status'].currentPodHash },
        { name: 'region', value: 'eu' },
        { name: 'image', value: 'shop:2' },
      ]);
      const results = new Map<string, { readonly metadata: Readonly<Record<string, string>> }>(
        run['status'].metricResults.map((result: { name: string }) => [result.name, result]),
      );
      assert.deepEqual([...results.keys()].sort(), ['errors-eu', 'labelled', 'nested', 'wide']);
      const asked = results.get('labelled')?.metadata['ResolvedPrometheusQuery'] ?? '';
      for (const part of [installed['status'].stableRS, done['status'].currentPodHash, '"eu"', '"shop:2"', '"*****"'])
        assert.ok(asked.includes(part), `${part} is missing in ${asked}`);
      assert.ok(!JSON.stringify(run).includes('s3cr3t'));
    } finally {
      await scene.api.delete(clusterPath);
    }
  });

  story(
    'says at once in the Rollout what is wrong with its templates, and goes on when it is put right',
    async (scene) => {
      const [inAStep] = POINTS;
      assert.ok(inAStep !== undefined);
      await scene.apply(template(GOOD), templateOf('twin', template(GOOD)['spec']));
      await scene.apply(
        ...inAStep.rollout({
          templates: [{ templateName: 'errors' }, { templateName: 'twin' }, { templateName: 'late' }],
        }),
      );

      const invalid = (part: RegExp): Promise<Manifest> =>
        scene.untilRollout('shop', `told of ${part.source}`, (rollout) => part.test(told(rollout)));
      await invalid(/AnalysisTemplate 'late' not found|"late".*not found/);
      await scene.apply(templateOf('late', { metrics: [] }));
      await invalid(/two metrics have the same name 'error-rate'/);
      const other = {
        name: 'other',
        provider: { prometheus: { address: prometheus.url, query: 'vector({{args.x}})' } },
      };
      await scene.apply(templateOf('twin', { args: [{ name: 'x' }], metrics: [other] }));
      await scene.apply(templateOf('late', { metrics: [{ ...other, name: 'third' }] }));
      await invalid(/args\.x was not resolved/);
      await scene.apply(templateOf('twin', { args: [{ name: 'x', value: '1' }], metrics: [other] }));

      await scene.untilPhase('shop', 'Healthy');
    },
  );
});

/** All that a Rollout says of what is wrong with it. */
function told(rollout: Manifest): string {
  return `${rollout['status']?.message ?? ''} ${conditionOf(rollout, 'InvalidSpec')?.message ?? ''}`;
}

function canary(input: Omit<RolloutInput, 'name'>): Record<string, unknown> {
  return canaryRollout({ name: 'shop', replicas: 2, ...input });
}

function blueGreen(settings: Readonly<Record<string, unknown>>): readonly object[] {
  const names = ['shop-active', 'shop-preview'];
  const rollout = blueGreenRollout({ name: 'shop', blueGreen: settings });
  return [...names.map((name) => service(name, 'shop')), rollout];
}

function templateOf(name: string, spec: unknown): Record<string, unknown> {
  return { apiVersion: 'argoproj.io/v1alpha1', kind: 'AnalysisTemplate', metadata: { name }, spec };
}

/** A query that means 0.01, and has every one of these arguments in a label of its answer. */
function labelled(args: readonly string[]): string {
  return args.reduce((query, arg) => `label_replace(${query}, "${arg}", "{{args.${arg}}}", "", "")`, GOOD);
}

async function untilRun(scene: Scene, what: string, looks: (run: Manifest) => boolean): Promise<Manifest> {
  return until(
    `an AnalysisRun in ${scene.namespace} to be ${what}`,
    async () => (await scene.list(RUNS)).find(looks),
    () => scene.list(RUNS),
  );
}
