import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AnalysisPhase, AnalysisRun } from '../../api/analysis.ts';
import type { Experiment, ExperimentSpec, ExperimentStatus, ExperimentTemplate } from '../../api/experiment.ts';
import type { KubeWrite } from '../../api/kube-write.ts';
import { POD_TEMPLATE_HASH_LABEL, SCALE_DOWN_DEADLINE_ANNOTATION } from '../../api/labels.ts';
import type { ReplicaSet, Service } from '../../api/workloads.ts';
import { applyMergePatch, mergePatchBetween } from '../../lib/merge-patch.ts';
import { decideExperiment, type ExperimentDecision } from './decide-experiment.ts';
import type { ExperimentObservation } from './observation.ts';

const NOW_MS = Date.parse('2026-01-01T10:00:00Z');
const SECOND = 1_000;

describe('the versions of an Experiment', () => {
  test('are made at their size, with a hash of their own', () => {
    const decision = decideExperiment(see({ templates: [template('one', { replicas: 3 }), template('two')] }));

    assert.equal(decision.status.phase, 'Pending');
    const made = createdReplicaSets(decision);
    assert.deepEqual(
      made.map(({ metadata, spec }) => [metadata.name, spec.replicas]),
      [
        ['ab-one', 3],
        ['ab-two', 1],
      ],
    );
    assert.notEqual(hash(made[0]), hash(made[1]));
  });

  test('of the same template are told apart all the same, and from the pods that the template was taken from', () => {
    const same = { app: 'shop' };
    const first = template('one', {}, same);
    const alone = createdReplicaSets(decideExperiment(see({ templates: [first] })))[0];
    const taken = template('one', {}, { ...same, [POD_TEMPLATE_HASH_LABEL]: hash(alone) });

    const made = createdReplicaSets(decideExperiment(see({ templates: [taken, template('two', {}, same)] })));

    assert.equal(new Set([hash(alone), ...made.map(hash)]).size, 3);
    assert.equal(made[0]?.spec.template.metadata?.labels?.[POD_TEMPLATE_HASH_LABEL], hash(made[0]));
  });

  test('that lose a pod are waited for again, and fail when it does not come back', () => {
    const world = running({ progressDeadlineSeconds: 60 });
    const short = { ...world, replicaSets: world.replicaSets.map((one) => withPods(one, 0)), nowMs: NOW_MS + SECOND };

    const waiting = decideExperiment(short);
    const late = decideExperiment(after(short, waiting, { nowMs: NOW_MS + 62_001 }));

    assert.equal(waiting.status.phase, 'Pending');
    assert.equal(waiting.status.templateStatuses?.[0]?.status, 'Progressing');
    assert.equal(waiting.wakeAtMs, NOW_MS + SECOND + 60_000 + 1);
    assert.equal(late.status.phase, 'Failed');
    assert.equal(late.status.message, "Template 'one' exceeded its progressDeadlineSeconds (60)");
  });

  test('are looked for by their annotations, so those that another controller made are continued', () => {
    const [made] = createdReplicaSets(decideExperiment(see({})));
    assert.ok(made);
    const foreign = withPods(
      { ...made, metadata: { ...made.metadata, labels: { [POD_TEMPLATE_HASH_LABEL]: 'x' } } },
      1,
    );

    const decision = decideExperiment(
      see(
        { duration: '10m', analyses: [analysis('errors')] },
        {
          replicaSets: [foreign],
          status: {
            phase: 'Running',
            availableAt: '2026-01-01T09:55:00Z',
            templateStatuses: [
              {
                name: 'one',
                replicas: 1,
                updatedReplicas: 1,
                readyReplicas: 1,
                availableReplicas: 1,
                status: 'Running',
                lastTransitionTime: '2026-01-01T09:55:00Z',
              },
            ],
            analysisRuns: [{ name: 'errors', analysisRun: 'ab-errors', phase: 'Running' }],
          },
          analysisRuns: [run('ab-errors', 'Running')],
        },
      ),
    );

    assert.deepEqual(decision.writes, []);
    assert.equal(decision.status.phase, 'Running');
    // A time in whole seconds may have been cut down.
    assert.equal(decision.wakeAtMs, Date.parse('2026-01-01T10:05:01Z'));
  });
});

describe('the end of an Experiment', () => {
  test('comes after its time, never before', () => {
    const world = running({ duration: '30s' });
    const at = (nowMs: number): AnalysisPhase | undefined => decideExperiment({ ...world, nowMs }).status.phase;

    assert.equal(at(NOW_MS + 29_999), 'Running');
    assert.equal(at(NOW_MS + 30_000), 'Successful');
  });

  test('leaves the pods for the delay, from when it is seen', () => {
    const world = running({ duration: '30s', scaleDownDelaySeconds: 10 });
    const ended = decideExperiment({ ...world, nowMs: NOW_MS + 30_000 });

    const [write] = ended.writes;
    assert.deepEqual(write?.verb === 'patch' ? write.body : undefined, {
      metadata: {
        resourceVersion: undefined,
        annotations: { [SCALE_DOWN_DEADLINE_ANNOTATION]: '2026-01-01T10:00:40.000Z' },
      },
    });
    assert.equal(ended.wakeAtMs, NOW_MS + 40_000);
    const delayed = after(world, ended, { nowMs: NOW_MS + 39_999 });
    assert.deepEqual(decideExperiment(delayed).writes, []);
    const [down] = decideExperiment({ ...delayed, nowMs: NOW_MS + 40_000 }).writes;
    assert.deepEqual(down?.verb === 'patch' ? (down.body as { spec: unknown }).spec : undefined, { replicas: 0 });
  });

  test('leaves the pods that have a part of the traffic until it is gone', () => {
    const spec = { duration: '30s', scaleDownDelaySeconds: 0, templates: [template('one', { service: {} })] };
    const services = created(decideExperiment(see(spec)), 'services') as readonly Service[];
    const withPort = { ...running(spec), services, nowMs: NOW_MS + 30_000, weighted: ['ab-one'] };

    const held = decideExperiment(withPort);
    const freed = decideExperiment({ ...after(withPort, held), weighted: [] });

    assert.equal(held.status.phase, 'Successful');
    assert.deepEqual(scaled(held), []);
    assert.deepEqual(scaled(freed), [0]);
  });

  test('takes the Service away once its pods are told to go, though they still answer', () => {
    const spec = { duration: '30s', scaleDownDelaySeconds: 0, templates: [template('one', { service: {} })] };
    const services = created(decideExperiment(see(spec)), 'services') as readonly Service[];
    const world = { ...running(spec), services, nowMs: NOW_MS + 30_000 };
    const told = world.replicaSets.map((one) => ({ ...one, spec: { ...one.spec, replicas: 0 } }));

    const verbs = (seen: ExperimentObservation) => decideExperiment(seen).writes.map(({ verb }) => verb);

    assert.deepEqual(verbs(world), ['patch']);
    assert.deepEqual(verbs({ ...world, replicaSets: told }), ['delete']);
  });

  test('takes the deadline off again when it is begun anew', () => {
    const world = running({ duration: '30s', scaleDownDelaySeconds: 10 });
    const ended = after(world, decideExperiment({ ...world, nowMs: NOW_MS + 30_000 }), { nowMs: NOW_MS + 31_000 });

    const again = decideExperiment({ ...ended, experiment: { ...ended.experiment, status: undefined } });

    const [write] = again.writes;
    const body = write?.verb === 'patch' ? (write.body as { metadata: { annotations: unknown } }) : undefined;
    assert.deepEqual(body?.metadata.annotations, { [SCALE_DOWN_DEADLINE_ANNOTATION]: null });
    assert.equal(again.status.availableAt, '2026-01-01T10:00:31.000Z');
  });

  const verdicts: readonly (readonly [string, Partial<ExperimentSpec>, readonly AnalysisRun[], string, string?])[] = [
    ['a failed analysis', {}, [run('ab-errors', 'Failed', 'bad')], 'Failed', 'bad'],
    ['an analysis in error', {}, [run('ab-errors', 'Error', 'no')], 'Error', 'no'],
    ['an inconclusive analysis', {}, [run('ab-errors', 'Inconclusive', 'hm')], 'Inconclusive', 'hm'],
    ['a good analysis without a duration goes on', {}, [run('ab-errors', 'Successful')], 'Running'],
    [
      'a good required analysis',
      REQUIRED(),
      [run('ab-errors', 'Successful')],
      'Successful',
      'Required AnalysisRuns completed',
    ],
    ['a required analysis that goes on', REQUIRED(), [run('ab-errors', 'Running')], 'Running'],
    [
      'a required analysis that measured nothing',
      REQUIRED(),
      [unmeasured('ab-errors')],
      'Inconclusive',
      "Analysis 'errors' proves nothing: it ended before it had measured m",
    ],
    [
      'a required analysis that somebody ended',
      REQUIRED(),
      [cutShort('ab-errors')],
      'Inconclusive',
      "Analysis 'errors' proves nothing: it was ended while it measured m",
    ],
    ['its end, with a good analysis', { duration: '0s' }, [run('ab-errors', 'Successful')], 'Successful'],
    ['its end, while an analysis goes on', { duration: '0s' }, [run('ab-errors', 'Running')], 'Running'],
    ['its end, with an analysis that it ended itself', { duration: '0s' }, [cutShort('ab-errors')], 'Successful'],
    [
      'its end, with one that measured nothing',
      { duration: '0s' },
      [unmeasured('ab-errors')],
      'Inconclusive',
      "Analysis 'errors' proves nothing: it ended before it had measured m",
    ],
    ['a termination, while an analysis goes on', { terminate: true }, [run('ab-errors', 'Running')], 'Running'],
    [
      'a termination after measurements',
      { terminate: true },
      [cutShort('ab-errors')],
      'Successful',
      'Experiment Terminated',
    ],
    [
      'a termination before any',
      { terminate: true },
      [unmeasured('ab-errors')],
      'Successful',
      'Experiment Terminated (not measured: errors)',
    ],
    [
      'a termination that finds something bad',
      { terminate: true },
      [run('ab-errors', 'Failed', 'bad')],
      'Failed',
      'bad',
    ],
  ];
  for (const [title, spec, analysisRuns, phase, message] of verdicts) {
    test(`${title}: ${phase}`, () => {
      const world = running({ analyses: [analysis('errors')] });
      const measuring = after(world, decideExperiment(world));
      const experiment = { ...measuring.experiment, spec: { ...measuring.experiment.spec, ...spec } };

      const decision = decideExperiment({ ...measuring, experiment, analysisRuns });

      assert.equal(decision.status.phase, phase);
      assert.equal(decision.status.message, message);
    });
  }

  test('ends the analyses that nobody waits for, and says so', () => {
    const world = running({ analyses: [analysis('errors')], duration: '1s' });
    const measuring = after(world, decideExperiment(world));

    const decision = decideExperiment({
      ...measuring,
      nowMs: NOW_MS + SECOND,
      analysisRuns: [run('ab-errors', 'Running')],
    });

    const [write] = decision.writes;
    assert.deepEqual(write?.verb === 'patch' ? [write.ref.name, write.body] : undefined, [
      'ab-errors',
      { metadata: { resourceVersion: undefined }, spec: { terminate: true } },
    ]);
    assert.ok(decision.deeds.some(({ message }) => message === 'Terminating errors (ab-errors)'));
  });
});

describe('the analyses of an Experiment', () => {
  test('go on when they are seen before the status that records them', () => {
    const recorded = running({ analyses: [analysis('errors')] });
    const [made] = createdRuns(decideExperiment(recorded));
    assert.ok(made);
    const old = { ...see({ analyses: [analysis('errors')] }), analysisRuns: [made] };

    const decision = decideExperiment(old);

    assert.equal(decision.status.analysisRuns, undefined);
    assert.deepEqual(
      decision.writes.filter(({ verb }) => verb === 'patch'),
      [],
    );
  });

  test('begin when all versions are available, with what is known then', () => {
    const args = [
      { name: 'hash', value: '{{templates.one.podTemplateHash}}' },
      { name: 'pods', value: 'of {{ templates.one.replicaset.name }}' },
      { name: 'from', value: '{{experiment.availableAt}}' },
      { name: 'to', value: '{{experiment.finishedAt}}' },
      { name: 'token', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
    ];
    const world = running({ analyses: [{ ...analysis('errors'), args }], duration: '5m' });

    const decision = decideExperiment({
      ...world,
      analysisTemplates: templates(args.map(({ name }) => ({ name }))),
    });

    const [made] = createdRuns(decision);
    assert.equal(made?.metadata.name, 'ab-errors');
    assert.deepEqual(made?.spec.args, [
      { name: 'hash', value: hash(world.replicaSets[0]) },
      { name: 'pods', value: 'of ab-one' },
      { name: 'from', value: '2026-01-01T10:00:00Z' },
      { name: 'to', value: '2026-01-01T10:05:00Z' },
      { name: 'token', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
    ]);
    assert.deepEqual(decision.status.analysisRuns, [{ name: 'errors', analysisRun: 'ab-errors', phase: 'Pending' }]);
  });

  test('that nothing is known of are an error', () => {
    const args = [{ name: 'hash', value: '{{templates.three.podTemplateHash}}' }];
    const world = running({ analyses: [{ ...analysis('errors'), args }] });

    const { status } = decideExperiment({ ...world, analysisTemplates: templates([{ name: 'hash' }]) });

    const cause = 'failed to resolve {{templates.three.podTemplateHash}}';
    assert.equal(status.phase, 'Error');
    assert.equal(status.message, `Failed to create AnalysisRun for analysis 'errors': ${cause}`);
  });

  test('wait a little for a template that is not seen yet', () => {
    const world = see({ analyses: [analysis('errors')] }, { analysisTemplates: {} });

    const early = decideExperiment(world);
    const late = decideExperiment({ ...world, nowMs: NOW_MS + 5_000 });

    assert.equal(early.status.phase, 'Pending');
    assert.equal(early.wakeAtMs, NOW_MS + 5_000);
    assert.equal(late.status.phase, 'Error');
    const cause = 'analysistemplate.argoproj.io "errors" not found';
    assert.equal(late.status.message, `AnalysisTemplate verification failed for analysis 'errors': ${cause}`);
    assert.deepEqual(late.writes, []);
  });

  test('are made again when the controller died before, and are an error when somebody deleted them', () => {
    const world = running({ analyses: [analysis('errors')] });
    const recorded = after(world, decideExperiment(world));

    assert.equal(createdRuns(decideExperiment(recorded))[0]?.metadata.name, 'ab-errors');
    const seen = after(
      { ...recorded, analysisRuns: [run('ab-errors', 'Running')] },
      decideExperiment({ ...recorded, analysisRuns: [run('ab-errors', 'Running')] }),
    );
    const gone = decideExperiment({ ...seen, analysisRuns: [] });
    assert.equal(gone.status.phase, 'Error');
    assert.equal(gone.status.message, 'analysisruns.argoproj.io "ab-errors" not found');
  });
});

test('an unchanged world brings the same status and no writes, at every moment of a life', () => {
  let world: ExperimentObservation = see({ duration: '10s', scaleDownDelaySeconds: 5, analyses: [analysis('errors')] });
  let passes = 0;
  for (; passes < 40; passes += 1) {
    const decision = decideExperiment(world);
    const done = carriedOut(world, decision);
    const again = decideExperiment(done);
    assert.equal(mergePatchBetween(done.experiment.status ?? {}, again.status), undefined);
    assert.deepEqual(again.writes, []);
    const moved = lived(done);
    if (moved === done && decision.wakeAtMs === undefined) break;
    world = moved === done ? { ...done, nowMs: decision.wakeAtMs ?? done.nowMs } : moved;
  }

  assert.equal(world.experiment.status?.phase, 'Successful');
  assert.deepEqual(
    world.replicaSets.map(({ spec }) => spec.replicas),
    [0],
  );
  assert.ok(passes > 4 && passes < 40);
});

function REQUIRED(): Partial<ExperimentSpec> {
  return { analyses: [{ ...analysis('errors'), requiredForCompletion: true }] };
}

function analysis(name: string): NonNullable<ExperimentSpec['analyses']>[number] {
  return { name, templateName: name };
}

function template(
  name: string,
  changes: Partial<ExperimentTemplate> = {},
  labels: Readonly<Record<string, string>> = { app: name },
): ExperimentTemplate {
  return {
    name,
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: { containers: [{ name: 'main', image: 'shop:1', ports: [{ containerPort: 8080 }] }] },
    },
    ...changes,
  };
}

function templates(args: readonly { readonly name: string }[] = []): ExperimentObservation['analysisTemplates'] {
  return { errors: { spec: { metrics: [{ name: 'm', provider: {} }], args: [...args] } } };
}

interface Seen extends Partial<Omit<ExperimentObservation, 'experiment'>> {
  readonly status?: ExperimentStatus;
}

function see(spec: Partial<ExperimentSpec>, { status, ...seen }: Seen = {}): ExperimentObservation {
  const experiment: Experiment = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Experiment',
    metadata: { name: 'ab', namespace: 'shop', uid: 'u', creationTimestamp: '2026-01-01T10:00:00Z' },
    spec: { templates: [template('one')], ...spec },
    ...(status === undefined ? {} : { status }),
  };
  return {
    nowMs: NOW_MS,
    experiment,
    replicaSets: [],
    services: [],
    analysisRuns: [],
    analysisTemplates: templates(),
    clusterAnalysisTemplates: {},
    taken: { replicaSets: [], analysisRuns: [] },
    refusals: [],
    weighted: [],
    ...seen,
  };
}

/** All versions have just become available; the pass that sees it is still to come, or is recorded without analyses. */
function running(spec: Partial<ExperimentSpec>): ExperimentObservation {
  const empty = see(spec);
  const made = createdReplicaSets(decideExperiment(empty));
  const world = { ...empty, replicaSets: made.map((one) => withPods(one, one.spec.replicas ?? 1)) };
  return spec.analyses === undefined ? after(world, decideExperiment(world)) : world;
}

/** The world once this was recorded; of what was written only annotations are there. */
function after(
  world: ExperimentObservation,
  decision: ExperimentDecision,
  changes: Partial<ExperimentObservation> = {},
): ExperimentObservation {
  const replicaSets = world.replicaSets.map((replicaSet) => {
    const write = decision.writes.find((one) => one.verb === 'patch' && one.ref.name === replicaSet.metadata.name);
    return write?.verb === 'patch' ? (applyMergePatch(replicaSet, write.body) as ReplicaSet) : replicaSet;
  });
  return { ...world, experiment: { ...world.experiment, status: decision.status }, replicaSets, ...changes };
}

/** The world once everything that was wanted is there; pods have not moved yet. */
function carriedOut(world: ExperimentObservation, decision: ExperimentDecision): ExperimentObservation {
  const done = after(world, decision);
  const terminated = decision.writes.flatMap((write) =>
    write.verb === 'patch' && write.ref.kind.plural === 'analysisruns' ? [write.ref.name] : [],
  );
  return {
    ...done,
    replicaSets: [...done.replicaSets, ...createdReplicaSets(decision)],
    analysisRuns: [...done.analysisRuns, ...createdRuns(decision)].map((one) =>
      terminated.includes(one.metadata.name) ? { ...one, spec: { ...one.spec, terminate: true } } : one,
    ),
  };
}

/** Pods come and go, runs measure and end. */
function lived(world: ExperimentObservation): ExperimentObservation {
  const unsettled = world.replicaSets.some(({ spec, status }) => (status?.replicas ?? 0) !== spec.replicas);
  if (unsettled)
    return { ...world, replicaSets: world.replicaSets.map((one) => withPods(one, one.spec.replicas ?? 1)) };
  const fresh = world.analysisRuns.some(({ status }) => status === undefined);
  if (fresh) return { ...world, analysisRuns: world.analysisRuns.map((one) => run(one.metadata.name, 'Running')) };
  const ending = world.analysisRuns.some(({ spec, status }) => spec.terminate === true && status?.phase === 'Running');
  if (ending) return { ...world, analysisRuns: world.analysisRuns.map((one) => cutShort(one.metadata.name)) };
  return world;
}

function withPods(replicaSet: ReplicaSet, pods: number): ReplicaSet {
  return { ...replicaSet, status: { replicas: pods, readyReplicas: pods, availableReplicas: pods } };
}

function run(name: string, phase: AnalysisPhase, message?: string): AnalysisRun {
  const measured = { name: 'm', phase, count: 1, successful: 1, measurements: [{ phase: 'Successful' as const }] };
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisRun',
    metadata: { name, namespace: 'shop' },
    spec: { metrics: [{ name: 'm', provider: {} }] },
    status: { phase, metricResults: [measured], ...(message === undefined ? {} : { message }) },
  };
}

function unmeasured(name: string): AnalysisRun {
  return { ...run(name, 'Successful'), status: { phase: 'Successful', metricResults: [] } };
}

function cutShort(name: string): AnalysisRun {
  const whole = run(name, 'Successful', 'Run Terminated');
  return { ...whole, spec: { metrics: [{ name: 'm', interval: '1m', provider: {} }], terminate: true } };
}

function createdReplicaSets(decision: ExperimentDecision): readonly ReplicaSet[] {
  return created(decision, 'replicasets') as readonly ReplicaSet[];
}

function scaled(decision: ExperimentDecision): readonly unknown[] {
  return decision.writes.flatMap((write) =>
    write.verb === 'patch' ? [(write.body as { spec?: { replicas?: number } }).spec?.replicas] : [],
  );
}

function createdRuns(decision: ExperimentDecision): readonly AnalysisRun[] {
  return created(decision, 'analysisruns') as readonly AnalysisRun[];
}

function created(decision: ExperimentDecision, plural: string): readonly unknown[] {
  return decision.writes.flatMap((write: KubeWrite) =>
    write.verb === 'create' && write.kind.plural === plural ? [write.object] : [],
  );
}

function hash(replicaSet: ReplicaSet | undefined): string {
  return replicaSet?.metadata.labels?.[POD_TEMPLATE_HASH_LABEL] ?? '';
}
