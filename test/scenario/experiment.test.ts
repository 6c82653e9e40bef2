import assert from 'node:assert/strict';
import type { Manifest } from '../support/api-client.ts';
import { constantMetrics } from '../support/constant-metrics.ts';
import { experiment, version } from '../support/experiments.ts';
import { analysisTemplate, podTemplate, service } from '../support/manifests.ts';
import { onEachControlPlane, stageOn, storiesOn } from '../support/stories.ts';
import { conditionOf, until, type Scene } from '../support/world.ts';

const EXPERIMENTS = 'experiments.argoproj.io';

onEachControlPlane('an Experiment by itself', { concurrency: 8 }, (name) => {
  const stage = stageOn(name);
  const prometheus = constantMetrics();
  const story = storiesOn(stage, 'experiment');

  /** A template by this name that measures always the same. */
  const measures = (
    template: string,
    value: number,
    metric: Readonly<Record<string, unknown>> = {},
  ): Record<string, unknown> =>
    analysisTemplate({ name: template, address: prometheus.url, query: `vector(${value})`, metric });

  story('runs its versions for their time, then takes their pods away', async (scene) => {
    await scene.apply(experiment({ name: 'ab', spec: { duration: '1s' } }));

    const done = await untilPhase(scene, 'ab', 'Successful');

    const { status } = done;
    assert.deepEqual(
      status.templateStatuses.map((one: Record<string, unknown>) => [one['name'], one['status']]),
      [
        ['baseline', 'Successful'],
        ['canary', 'Successful'],
      ],
    );
    assert.ok(Date.parse(status.availableAt) > 0);
    assert.equal(conditionOf(done, 'Progressing')?.reason, 'ExperimentCompleted');
    await untilSizes(scene, [0, 0]);
    const replicaSets = await scene.list('replicasets.apps');
    assert.deepEqual(replicaSets.map(({ metadata }) => metadata.name).sort(), ['ab-baseline', 'ab-canary']);
    const [first] = replicaSets;
    assert.equal(first?.metadata.annotations?.['experiment.argoproj.io/name'], 'ab');
    assert.deepEqual(
      first?.metadata.ownerReferences?.map(({ kind, uid }) => ({ kind, uid })),
      [{ kind: 'Experiment', uid: done.metadata.uid }],
    );
    const hash = first?.metadata.labels?.['rollouts-pod-template-hash'];
    assert.equal(first?.['spec'].selector.matchLabels['rollouts-pod-template-hash'], hash);
    assert.equal(first?.['spec'].template.metadata.labels['rollouts-pod-template-hash'], hash);
    const lines = await until('all events', async () => {
      const told = await scene.eventLines('ab');
      return told.some((line) => line.includes('from 1 to 0')) ? told : undefined;
    });
    for (const line of [
      "Normal TemplateProgressing: Template 'canary' transitioned from  -> Progressing",
      'Normal ExperimentPending: Experiment transitioned from  -> Pending',
      'Normal ScalingReplicaSet: Scaled up ReplicaSet ab-canary from 0 to 1',
      "Normal TemplateRunning: Template 'canary' transitioned from Progressing -> Running",
      'Normal ExperimentRunning: Experiment transitioned from Pending -> Running',
      "Normal TemplateSuccessful: Template 'canary' transitioned from Running -> Successful",
      'Normal ExperimentSuccessful: Experiment transitioned from Running -> Successful',
    ])
      assert.ok(lines.includes(line), `${line} is missing in ${JSON.stringify(lines, undefined, 1)}`);
    const quiet = await stage.untilQuiet(scene);
    await stage.wakeAll();
    assert.deepEqual(await stage.untilQuiet(scene), quiet);
  });

  story('ends as soon as what it waits for is measured, and ends the other measurement', async (scene) => {
    const analyses = [
      { name: 'needed', templateName: 'needed', requiredForCompletion: true, args: [HASH_ARGUMENT] },
      { name: 'forever', templateName: 'forever' },
    ];
    const needed = measures('needed', 0.01, { count: 2, interval: '1s' });
    await scene.apply(
      { ...needed, spec: { ...(needed['spec'] as object), args: [{ name: 'hash' }] } },
      measures('forever', 0.01, { interval: '1s' }),
      experiment({ name: 'ab', spec: { analyses } }),
    );

    const done = await untilPhase(scene, 'ab', 'Successful');

    assert.equal(done['status'].message, 'Required AnalysisRuns completed');
    const needing = await scene.get('analysisruns.argoproj.io', 'ab-needed');
    const [replicaSet] = (await scene.list('replicasets.apps')).filter(({ metadata }) => metadata.name === 'ab-canary');
    assert.deepEqual(needing?.['spec'].args, [
      { name: 'hash', value: replicaSet?.metadata.labels?.['rollouts-pod-template-hash'] },
    ]);
    const forever = await until('the other run to end', async () => {
      const run = await scene.get('analysisruns.argoproj.io', 'ab-forever');
      return run?.['status']?.phase === 'Successful' ? run : undefined;
    });
    assert.equal(forever['spec'].terminate, true);
    const ended = await untilExperiment(scene, 'ab', 'told of the other run', ({ status }) => {
      return status.analysisRuns.every((run: { phase: string }) => run.phase === 'Successful');
    });
    assert.deepEqual(ended['status'].analysisRuns, [
      { name: 'needed', analysisRun: 'ab-needed', phase: 'Successful' },
      { name: 'forever', analysisRun: 'ab-forever', phase: 'Successful', message: 'Run Terminated' },
    ]);
  });

  story('fails with the analysis that fails', async (scene) => {
    await scene.apply(
      measures('bad', 0.9),
      experiment({ name: 'ab', spec: { duration: '1h', analyses: [{ name: 'errors', templateName: 'bad' }] } }),
    );

    const done = await untilPhase(scene, 'ab', 'Failed');

    const message = 'Metric "error-rate" assessed Failed due to failed (1) > failureLimit (0)';
    assert.equal(done['status'].message, message);
    await untilSizes(scene, [0, 0]);
    await until('the events', async () => {
      const lines = await scene.eventLines('ab');
      const end = `-> Failed: ${message}`;
      return (
        lines.some(
          (line) => line.startsWith("Warning AnalysisRunFailed: AnalysisRun 'errors'") && line.endsWith(end),
        ) && lines.includes('Warning ExperimentFailed: Experiment transitioned from Running -> Failed')
      );
    });
  });

  story('is inconclusive with the analysis that is', async (scene) => {
    await scene.apply(
      measures('unclear', 0.07, { failureCondition: 'result[0] > 0.1' }),
      experiment({ name: 'ab', spec: { analyses: [{ name: 'errors', templateName: 'unclear' }] } }),
    );

    await untilPhase(scene, 'ab', 'Inconclusive');
  });

  story('is inconclusive when its time is over before anything was measured', async (scene) => {
    await scene.apply(
      measures('late', 0.01, { initialDelay: '1h', count: 1 }),
      experiment({ name: 'ab', spec: { duration: '1s', analyses: [{ name: 'errors', templateName: 'late' }] } }),
    );

    const done = await untilPhase(scene, 'ab', 'Inconclusive');

    const message = "Analysis 'errors' proves nothing: it ended before it had measured error-rate";
    assert.equal(done['status'].message, message);
  });

  story('waits for what it needs after its time is over, with its pods', async (scene) => {
    const analyses = [{ name: 'slow', templateName: 'slow', requiredForCompletion: true }];
    await scene.apply(
      measures('slow', 0.01, { count: 3, interval: '1s' }),
      experiment({ name: 'ab', spec: { duration: '1s', analyses } }),
    );

    const waiting = await untilExperiment(scene, 'ab', 'past its time', ({ status }) => {
      return status.templateStatuses.every((one: { status: string }) => one.status === 'Successful');
    });

    assert.equal(waiting['status'].phase, 'Running');
    assert.deepEqual(await sizes(scene), [1, 1]);
    const done = await untilPhase(scene, 'ab', 'Successful');
    assert.equal(done['status'].message, 'Required AnalysisRuns completed');
  });

  story('is an error when a template does not exist, but not at once', async (scene) => {
    await scene.apply(
      experiment({ name: 'ab', spec: { analyses: [{ name: 'errors', templateName: 'missing' }] } }),
      experiment({ name: 'soon', spec: { duration: '1s', analyses: [{ name: 'errors', templateName: 'soon' }] } }),
    );
    await scene.apply(measures('soon', 0.01));

    const done = await untilPhase(scene, 'ab', 'Error');
    await untilPhase(scene, 'soon', 'Successful');

    assert.equal(
      done['status'].message,
      `AnalysisTemplate verification failed for analysis 'errors': analysistemplate.argoproj.io "missing" not found`,
    );
  });

  story('fails when pods do not come in time, and says which', async (scene) => {
    await scene.apply(
      experiment({
        name: 'ab',
        templates: [version('good', 'shop:1'), version('stuck', 'does-not-exist:1')],
        spec: { progressDeadlineSeconds: 2 },
      }),
    );

    const done = await untilPhase(scene, 'ab', 'Failed');

    assert.equal(done['status'].message, "Template 'stuck' exceeded its progressDeadlineSeconds (2)");
    assert.deepEqual(
      done['status'].templateStatuses.map((one: Record<string, unknown>) => one['status']),
      ['Successful', 'Failed'],
    );
  });

  story('is ended by its user, and begun again', async (scene) => {
    await scene.apply(
      measures('watch', 0.01, { interval: '1h' }),
      experiment({ name: 'ab', spec: { analyses: [{ name: 'watch', templateName: 'watch' }] } }),
    );
    await untilExperiment(scene, 'ab', 'measuring', ({ status }) => status.analysisRuns?.[0]?.phase === 'Running');

    await scene.api.patch(scene.path(EXPERIMENTS, 'ab'), { spec: { terminate: true } });
    const done = await untilPhase(scene, 'ab', 'Successful');

    assert.equal(done['status'].message, 'Experiment Terminated');
    assert.equal(done['status'].analysisRuns[0].message, 'Run Terminated');
    await untilSizes(scene, [0, 0]);

    await scene.api.patch(scene.path(EXPERIMENTS, 'ab'), { spec: { terminate: false } });
    await scene.api.patch(scene.path(EXPERIMENTS, 'ab'), { status: null });
    const again = await untilExperiment(scene, 'ab', 'measuring', ({ status }) => {
      return status?.analysisRuns?.[0]?.phase === 'Running';
    });

    assert.equal(again['status'].phase, 'Running');
    assert.equal(again['status'].analysisRuns[0].analysisRun, 'ab-watch.1');
    assert.deepEqual(await sizes(scene), [1, 1]);
  });

  story('keeps its pods for the delay at the end', async (scene) => {
    await scene.apply(experiment({ name: 'ab', spec: { duration: '1s', scaleDownDelaySeconds: 2 } }));
    await untilPhase(scene, 'ab', 'Successful');

    const delayed = await until('a deadline', async () => {
      const found = await scene.list('replicasets.apps');
      return found.every(({ metadata }) => metadata.annotations?.['scale-down-deadline'] !== undefined)
        ? found
        : undefined;
    });

    assert.deepEqual(
      delayed.map((replicaSet) => replicaSet['spec'].replicas),
      [1, 1],
    );
    await untilSizes(scene, [0, 0]);
    const latest = Math.max(
      ...delayed.map(({ metadata }) => Date.parse(metadata.annotations?.['scale-down-deadline'] ?? '')),
    );
    assert.ok(Date.now() >= latest, 'pods went before the deadline');
  });

  story('gives its versions Services, for as long as they have pods', async (scene) => {
    const two = podTemplate('two', 'shop:1');
    (two['spec'] as { containers: { ports: unknown[] }[] }).containers[0]?.ports.push({ containerPort: 9090 });
    await scene.apply(
      experiment({
        name: 'ab',
        templates: [
          version('one', 'shop:1', { service: {} }),
          version('two', 'shop:1', { service: { name: 'other' }, template: two }),
          version('none', 'shop:1'),
        ],
      }),
    );
    const running = await untilPhase(scene, 'ab', 'Running');

    const services = [...(await scene.list('services'))].sort((left, right) =>
      left.metadata.name < right.metadata.name ? -1 : 1,
    );
    assert.deepEqual(
      services.map(({ metadata }) => metadata.name),
      ['ab-one', 'other'],
    );
    const [one, other] = services;
    const hash = running['status'].templateStatuses[0].podTemplateHash;
    assert.deepEqual(one?.['spec'].selector, { app: 'one', 'rollouts-pod-template-hash': hash });
    assert.equal(running['status'].templateStatuses[0].serviceName, 'ab-one');
    assert.equal(running['status'].templateStatuses[1].serviceName, 'other');
    assert.equal(running['status'].templateStatuses[2].serviceName, undefined);
    assert.deepEqual(
      other?.['spec'].ports.map((port: Record<string, unknown>) => [port['name'], port['port'], port['targetPort']]),
      [
        ['tcp-8080', 8080, 8080],
        ['tcp-9090', 9090, 9090],
      ],
    );

    await scene.api.patch(scene.path(EXPERIMENTS, 'ab'), { spec: { terminate: true } });
    await until('the Services to be gone', async () => (await scene.list('services')).length === 0);
    await untilPhase(scene, 'ab', 'Successful');
    await until('status to name none of them', async () => {
      const ended = await scene.get(EXPERIMENTS, 'ab');
      return ended?.['status'].templateStatuses[0].serviceName === undefined;
    });
  });

  story('is an error when the Service that it is to make is somebody else’s', async (scene) => {
    await scene.apply(
      service('mine', 'somebody'),
      experiment({ name: 'ab', templates: [version('one', 'shop:1', { service: { name: 'mine' } })] }),
    );

    const done = await untilPhase(scene, 'ab', 'Error');

    const cause = 'service mine already exists and is not owned by experiment template one';
    assert.equal(done['status'].message, `Failed to create Service mine for template 'one': ${cause}`);
  });

  story('takes another name for pods where its own is somebody else’s', async (scene) => {
    await scene.apply({
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: { name: 'ab-one' },
      spec: { replicas: 0, selector: { matchLabels: { app: 'x' } }, template: podTemplate('x', 'shop:1') },
    });

    await scene.apply(experiment({ name: 'ab', templates: [version('one', 'shop:1')] }));
    const running = await untilPhase(scene, 'ab', 'Running');

    assert.equal(running['status'].templateStatuses[0].collisionCount, 1);
    assert.notEqual(await scene.get('replicasets.apps', 'ab-one-1'), undefined);
  });

  story('is an error with the API server’s words when it does not take the pods', async (scene) => {
    const wrong = podTemplate('one', 'shop:1');
    (wrong['spec'] as Record<string, unknown>)['restartPolicy'] = 'Never';
    await scene.apply(experiment({ name: 'ab', templates: [version('one', 'shop:1', { template: wrong })] }));

    const done = await untilExperiment(
      scene,
      'ab',
      'refused',
      ({ status }) => status?.phase === 'Error' || conditionOf({ status } as never, 'InvalidSpec') !== undefined,
    );

    assert.match(JSON.stringify(done['status']), /restartPolicy/);
  });

  story('says what is wrong with its spec, and goes on when it is put right', async (scene) => {
    const spec = { duration: 'soon' };
    await scene.apply(experiment({ name: 'ab', spec }));
    const refused = await untilExperiment(scene, 'ab', 'refused', (object) => {
      return conditionOf(object, 'InvalidSpec')?.status === 'True';
    });
    assert.equal(refused['status'].phase, undefined);
    assert.match(conditionOf(refused, 'InvalidSpec')?.message ?? '', /^The Experiment "ab" is invalid: spec.duration/);

    await scene.api.patch(scene.path(EXPERIMENTS, 'ab'), { spec: { duration: '1s' } });
    const done = await untilPhase(scene, 'ab', 'Successful');

    assert.equal(conditionOf(done, 'InvalidSpec'), undefined);
  });

  story('records what is only tried, and keeps as many measurements as asked', async (scene) => {
    const analyses = [{ name: 'tried', templateName: 'tried', requiredForCompletion: true }];
    await scene.apply(
      measures('tried', 0.9, { count: 3, interval: '1s', failureLimit: 3 }),
      experiment({
        name: 'ab',
        spec: {
          analyses,
          dryRun: [{ metricName: 'error.*' }],
          measurementRetention: [{ metricName: 'error-rate', limit: 1 }],
          analysisRunMetadata: { labels: { team: 'shop' }, annotations: { why: 'trial' } },
        },
      }),
    );

    await untilPhase(scene, 'ab', 'Successful');

    const run = await scene.get('analysisruns.argoproj.io', 'ab-tried');
    assert.equal(run?.['status'].dryRunSummary.count, 1);
    assert.equal(run?.['status'].metricResults[0].measurements.length, 1);
    assert.equal(run?.metadata.labels?.['team'], 'shop');
    assert.equal(run?.metadata.annotations?.['why'], 'trial');
  });

  story('takes all that it made along when it is deleted', async (scene) => {
    await scene.apply(experiment({ name: 'ab', templates: [version('one', 'shop:1', { service: {} })] }));
    await untilPhase(scene, 'ab', 'Running');

    await scene.api.delete(scene.path(EXPERIMENTS, 'ab'));

    // The collector of a cluster learns of new kinds twice a minute.
    await until(
      'everything to be gone',
      async () => {
        const left = [...(await scene.list('replicasets.apps')), ...(await scene.list('services'))];
        return left.length === 0;
      },
      undefined,
      { waitMsMax: 90_000, pollMs: 200 },
    );
  });
});

const HASH_ARGUMENT = { name: 'hash', value: '{{templates.canary.podTemplateHash}}' };

function untilPhase(scene: Scene, name: string, phase: string): Promise<Manifest> {
  return untilExperiment(scene, name, phase, ({ status }) => status?.phase === phase);
}

function untilExperiment(
  scene: Scene,
  name: string,
  what: string,
  looks: (experiment: Manifest) => boolean,
): Promise<Manifest> {
  return until(
    `Experiment ${name} to be ${what}`,
    async () => {
      const found = await scene.get(EXPERIMENTS, name);
      return found !== undefined && found['status'] !== undefined && looks(found) ? found : undefined;
    },
    async () => ({
      status: (await scene.get(EXPERIMENTS, name))?.['status'],
      events: await scene.eventLines(name),
    }),
  );
}

async function sizes(scene: Scene): Promise<readonly number[]> {
  return (await scene.list('replicasets.apps')).map((replicaSet) => replicaSet['spec'].replicas);
}

async function untilSizes(scene: Scene, wanted: readonly number[]): Promise<void> {
  await until(`sizes ${wanted.join(', ')}`, async () => {
    return JSON.stringify(await sizes(scene)) === JSON.stringify(wanted);
  });
}
