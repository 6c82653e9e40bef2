import assert from 'node:assert/strict';
import { startFakePrometheus } from '../support/fake-prometheus.ts';
import { headgate, type CliOptions, type CliRun } from '../support/cli.ts';
import {
  analysisTemplate,
  blueGreenRollout,
  canaryRollout,
  measuredBy,
  podTemplate,
  service,
} from '../support/manifests.ts';
import { opened } from '../support/opened.ts';
import { onEachControlPlane, stageOn, storiesOn } from '../support/stories.ts';
import { until, type Scene } from '../support/world.ts';

const STEPS = [{ setWeight: 50 }, { pause: {} }, { setWeight: 75 }, { pause: {} }];

onEachControlPlane('kubectl headgate', { concurrency: 4 }, (name) => {
  const stage = stageOn(name);
  const prometheus = opened(startFakePrometheus, (fake) => fake.close());
  const plain = storiesOn(stage, 'cli');

  type Run = (line: string, options?: Partial<CliOptions>) => Promise<CliRun>;

  const story = (title: string, tell: (scene: Scene, run: Run) => Promise<void>): void =>
    plain(title, (scene) => {
      const { kubeconfig } = stage.cluster;
      return tell(scene, (line, options) =>
        headgate([...line.split(' '), '-n', scene.namespace], { kubeconfig, ...options }),
      );
    });

  /** Runs a verb that has to end well. */
  async function good(run: Run, line: string): Promise<string> {
    const { code, out, err } = await run(line);
    assert.equal(code, 0, `${line}: ${out}${err}`);
    return out;
  }

  story('leads a canary through its steps', async (scene, run) => {
    await scene.apply(canaryRollout({ name: 'shop', replicas: 2, steps: STEPS }));
    assert.match(await good(run, 'status shop --timeout 30s'), /Healthy\n$/);

    assert.match(await good(run, 'set image shop main=shop:2'), /rollout 'shop' image updated/);
    await scene.untilPhase('shop', 'Paused');
    assert.equal(await good(run, 'status shop --watch=false'), 'Paused - CanaryPauseStep\n');
    assert.match(await good(run, 'list'), /^shop +Canary +Paused +1\/4 +50 +2\/2 +2 +1 +2 +\w+$/m);
    assert.match(await good(run, 'explain shop'), /step 2 of 4 pauses until it is promoted/);
    const tree = await good(run, 'get rollout shop');
    assert.match(tree, /✔ setWeight: 50 {2}▶ pause {2}○ setWeight: 75 {2}○ pause/);
    assert.match(tree, /⧉ shop-\w+ +ReplicaSet +✔ Healthy +\w+ +canary\n.*□ shop-.* Pod +✔ Running +\w+ +ready:1\/1/);
    assert.match(tree, /⧉ shop-\w+ +ReplicaSet +✔ Healthy +\w+ +stable\n/);

    // Held by hand, too: a promotion ends both.
    await good(run, 'pause shop');
    await scene.untilRollout('shop', 'held by hand', ({ status }) => status.message === 'manually paused');
    await good(run, 'promote shop');
    await scene.untilRollout('shop', 'paused again', ({ status }) => {
      return status.phase === 'Paused' && status.currentStepIndex === 3;
    });
    await good(run, 'skip shop');
    assert.match(await good(run, 'status shop --timeout 30s'), /Healthy\n$/);

    assert.match(await good(run, 'promote shop'), /has nothing to promote, as no update is under way/);
    const history = await good(run, 'history shop');
    assert.match(history, /^2 +stable +shop-\w+ +2 +\w+ +shop:2/m);
    assert.match(history, /^1 +- +shop-\w+ +0 +\w+ +shop:1/m);
  });

  story('aborts, tries again, and goes back; events tell who asked', async (scene, run) => {
    await scene.apply(canaryRollout({ name: 'shop', replicas: 2, steps: STEPS }));
    await scene.untilPhase('shop', 'Healthy');
    await good(run, 'set image shop *=shop:2');
    await scene.untilPhase('shop', 'Paused');

    assert.match(await good(run, 'abort shop'), /^rollout 'shop' aborted in namespace cli-/);
    await scene.untilPhase('shop', 'Degraded');
    const degraded = await run('status shop');
    assert.deepEqual(
      [degraded.code, degraded.out],
      [1, 'Degraded - RolloutAborted: Rollout aborted update to revision 2\n'],
    );
    assert.match(await good(run, 'explain shop'), /headgate undo shop --to-revision 1 -n cli-/);

    await good(run, 'retry shop');
    await scene.untilPhase('shop', 'Paused');
    await good(run, 'promote shop --full');
    await good(run, 'status shop --timeout 30s');
    await good(run, 'undo shop --to-revision 1');
    await scene.untilPhase('shop', 'Paused');
    const { template } = (await scene.rollout('shop'))['spec'];
    assert.deepEqual(template.metadata, { labels: { app: 'shop' } });
    assert.equal(template.spec.containers[0].image, 'shop:1');
    const commands = await until('all commands to be told', async () => {
      const lines = (await scene.eventLines('shop')).filter((line) => line.startsWith('Normal RolloutCommand'));
      return lines.length === 3 ? [...lines].sort() : undefined;
    });
    assert.deepEqual(commands, [
      'Normal RolloutCommand: Accepted abort by kubectl-headgate',
      'Normal RolloutCommand: Accepted promote full by kubectl-headgate',
      'Normal RolloutCommand: Accepted retry by kubectl-headgate',
    ]);
  });

  story('pauses and resumes by hand, and restarts', async (scene, run) => {
    await scene.apply(canaryRollout({ name: 'shop', replicas: 2 }));
    await scene.untilPhase('shop', 'Healthy');

    await good(run, 'pause shop');
    await scene.untilPhase('shop', 'Paused');
    assert.match(await good(run, 'explain shop'), /resume shop/);
    const timedOut = await run('status shop --timeout 50ms');
    assert.equal(timedOut.code, 2);
    assert.match(timedOut.err, /is still Paused after the time given; ask why: headgate explain shop -n cli-/);
    await good(run, 'resume shop');
    await scene.untilPhase('shop', 'Healthy');

    const before = (await scene.list('pods')).map(({ metadata }) => metadata.name);
    await good(run, 'restart shop');
    await scene.untilRollout('shop', 'restarted', ({ status, spec }) => {
      return status.restartedAt === spec.restartAt && status.phase === 'Healthy' && status.availableReplicas === 2;
    });
    const left = (await scene.list('pods')).filter(
      ({ metadata }) => before.includes(metadata.name) && metadata.deletionTimestamp === undefined,
    );
    assert.deepEqual(left, []);
  });

  story('switches blue-green, and changes the image of a referenced Deployment', async (scene, run) => {
    await scene.apply(
      service('shop-active', 'shop'),
      service('shop-preview', 'shop'),
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'work' },
        spec: { replicas: 0, selector: { matchLabels: { app: 'shop' } }, template: podTemplate('shop', 'shop:1') },
      },
      withoutTemplate(blueGreenRollout({ name: 'shop', blueGreen: { autoPromotionEnabled: false } })),
    );
    await scene.untilPhase('shop', 'Healthy');

    assert.match(await good(run, 'set image shop main=shop:2'), /^deployment 'work' image updated/);
    await scene.untilPhase('shop', 'Paused');
    assert.match(await good(run, 'get shop'), /Strategy: +BlueGreen[^]*preview/);
    await good(run, 'promote shop');
    await good(run, 'status shop --timeout 30s');
    assert.match(await good(run, 'get shop'), /shop:2 \(active, stable\)/);

    assert.match(await good(run, 'undo shop'), /back to the template of revision 1/);
    assert.match(await good(run, 'undo shop --to-revision 1'), /has the template of revision \d already/);
  });

  story('shows a measurement, and ends it early', async (scene, run) => {
    prometheus.answer('cli_story', { value: 0.01 });
    const metric = { interval: '1h', count: 3 };
    await scene.apply(
      analysisTemplate({ name: 'errors', address: prometheus.url, query: 'cli_story', metric }),
      canaryRollout({
        name: 'shop',
        steps: [{ setWeight: 50 }, measuredBy('errors'), { pause: {} }],
      }),
    );
    await scene.untilPhase('shop', 'Healthy');
    await scene.setImage('shop', 'shop:2');
    const run1 = await until('a measurement', async () => {
      const [found] = await scene.list('analysisruns.argoproj.io');
      return found?.['status']?.metricResults?.[0]?.successful === 1 ? found : undefined;
    });

    assert.match(
      await good(run, 'explain shop'),
      /error-rate: Running, 1 of 3 good, 0 bad \(0 allowed\), last \[0\.01\]; next in \d+m/,
    );
    assert.doesNotMatch(await good(run, 'explain shop'), /without any progress/);
    const shown = await good(run, `get analysisrun ${run1.metadata.name}`);
    assert.match(shown, /^error-rate +◌ Running +1 of 3 good, 0 bad \(0 allowed\) +\[0\.01\] +in \d+m$/m);
    assert.match(await good(run, 'get shop'), /α shop-\S+ +AnalysisRun +◌ Running +\w+ +✔ 1/);

    await good(run, `terminate analysisrun ${run1.metadata.name}`);
    await scene.untilPhase('shop', 'Paused');
  });

  story('runs a failed Experiment again', async (scene, run) => {
    prometheus.answer('cli_trial', { value: 0.9 });
    const template = {
      name: 'a',
      selector: { matchLabels: { app: 'trial' } },
      template: podTemplate('trial', 'shop:1'),
    };
    await scene.apply(analysisTemplate({ name: 'errors', address: prometheus.url, query: 'cli_trial' }), {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Experiment',
      metadata: { name: 'trial' },
      spec: { templates: [template], analyses: [{ name: 'errors', templateName: 'errors' }] },
    });
    const failed = (count: number): Promise<unknown> =>
      until(`${count} failed runs`, async () => {
        const runs = await scene.list('analysisruns.argoproj.io');
        const experiment = await scene.get('experiments.argoproj.io', 'trial');
        return runs.length === count && experiment?.['status']?.phase === 'Failed';
      });
    await failed(1);
    const shown = await good(run, 'get experiment trial');
    assert.match(shown, /Status: +✖ Failed[^]*Σ trial[^]*⧉ \S+ +ReplicaSet[^]*α \S+ +AnalysisRun +✖ Failed +\w+ +✖ 1/);

    await good(run, 'retry experiment trial');
    await failed(2);
    assert.match(await good(run, 'list experiments'), /^trial +Failed/m);
  });

  story('watches: each new state is shown, until the user ends it', async (scene, run) => {
    await scene.apply(canaryRollout({ name: 'shop', steps: STEPS }));
    await scene.untilPhase('shop', 'Healthy');
    const over = new AbortController();
    let begun = false;
    const watching = run('get shop -w', {
      over: over.signal,
      screen: { columns: 100, rows: 50 },
      onOut: (out) => {
        begun ||= out.includes('Healthy');
        if (out.includes('CanaryPauseStep')) over.abort();
      },
    });
    await until('the first frame', async () => Promise.resolve(begun));
    await scene.setImage('shop', 'shop:2');

    const { code, out } = await watching;

    assert.equal(code, 0);
    const escape = String.fromCodePoint(27);
    assert.ok(out.startsWith(`${escape}[2J${escape}[H`));
    assert.match(out, /Status: .*Healthy[^]*Status: .*Paused/);
  });

  story('says what is there when a name is wrong, and where it looked', async (scene, run) => {
    await scene.apply(canaryRollout({ name: 'shop' }));

    const wrong = await run('promote shp');

    assert.equal(wrong.code, 1);
    assert.match(
      wrong.err,
      /^headgate: rollout 'shp' not found in namespace cli-\S+ \(context \S+\); there are shop\. Name another namespace with -n\n$/,
    );
    assert.equal((await run('abort shp')).err, wrong.err);
  });

  story('completes names', async (scene, run) => {
    await scene.apply(canaryRollout({ name: 'shop' }), canaryRollout({ name: 'web' }));
    const { kubeconfig } = stage.cluster;

    const words = ['__complete', '--', 'promote', '-n', scene.namespace, '--kubeconfig', kubeconfig, 's'];
    const { out } = await headgate(words, {});

    assert.equal(out, 'shop\n:4\n');
    assert.equal((await run('list rollouts -o json')).code, 0);
  });

  if (name === 'embedded') return;

  // Only a real API server enforces roles.
  story('needs no more than the right to what it shows and does', async (scene, run) => {
    await scene.apply(canaryRollout({ name: 'shop', steps: STEPS }));
    await scene.untilPhase('shop', 'Healthy');
    await allow(scene, [
      {
        apiGroups: ['argoproj.io'],
        resources: ['rollouts'],
        resourceNames: ['shop'],
        verbs: ['get'],
      },
      { apiGroups: ['argoproj.io'], resources: ['rollouts/status'], verbs: ['patch'] },
    ]);
    const asJane: Run = (line) => run(`${line} --as jane`);
    await until('the role to be known', async () => (await asJane('status shop --watch=false')).code === 0);

    const shown = await good(asJane, 'get shop');
    assert.match(shown, /Status: +✔ Healthy/);
    assert.match(shown, /you may not list them in namespace \S+: analysisruns, experiments, jobs, pods, replicasets$/m);
    assert.match(await good(asJane, 'status shop --timeout 20s'), /Healthy/);
    assert.match(await good(asJane, 'explain shop'), /you may not list/);
    await good(asJane, 'abort shop');

    // What may not be watched is read again and again.
    await good(run, 'set image shop main=shop:2');
    await scene.untilPhase('shop', 'Paused');
    const waiting = asJane('status shop --timeout 30s');
    await good(run, 'promote shop --full');
    const { code, out, err } = await waiting;
    assert.deepEqual([code, out.split('\n').at(-2)], [0, 'Healthy']);
    assert.match(err, /^note: Rollout: watching failed, trying again: .*forbidden/);

    const refused = await asJane('pause shop');
    assert.equal(refused.code, 1);
    assert.match(
      refused.err,
      /you may not patch rollouts\.argoproj\.io in namespace \S+ \(context \S+\): ask for a Role/,
    );
    assert.match((await asJane('list')).err, /you may not list rollouts\.argoproj\.io/);
  });
});

function withoutTemplate(rollout: Record<string, unknown>): Record<string, unknown> {
  const { template: _template, selector: _selector, ...spec } = rollout['spec'] as Record<string, unknown>;
  return { ...rollout, spec: { ...spec, workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'work' } } };
}

/** Gives the user jane these rights in the namespace of the scene. */
async function allow(scene: Scene, rules: readonly unknown[]): Promise<void> {
  const apiGroup = 'rbac.authorization.k8s.io';
  const path = `/apis/${apiGroup}/v1/namespaces/${scene.namespace}`;
  const metadata = { name: 'jane' };
  await scene.api.create(`${path}/roles`, { apiVersion: `${apiGroup}/v1`, kind: 'Role', metadata, rules });
  await scene.api.create(`${path}/rolebindings`, {
    apiVersion: `${apiGroup}/v1`,
    kind: 'RoleBinding',
    metadata,
    roleRef: { apiGroup, kind: 'Role', name: 'jane' },
    subjects: [{ apiGroup, kind: 'User', name: 'jane' }],
  });
}
