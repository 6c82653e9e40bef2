import assert from 'node:assert/strict';
import type { Manifest } from '../support/api-client.ts';
import { constantMetrics } from '../support/constant-metrics.ts';
import { experiment } from '../support/experiments.ts';
import { analysisTemplate, canaryRollout, ingress, service, SHOP_ROUTE, SHOP_ROUTED } from '../support/manifests.ts';
import { onEachControlPlane, stageOn, storiesOn } from '../support/stories.ts';
import { conditionOf, until, type Scene } from '../support/world.ts';

const EXPERIMENTS = 'experiments.argoproj.io';
const BASELINE = { name: 'baseline', specRef: 'stable', metadata: { labels: { role: 'baseline' } } };
const CANARY = { name: 'canary', specRef: 'canary', metadata: { labels: { role: 'canary' } } };

onEachControlPlane('an Experiment as a step', { concurrency: 8 }, (name) => {
  const stage = stageOn(name);
  const prometheus = constantMetrics();
  const story = storiesOn(stage, 'step');

  /** A template by this name that measures always the same. */
  const measures = (
    template: string,
    value: number,
    metric: Readonly<Record<string, unknown>> = {},
    args?: readonly unknown[],
  ): Record<string, unknown> =>
    analysisTemplate({ name: template, address: prometheus.url, query: `vector(${value})`, metric, args });

  /** A Rollout that is stable with its first version, and whose update runs this as its first step. */
  const install = async (scene: Scene, step: unknown, spec: Readonly<Record<string, unknown>> = {}): Promise<void> => {
    await scene.apply(canaryRollout({ name: 'shop', replicas: 2, steps: [{ experiment: step }, { pause: {} }], spec }));
    await scene.untilPhase('shop', 'Healthy');
    assert.deepEqual(await scene.list(EXPERIMENTS), []);
  };

  story('compares both versions, and goes on when the measurement is good', async (scene) => {
    const args = ['stable', 'latest', 'baseline', 'canary'];
    await scene.apply(
      measures(
        'good',
        0.01,
        { count: 1 },
        args.map((argument) => ({ name: argument })),
      ),
    );
    await install(scene, {
      templates: [BASELINE, { ...CANARY, replicas: 2 }],
      analyses: [
        {
          name: 'compare',
          templateName: 'good',
          requiredForCompletion: true,
          args: [
            { name: 'stable', valueFrom: { podTemplateHashValue: 'Stable' } },
            { name: 'latest', valueFrom: { podTemplateHashValue: 'Latest' } },
            { name: 'baseline', value: '{{templates.baseline.podTemplateHash}}' },
            { name: 'canary', value: '{{templates.canary.podTemplateHash}}' },
          ],
        },
      ],
      scaleDownDelaySeconds: 0,
    });

    await scene.setImage('shop', 'shop:2');
    const paused = await scene.untilPhase('shop', 'Paused');

    const { status } = paused;
    assert.equal(status.message, 'CanaryPauseStep');
    assert.equal(status.currentStepIndex, 1);
    assert.equal(status.canary?.currentExperiment, undefined);
    const [ran] = await scene.list(EXPERIMENTS);
    assert.equal(ran?.metadata.name, `shop-${status.currentPodHash}-2-0`);
    assert.equal(ran?.metadata.labels?.['rollouts-pod-template-hash'], status.currentPodHash);
    assert.equal(ran?.metadata.annotations?.['rollout.argoproj.io/revision'], '2');
    assert.equal(ran?.['status'].phase, 'Successful');
    assert.equal(ran?.['spec'].progressDeadlineSeconds, undefined);
    const hashes = new Map(
      (await scene.list('replicasets.apps')).map(({ metadata }) => [
        metadata.annotations?.['experiment.argoproj.io/template-name'] ?? metadata.name,
        metadata.labels?.['rollouts-pod-template-hash'],
      ]),
    );
    assert.equal(new Set(hashes.values()).size, 4);
    const [run] = await scene.list('analysisruns.argoproj.io');
    assert.equal(run?.metadata.name, `${ran?.metadata.name}-compare`);
    assert.deepEqual(
      run?.['spec'].args.map((argument: { value: string }) => argument.value),
      [status.stableRS, status.currentPodHash, hashes.get('baseline'), hashes.get('canary')],
    );
    const images = new Map(
      (await scene.list('replicasets.apps')).map((replicaSet) => [
        replicaSet.metadata.annotations?.['experiment.argoproj.io/template-name'],
        replicaSet['spec'].template.spec.containers[0].image,
      ]),
    );
    assert.deepEqual([images.get('baseline'), images.get('canary')], ['shop:1', 'shop:2']);
    await until('the events', async () => {
      const lines = await scene.eventLines('shop');
      return (
        lines.includes(`Normal ExperimentCreated: Created Experiment '${ran?.metadata.name}'`) &&
        lines.includes('Normal RolloutStepCompleted: Rollout step 1/2 completed (experiment)') &&
        lines.some((line) => line.startsWith("Normal AnalysisRunSuccessful: AnalysisRun 'compare' transitioned"))
      );
    });
    const quiet = await stage.untilQuiet(scene);
    await stage.wakeAll();
    assert.deepEqual(await stage.untilQuiet(scene), quiet);
  });

  story('aborts the update when it fails, and runs another one when that is retried', async (scene) => {
    await scene.apply(measures('poor', 0.9));
    await install(scene, { templates: [CANARY], analyses: [{ name: 'errors', templateName: 'poor' }] });

    await scene.setImage('shop', 'shop:2');
    const aborted = await scene.untilPhase('shop', 'Degraded');

    const cause = 'Metric "error-rate" assessed Failed due to failed (1) > failureLimit (0)';
    const message = `Rollout aborted update to revision 2: Experiment analysis phase is error/failed: ${cause}`;
    assert.equal(aborted['status'].message, `RolloutAborted: ${message}`);
    assert.equal(aborted['status'].abort, true);
    assert.equal(aborted['status'].canary?.currentExperiment, undefined);

    await scene.apply(measures('poor', 0.01));
    await scene.patchStatus('shop', { abort: false });
    const again = await until('another Experiment', async () => {
      const found = await scene.list(EXPERIMENTS);
      return found.length === 2 ? found : undefined;
    });

    const names = again.map(({ metadata }) => metadata.name).sort();
    assert.deepEqual(names, [`shop-${aborted['status'].currentPodHash}-2-0`, `${names[0]}-1`]);
  });

  story('pauses when it is inconclusive, and runs another one when that is resumed', async (scene) => {
    await scene.apply(measures('vague', 0.07, { failureCondition: 'result[0] > 0.1' }));
    await install(scene, {
      templates: [CANARY],
      analyses: [{ name: 'errors', templateName: 'vague', requiredForCompletion: true }],
    });

    await scene.setImage('shop', 'shop:2');
    const paused = await scene.untilPhase('shop', 'Paused');

    assert.equal(paused['status'].message, 'InconclusiveExperiment');
    assert.equal(paused['status'].currentStepIndex, 0);
    assert.equal(paused['status'].controllerPause, true);
    assert.equal((await scene.list(EXPERIMENTS)).length, 1);

    await scene.apply(measures('vague', 0.01, { failureCondition: 'result[0] > 0.1' }));
    await scene.patchStatus('shop', { pauseConditions: null });
    const done = await scene.untilRollout('shop', 'at its pause', ({ status }) => status.currentStepIndex === 1);

    assert.equal((await scene.list(EXPERIMENTS)).length, 2);
    assert.equal(done['status'].canary?.currentExperiment, undefined);
  });

  story('proves nothing when somebody ends it: the update waits for who decides', async (scene) => {
    await scene.apply(measures('long', 0.01, { interval: '1h' }));
    await install(scene, { templates: [CANARY], analyses: [{ name: 'errors', templateName: 'long' }] });
    await scene.setImage('shop', 'shop:2');
    const ran = await untilMeasuring(scene);

    await scene.api.patch(scene.path(EXPERIMENTS, ran.metadata.name), { spec: { terminate: true } });
    const paused = await scene.untilPhase('shop', 'Paused');

    assert.equal(paused['status'].message, 'InconclusiveExperiment');
    const wait = `Experiment ${ran.metadata.name} proves nothing: it was ended before its time`;
    assert.equal(conditionOf(paused, 'Waiting')?.message, `${wait}; promote to measure again, or abort`);
  });

  story('proves nothing when somebody writes its verdict: the update waits for who decides', async (scene) => {
    await scene.apply(measures('forged', 0.01, { interval: '1h' }));
    await install(scene, { templates: [CANARY], analyses: [{ name: 'errors', templateName: 'forged' }] });
    await scene.setImage('shop', 'shop:2');
    const ran = await untilMeasuring(scene);

    await scene.api.patch(scene.path(EXPERIMENTS, ran.metadata.name), { status: { phase: 'Successful' } });
    const paused = await scene.untilPhase('shop', 'Paused');

    assert.equal(paused['status'].message, 'InconclusiveExperiment');
    assert.equal(paused['status'].currentStepIndex, 0);
    const wait = new RegExp(
      `^Experiment ${ran.metadata.name} proves nothing: status\\.phase \\(by .*\\) was written by hand`,
    );
    assert.match(conditionOf(paused, 'Waiting')?.message ?? '', wait);
  });

  const ends: readonly (readonly [string, (scene: Scene) => Promise<unknown>])[] = [
    ['an abort', (scene) => scene.patchStatus('shop', { abort: true })],
    ['a full promotion', (scene) => scene.patchStatus('shop', { promoteFull: true })],
    ['who skips the step', (scene) => scene.patchStatus('shop', { currentStepIndex: 1 })],
    ['a newer version', (scene) => scene.setImage('shop', 'shop:3')],
  ];
  for (const [title, deed] of ends) {
    story(`is ended by ${title}`, async (scene) => {
      await scene.apply(measures('endless', 0.01, { interval: '1h' }));
      await install(scene, { templates: [CANARY], analyses: [{ name: 'errors', templateName: 'endless' }] });
      await scene.setImage('shop', 'shop:2');
      const ran = await untilMeasuring(scene);
      const running = await scene.rollout('shop');
      assert.equal(running['status'].canary.currentExperiment, ran.metadata.name);
      assert.equal(conditionOf(running, 'Waiting')?.reason, 'Analysis');

      await deed(scene);

      const ended = await until('its end', async () => {
        const found = await scene.get(EXPERIMENTS, ran.metadata.name);
        return found?.['status'].phase === 'Successful' ? found : undefined;
      });
      assert.equal(ended['spec'].terminate, true);
    });
  }

  story('keeps to the limits of history, and goes with its version', async (scene) => {
    await install(
      scene,
      { templates: [CANARY], duration: '1s', scaleDownDelaySeconds: 0 },
      { analysis: { successfulRunHistoryLimit: 1 }, revisionHistoryLimit: 10 },
    );
    for (const image of ['shop:2', 'shop:3', 'shop:4']) {
      await scene.setImage('shop', image);
      await scene.untilRollout('shop', `paused with ${image}`, ({ status, spec, metadata }) => {
        const isSeen = status.observedGeneration === String(metadata.generation);
        return isSeen && spec.template.spec.containers[0].image === image && status.currentStepIndex === 1;
      });
    }

    await until('old Experiments to go', async () => (await scene.list(EXPERIMENTS)).length === 1);
  });

  story('gets another name where its own is somebody else’s', async (scene) => {
    await install(scene, { templates: [CANARY], duration: '1s', scaleDownDelaySeconds: 0 });
    const { status } = await scene.rollout('shop');
    const guess = await foreseenHash(scene);
    assert.notEqual(guess, status.currentPodHash);
    await scene.apply(experiment({ name: `shop-${guess}-2-0`, spec: { terminate: true } }));

    await scene.setImage('shop', 'shop:2');
    await scene.untilPhase('shop', 'Paused');

    assert.notEqual(await scene.get(EXPERIMENTS, `shop-${guess}-2-0-1`), undefined);
  });

  story(
    'gives its versions a part of the traffic while it runs, and takes it away before their pods go',
    async (scene) => {
      const templates = [
        { ...BASELINE, weight: 5 },
        { ...CANARY, weight: 10 },
      ];
      await scene.apply(
        ...SHOP_ROUTE,
        canaryRollout({
          name: 'shop',
          replicas: 2,
          steps: [
            { setWeight: 20 },
            { experiment: { templates, duration: '2s', scaleDownDelaySeconds: 0 } },
            { pause: {} },
          ],
          canary: SHOP_ROUTED,
        }),
      );
      await scene.untilPhase('shop', 'Healthy');
      await scene.setImage('shop', 'shop:2');

      const parted = await until('the parts', async () => {
        const refs = await backendsOf(scene);
        return refs.length === 4 ? refs : undefined;
      });
      const { status } = await scene.rollout('shop');
      const prefix = `shop-${status.currentPodHash}-2-1`;
      assert.deepEqual(parted, [
        ['shop-stable', 80, 65],
        ['shop-canary', 80, 20],
        [`${prefix}-baseline`, 8080, 5],
        [`${prefix}-canary`, 8080, 10],
      ]);
      const told = await scene.untilRollout('shop', 'told of the parts', (rollout) => {
        return rollout['status'].canary?.weights?.stable.weight === 65;
      });
      assert.deepEqual(
        told['status'].canary.weights.additional.map((one: Record<string, unknown>) => [
          one['serviceName'],
          one['weight'],
        ]),
        [
          [`${prefix}-baseline`, 5],
          [`${prefix}-canary`, 10],
        ],
      );

      const paused = await scene.untilPhase('shop', 'Paused');
      const withoutPods = await until('the pods of the Experiment to go', async () => {
        const own = (await scene.list('replicasets.apps')).filter(({ metadata }) => metadata.name.startsWith(prefix));
        return own.length === 2 && own.every((one) => one['spec'].replicas === 0);
      });
      assert.ok(withoutPods);
      assert.deepEqual(await backendsOf(scene), [
        ['shop-stable', 80, 80],
        ['shop-canary', 80, 20],
      ]);
      assert.equal(paused['status'].currentStepIndex, 2);
      await scene.untilRollout('shop', 'told that nobody has a part', ({ status: { canary } }) => {
        return canary.weights.additional === undefined && canary.weights.stable.weight === 80;
      });
    },
  );

  story('refuses weights behind a router that cannot give them, and templates that do not exist', async (scene) => {
    const weighted = { ...CANARY, weight: 5 };
    await scene.apply(
      service('shop-stable', 'shop'),
      service('shop-canary', 'shop'),
      ingress('shop', 'shop-stable'),
      canaryRollout({
        name: 'shop',
        steps: [{ experiment: { templates: [weighted], duration: '1s' } }],
        canary: {
          stableService: 'shop-stable',
          canaryService: 'shop-canary',
          trafficRouting: { nginx: { stableIngress: 'shop' } },
        },
      }),
      canaryRollout({
        name: 'lost',
        steps: [{ experiment: { templates: [CANARY], analyses: [{ name: 'a', templateName: 'missing' }] } }],
      }),
    );

    const refused = await scene.untilRollout('shop', 'refused', (object) => {
      return conditionOf(object, 'InvalidSpec') !== undefined;
    });
    const lost = await scene.untilRollout('lost', 'refused', (object) => {
      return conditionOf(object, 'InvalidSpec') !== undefined;
    });

    assert.match(
      conditionOf(refused, 'InvalidSpec')?.message ?? '',
      /templates\[0\]\.weight: Invalid value: 5: Experiment template weight is only available for TrafficRouting/,
    );
    assert.match(conditionOf(lost, 'InvalidSpec')?.message ?? '', /AnalysisTemplate 'missing' not found/);
  });
});

async function backendsOf(scene: Scene): Promise<readonly unknown[]> {
  const route = await scene.get('httproutes.gateway.networking.k8s.io', 'shop');
  return route?.['spec'].rules[0].backendRefs.map((ref: Record<string, unknown>) => [
    ref['name'],
    ref['port'],
    ref['weight'],
  ]);
}

function untilMeasuring(scene: Scene): Promise<Manifest> {
  return until('the Experiment to measure', async () => {
    const found = await scene.list(EXPERIMENTS);
    return found.find((one) => one['status']?.analysisRuns?.[0]?.phase === 'Running');
  });
}

/** The hash that the next version will have: that of a Rollout that has its template already. */
async function foreseenHash(scene: Scene): Promise<string> {
  const { spec } = await scene.rollout('shop');
  const [container] = spec.template.spec.containers;
  const template = {
    ...spec.template,
    spec: { ...spec.template.spec, containers: [{ ...container, image: 'shop:2' }] },
  };
  await scene.apply(canaryRollout({ name: 'twin', spec: { template, selector: spec.selector, replicas: 0 } }));
  const twin = await scene.untilPhase('twin', 'Healthy');
  return twin['status'].currentPodHash;
}
