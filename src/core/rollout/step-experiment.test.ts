import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Experiment } from '../../api/experiment.ts';
import type { CanaryStep } from '../../api/rollout.ts';
import { PureWorld, rolloutOf } from '../../../test/support/pure-world.ts';
import { decide } from '../decide.ts';
import { observe, type ClusterHabits } from './imagined-cluster.ts';

const VERSIONS = [{ name: 'canary', specRef: 'canary' as const }];
const STEPS = [{ experiment: { templates: VERSIONS, duration: '60s' } }, { pause: {} }];

function updating(steps: readonly CanaryStep[] = STEPS, habits: Partial<ClusterHabits> = {}): PureWorld {
  const world = new PureWorld(rolloutOf({ replicas: 2, canary: { steps }, spec: {} }), {
    podStartMs: 1_000,
    brokenImages: ['broken'],
    ...habits,
  });
  return world.advance(5_000).image('v2').advance(10_000);
}

describe('an experiment step', () => {
  test('names its Experiment after the update and the step, and waits for it', () => {
    const world = updating();

    const [experiment] = world.cluster.experiments;
    const { currentPodHash = '' } = world.status;
    assert.match(experiment?.metadata.name ?? '', new RegExp(`-${currentPodHash}-2-0$`));
    assert.equal(world.status.canary?.currentExperiment, experiment?.metadata.name);
    assert.equal(world.status.conditions?.find(({ type }) => type === 'Waiting')?.reason, 'Analysis');

    world.advance(60_000);
    assert.equal(world.status.currentStepIndex, 1);
    assert.equal(world.status.canary?.currentExperiment, undefined);
    assert.equal(world.cluster.experiments.length, 1);
  });

  test('takes the pod templates from the ReplicaSets, with what the step adds', () => {
    const metadata = { labels: { role: 'baseline' }, annotations: { why: 'trial' } };
    const templates = [
      { name: 'baseline', specRef: 'stable' as const, replicas: 3, metadata },
      { name: 'canary', specRef: 'canary' as const, selector: { matchLabels: { only: 'this' } }, service: {} },
    ];
    const world = updating([
      {
        experiment: {
          templates,
          dryRun: [{ metricName: '.*' }],
          scaleDownDelaySeconds: 5,
          analysisRunMetadata: { labels: { team: 'shop' } },
        },
      },
    ]);

    const spec = world.cluster.experiments[0]?.spec;
    const [baseline, canary] = spec?.templates ?? [];
    const { stableRS } = world.status;
    assert.equal(baseline?.replicas, 3);
    assert.equal(baseline?.template.spec?.containers?.[0]?.image, 'v1');
    assert.equal(canary?.template.spec?.containers?.[0]?.image, 'v2');
    assert.equal(baseline?.selector?.matchLabels?.['role'], 'baseline');
    assert.equal(baseline?.selector?.matchLabels?.['rollouts-pod-template-hash'], stableRS);
    assert.equal(baseline?.template.metadata?.labels?.['role'], 'baseline');
    assert.equal(baseline?.template.metadata?.annotations?.['why'], 'trial');
    assert.deepEqual(canary?.selector, { matchLabels: { only: 'this' } });
    assert.deepEqual([baseline?.service, canary?.service], [undefined, {}]);
    assert.deepEqual(spec?.dryRun, [{ metricName: '.*' }]);
    assert.equal(spec?.scaleDownDelaySeconds, 5);
    assert.deepEqual(spec?.analysisRunMetadata, { labels: { team: 'shop' } });
  });

  test('is not begun while the update is paused by its user', () => {
    const world = new PureWorld(rolloutOf({ replicas: 1, canary: { steps: STEPS }, spec: {} })).advance(1_000);
    const { rollout } = world.cluster;
    world.cluster = { ...world.cluster, rollout: { ...rollout, spec: { ...rollout.spec, paused: true } } };

    world.image('v2').advance(10_000);

    assert.deepEqual(world.cluster.experiments, []);
  });

  test('aborts with pods that do not come', () => {
    const templates = [{ name: 'canary', specRef: 'canary' as const }];
    const world = new PureWorld(
      rolloutOf({ replicas: 1, canary: { steps: [{ experiment: { templates } }] }, spec: {} }),
      { brokenImages: ['broken'] },
    );

    world.advance(1_000).image('broken').advance(700_000);

    const cause = "Template 'canary' exceeded its progressDeadlineSeconds (600)";
    const message = world.status.message ?? '';
    assert.ok(message.endsWith(`Experiment analysis phase is error/failed: ${cause}`), message);
  });

  test('is run anew when its steps were edited while it ran', () => {
    const world = updating();
    const [first] = world.cluster.experiments;
    const { rollout } = world.cluster;
    const steps = [{ experiment: { templates: VERSIONS, duration: '90s' } }];
    const { metadata, spec } = rollout;
    world.cluster = {
      ...world.cluster,
      rollout: {
        ...rollout,
        metadata: { ...metadata, generation: (metadata.generation ?? 1) + 1 },
        spec: { ...spec, strategy: { canary: { ...spec.strategy?.canary, steps } } },
      },
    };

    world.advance(10_000);

    const [before, after] = world.cluster.experiments;
    assert.equal(before?.metadata.name, first?.metadata.name);
    assert.equal(before?.spec.terminate, true);
    assert.equal(after?.metadata.name, `${first?.metadata.name}-1`);
    assert.equal(after?.spec.duration, '90s');
    assert.equal(world.status.canary?.currentExperiment, after?.metadata.name);
  });

  test('goes on with the Experiment that another controller has recorded, whatever hash is in its name', () => {
    const world = updating();
    const foreign = renamed(world.cluster.experiments[0], 'shop-55556d9c-2-0');
    const { rollout } = world.cluster;
    const status = { ...rollout.status, canary: { currentExperiment: 'shop-55556d9c-2-0' } };

    const decision = decide({
      ...observe({ ...world.cluster, rollout: { ...rollout, status } }),
      experiments: [foreign],
    });

    assert.equal(decision.status.canary?.currentExperiment, 'shop-55556d9c-2-0');
    assert.deepEqual(experimentWrites(decision.effects), []);
  });

  test('takes up an Experiment whose record was not seen, instead of making it twice', () => {
    const world = updating();
    const { rollout } = world.cluster;
    const status = { ...rollout.status, canary: undefined };

    const decision = decide(observe({ ...world.cluster, rollout: { ...rollout, status } }));

    assert.equal(decision.status.canary?.currentExperiment, world.cluster.experiments[0]?.metadata.name);
    assert.deepEqual(experimentWrites(decision.effects), []);
  });

  test('ends no Experiment of a later step, of which the status is not seen yet', () => {
    const world = updating([{ pause: {} }, ...STEPS]);
    world.command({ currentStepIndex: 1, pauseConditions: null }).advance(2_000);
    assert.equal(world.cluster.experiments.length, 1);
    const { rollout } = world.cluster;
    const stale = { ...rollout.status, currentStepIndex: 0, canary: undefined };

    const decision = decide(observe({ ...world.cluster, rollout: { ...rollout, status: stale } }));

    assert.deepEqual(experimentWrites(decision.effects), []);
  });
});

function renamed(experiment: Experiment | undefined, name: string): Experiment {
  assert.ok(experiment);
  return { ...experiment, metadata: { ...experiment.metadata, name } };
}

function experimentWrites(effects: ReturnType<typeof decide>['effects']): readonly string[] {
  return effects.flatMap((effect) =>
    effect.type === 'write' && effect.purpose.includes('Experiment') ? [effect.purpose] : [],
  );
}
