import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { PureWorld, rolloutOf, routed } from '../../test/support/pure-world.ts';
import { POD_TEMPLATE_HASH_LABEL } from '../api/labels.ts';

const TEMPLATE = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'AnalysisTemplate',
  metadata: { name: 'errors' },
  spec: { metrics: [{ name: 'errors', provider: { prometheus: { query: 'up' } } }] },
};
const ANALYSIS = { templates: [{ templateName: 'errors' }] };

function told(world: PureWorld): readonly string[] {
  return world.cluster.events.map(({ reason, message }) => `${reason}: ${message.replaceAll(/shop-\w+/g, 'RS')}`);
}

/** What is told from here on. */
function toldSince(world: PureWorld, act: () => unknown): readonly string[] {
  const before = world.cluster.events.length;
  act();
  return told(world).slice(before);
}

function reasonsOf(lines: readonly string[]): readonly string[] {
  return lines.map((line) => line.slice(0, line.indexOf(':')));
}

describe('events of a Rollout', () => {
  const canary = { steps: [{ setWeight: 50 }, { pause: {} }] };

  test('its first version is told from the first look to completion', () => {
    const world = new PureWorld(rolloutOf({ canary }));

    assert.deepEqual(reasonsOf(toldSince(world, () => world.advance(10_000))), [
      'RolloutAddedToInformer',
      'RolloutUpdated',
      'NewReplicaSetCreated',
      'RolloutNotCompleted',
      'ScalingReplicaSet',
      'RolloutCompleted',
    ]);
  });

  test('the first version of blue-green is complete before the active Service leads to it, a later one after that', () => {
    const world = new PureWorld(rolloutOf({ replicas: 3, blueGreen: {} }));

    assert.deepEqual(reasonsOf(toldSince(world, () => world.advance(10_000))), [
      'RolloutAddedToInformer',
      'RolloutUpdated',
      'NewReplicaSetCreated',
      'ScalingReplicaSet',
      'RolloutCompleted',
      'SwitchService',
    ]);
    assert.deepEqual(reasonsOf(toldSince(world, () => world.image('v2').advance(10_000))), [
      'RolloutUpdated',
      'NewReplicaSetCreated',
      'RolloutNotCompleted',
      'ScalingReplicaSet',
      'SwitchService',
      'RolloutCompleted',
    ]);
  });

  test('an update is told in the order of the API, the end of a step before the end of its pause', () => {
    const world = new PureWorld(rolloutOf({ canary })).advance(10_000);

    assert.deepEqual(reasonsOf(toldSince(world, () => world.image('v2').advance(10_000))), [
      'RolloutUpdated',
      'NewReplicaSetCreated',
      'RolloutNotCompleted',
      'ScalingReplicaSet',
      'RolloutStepCompleted',
      'RolloutPaused',
    ]);
    const resumed = toldSince(world, () => world.command({ pauseConditions: null }).advance(10_000));
    assert.deepEqual(reasonsOf(resumed), [
      'RolloutCommand',
      'RolloutStepCompleted',
      'RolloutResumed',
      'ScalingReplicaSet',
      'RolloutCompleted',
    ]);
  });

  test('a full promotion ends a pause', () => {
    const world = new PureWorld(rolloutOf({ canary })).advance(10_000).image('v2').advance(10_000);

    const promoted = reasonsOf(toldSince(world, () => world.command({ promoteFull: true }).advance(10_000)));

    assert.deepEqual(promoted.slice(0, 2), ['RolloutCommand', 'RolloutResumed']);
    assert.equal(promoted.at(-1), 'RolloutCompleted');
  });

  test('that something is not completed is told once, not again when a newer version or other steps supersede it', () => {
    const world = new PureWorld(rolloutOf({ canary })).advance(10_000);
    world.image('v2').advance(10_000);

    const superseded = toldSince(world, () => {
      world.image('v3').advance(10_000);
      world.edit({ strategy: { canary: { steps: [{ setWeight: 40 }, { pause: {} }] } } }).advance(10_000);
    });

    assert.equal(reasonsOf(superseded).filter((reason) => reason === 'RolloutNotCompleted').length, 0);
  });

  test('a version that comes back is scaled under its new revision', () => {
    const world = new PureWorld(rolloutOf({ canary: { steps: [] } })).advance(10_000);
    world.image('v2').advance(10_000);

    const back = toldSince(world, () => world.image('v1').advance(10_000));

    assert.ok(back.includes('ScalingReplicaSet: Scaled up ReplicaSet RS (revision 3) from 0 to 1'), back.join('\n'));
  });

  test('a measurement is told once it runs, and an inconclusive one is no warning', () => {
    const world = measured('Inconclusive');

    const lines = toldSince(world, () => world.image('v2').advance(20_000));

    const runs = world.cluster.events.filter(({ reason }) => reason.startsWith('AnalysisRun'));
    assert.deepEqual(
      runs.map(({ type, reason }) => `${type} ${reason}`),
      ['Normal AnalysisRunRunning', 'Normal AnalysisRunInconclusive'],
    );
    assert.ok(lines.some((line) => line.endsWith("Status New: 'Running' Previous: ''")));
  });

  test('a measurement that status does not know of yet has no previous state', () => {
    const world = measured('Inconclusive');
    world.image('v2').advance(3_000);
    const { rollout } = world.cluster;
    const { canary: _forgotten, ...status } = world.status;
    world.cluster = { ...world.cluster, rollout: { ...rollout, status } };

    const lines = toldSince(world, () => world.advance(20_000));

    assert.ok(
      lines.some((line) => line.endsWith("Previous: 'NoPreviousStatus'")),
      lines.join('\n'),
    );
  });

  for (const phase of ['Successful', 'Inconclusive'] as const)
    test(`a measurement that nobody needs any more after an abort is not told as ${phase}`, () => {
      const world = measured('Successful');
      world.image('v2').advance(2_000);

      const lines = toldSince(world, () => {
        world.command({ abort: true }).quiesce();
        const stopped = { phase, message: 'Run Terminated' } as const;
        world.cluster = {
          ...world.cluster,
          analysisRuns: world.cluster.analysisRuns.map((run) => ({ ...run, status: stopped })),
        };
        world.advance(10_000);
      });

      assert.ok(world.cluster.analysisRuns.every(({ spec }) => spec.terminate === true));
      assert.deepEqual(
        lines.filter((line) => line.startsWith('AnalysisRun')),
        [],
      );
    });

  test('a pause that a newer version ends is told as ended', () => {
    const world = new PureWorld(rolloutOf({ canary: { steps: [{ pause: {} }] } })).advance(10_000);
    world.image('v2').advance(10_000);

    const lines = toldSince(world, () => world.image('v3').advance(10_000));

    assert.equal(reasonsOf(lines).filter((reason) => reason === 'RolloutResumed').length, 1, lines.join('\n'));
  });

  for (const [how, act] of [
    ['a skip past it', (world: PureWorld) => world.command({ currentStepIndex: 1 })],
    ['a skip to the end', (world: PureWorld) => world.command({ currentStepIndex: 2 })],
    ['a spec without steps', (world: PureWorld) => world.edit({ strategy: { canary: { steps: null } } })],
  ] as const) {
    test(`a pause that ${how} ends is told as ended`, () => {
      const world = new PureWorld(rolloutOf({ canary: { steps: [{ pause: {} }, { setWeight: 50 }] } })).advance(10_000);
      world.image('v2').advance(10_000);
      assert.equal(world.status.phase, 'Paused');

      const lines = toldSince(world, () => act(world).advance(60_000));

      assert.equal(reasonsOf(lines).filter((reason) => reason === 'RolloutResumed').length, 1, lines.join('\n'));
    });
  }

  test('an abort out of a pause resumes nothing, also together with a skip', () => {
    const world = new PureWorld(rolloutOf({ canary })).advance(10_000).image('v2').advance(10_000);

    const lines = toldSince(world, () => world.command({ abort: true, currentStepIndex: 0 }).advance(60_000));

    assert.ok(!reasonsOf(lines).includes('RolloutResumed'), lines.join('\n'));
  });

  test('a full promotion ends the pause before the switch', () => {
    const world = new PureWorld(rolloutOf({ replicas: 3, blueGreen: { autoPromotionEnabled: false } })).advance(10_000);
    world.image('v2').advance(10_000);
    assert.equal(world.status.phase, 'Paused');

    const lines = toldSince(world, () => world.command({ promoteFull: true }).advance(60_000));

    assert.equal(reasonsOf(lines).filter((reason) => reason === 'RolloutResumed').length, 1, lines.join('\n'));
  });

  test('a good measurement is told although the update goes on in the same pass', () => {
    const world = measured('Successful');

    const lines = toldSince(world, () => world.image('v2').advance(60_000));

    const good = lines.filter((line) => line.endsWith("Status New: 'Successful' Previous: 'Running'"));
    assert.equal(good.length, 1, lines.join('\n'));
  });
});

describe('what was measured', () => {
  test('stays in status when it aborts the update, and is forgotten by a retry', () => {
    const world = measured('Failed');

    world.image('v2').advance(60_000);
    assert.equal(world.status.phase, 'Degraded');
    assert.equal(world.status.canary?.currentStepAnalysisRunStatus?.status, 'Failed');
    const failed = world.status.canary?.currentStepAnalysisRunStatus?.name;

    world.command({ abort: false }).advance(2_000);
    assert.equal(world.status.abort, undefined);
    assert.notEqual(world.status.canary?.currentStepAnalysisRunStatus?.name, failed);
  });

  test('beside the steps badly does not end the next attempt at once', () => {
    const world = measured('Failed', { analysis: ANALYSIS, steps: [{ setWeight: 50 }, { pause: {} }] });
    world.image('v2').advance(60_000);
    assert.equal(world.status.canary?.currentBackgroundAnalysisRunStatus?.status, 'Failed');

    world.cluster = {
      ...world.cluster,
      habits: { ...world.cluster.habits, analysis: { phase: 'Successful', afterMs: 5_000 } },
      analysisRuns: world.cluster.analysisRuns.map((run) => ({ ...run, status: { phase: 'Failed' as const } })),
    };
    world.command({ abort: false }).advance(60_000);

    assert.equal(world.status.phase, 'Paused');
    assert.equal(world.cluster.analysisRuns.length, 2);
  });

  test('beside the steps of a canary is one run, named without a role', () => {
    const world = measured('Successful', { analysis: ANALYSIS, steps: [{ setWeight: 100 }, { pause: {} }] });

    world.image('v2').advance(60_000).command({ promoteFull: true }).advance(60_000);

    const hash = world.status.stableRS;
    assert.deepEqual(
      world.cluster.analysisRuns.map(({ metadata }) => metadata.name),
      [`shop-${hash}-2`],
    );
  });

  test('and stopped by an abort does not count as done in the next attempt', () => {
    const world = measured('Successful', { steps: [{ analysis: ANALYSIS }, { setWeight: 50 }] });
    world.image('v2').advance(1_500).command({ abort: true }).advance(60_000);
    const [stopped] = world.cluster.analysisRuns;
    assert.equal(stopped?.spec.terminate, true);
    world.cluster = {
      ...world.cluster,
      analysisRuns: world.cluster.analysisRuns.map((run) => ({ ...run, status: { phase: 'Successful' as const } })),
    };

    world.command({ abort: false }).quiesce();

    assert.equal(world.status.currentStepIndex, 0);
    assert.notEqual(world.status.canary?.currentStepAnalysisRunStatus?.name, stopped?.metadata.name);
  });
});

test('an aborted update stays at its first step when somebody skips steps of it', () => {
  const world = new PureWorld(rolloutOf({ replicas: 2, canary: { steps: [{ setWeight: 50 }, { pause: {} }] } }));
  world.advance(10_000).image('v2').advance(60_000).command({ abort: true }).advance(60_000);

  world.command({ currentStepIndex: 2 }).advance(10_000);

  assert.equal(world.status.currentStepIndex, 0);
  assert.equal(world.status.phase, 'Degraded');
});

describe('the stable version deleted by somebody', () => {
  for (const [title, strategy] of [
    ['by replica ratio', { canary: { steps: [{ setWeight: 50 }, { pause: {} }] } }],
    ['by router', { canary: routed({ steps: [{ setWeight: 50 }, { pause: {} }] }) }],
    ['blue-green', { blueGreen: { activeService: 'shop-active', autoPromotionEnabled: false } }],
    [
      'blue-green with a small preview',
      {
        blueGreen: {
          activeService: 'shop-active',
          previewService: 'shop-preview',
          previewReplicaCount: 1,
          autoPromotionEnabled: false,
        },
      },
    ],
  ] as const) {
    test(`leaves everything to the new one, ${title}`, () => {
      const world = new PureWorld(rolloutOf({ replicas: 2, ...strategy })).advance(10_000);
      world.image('v2').advance(60_000);
      assert.equal(world.status.phase, 'Paused');

      world.cluster = {
        ...world.cluster,
        replicaSets: world.cluster.replicaSets.filter(
          ({ metadata }) => metadata.labels?.[POD_TEMPLATE_HASH_LABEL] !== world.status.stableRS,
        ),
      };
      const lines = toldSince(world, () => world.advance(60_000));

      assert.equal(world.status.phase, 'Healthy');
      assert.equal(world.status.stableRS, world.status.currentPodHash);
      assert.ok(lines.some((line) => line.startsWith('RolloutCompleted') && line.endsWith('Initial deploy')));
    });
  }
});

describe('conditions', () => {
  test('a Rollout that never made sense says only that', () => {
    const same = { stableService: 'one', canaryService: 'one' };
    const world = new PureWorld(rolloutOf({ canary: same })).quiesce();

    assert.deepEqual(
      world.status.conditions?.map(({ type }) => type),
      ['InvalidSpec'],
    );
  });

  test('being resumed is said only until something comes of it', () => {
    const canary = routed({ steps: [{ setWeight: 100 }, { pause: {} }] });
    const world = new PureWorld(rolloutOf({ canary })).advance(10_000).image('v2').advance(60_000);
    assert.equal(world.progressing(), 'Unknown/RolloutPaused');

    world.command({ pauseConditions: null }).advance(10_000);

    assert.equal(world.status.replicas, 2);
    assert.equal(world.progressing(), 'True/ReplicaSetUpdated');
  });
});

describe('the scale subresource', () => {
  test('shows no more pods than were asked for, so that an update does not feed an autoscaler', () => {
    const canary = routed({ steps: [{ setWeight: 50 }, { pause: {} }] });
    const world = new PureWorld(rolloutOf({ replicas: 2, canary })).advance(10_000).image('v2').advance(60_000);

    assert.equal(world.status.replicas, 3);
    assert.equal(world.status.HPAReplicas, 2);

    world.edit({ replicas: 4 });
    world.pass();
    assert.equal(world.status.HPAReplicas, 3);
  });
});

describe('versions that wait to be scaled down', () => {
  test('are the newest ones, as many as the limit allows', () => {
    const canary = routed({ steps: [], scaleDownDelaySeconds: 600, scaleDownDelayRevisionLimit: 1 });
    const world = new PureWorld(rolloutOf({ canary })).advance(10_000);

    world.image('v2').advance(60_000);
    assert.deepEqual(world.sizes(), { v1: 1, v2: 1 });

    world.image('v3').advance(60_000);
    assert.deepEqual(world.sizes(), { v1: 0, v2: 1, v3: 1 });

    world.image('v2').advance(60_000);
    assert.deepEqual(world.sizes(), { v1: 0, v2: 1, v3: 1 });
  });
});

describe('how long an update took', () => {
  const canary = { steps: [{ setWeight: 50 }, { pause: {} }] };

  test('starts anew with a retry', () => {
    const world = new PureWorld(rolloutOf({ canary })).advance(10_000).image('v2').advance(10_000);
    world.command({ abort: true }).advance(10_000);
    assert.equal(world.status.duration?.completionStatus, 'Aborted');
    const first = world.status.duration?.rolloutStartedAt;

    world.command({ abort: false }).advance(10_000);

    assert.notEqual(world.status.duration?.rolloutStartedAt, first);
    assert.equal(world.status.duration?.finishedAt, undefined);
    world.command({ promoteFull: true }).advance(10_000);
    assert.equal(world.status.duration?.completionStatus, 'FastPromoted');
  });

  test('ends with the way back to stable, and other steps at rest are no update', () => {
    const world = new PureWorld(rolloutOf({ canary })).advance(10_000).image('v2').advance(10_000);
    const started = world.status.duration?.rolloutStartedAt;

    world.image('v1').advance(10_000);

    assert.equal(world.status.duration?.rolloutStartedAt, started);
    assert.equal(world.status.duration?.completionStatus, 'FastRolledBack');
    const { duration } = world.status;
    world.edit({ strategy: { canary: { steps: [{ setWeight: 10 }] } } }).advance(10_000);
    assert.deepEqual(world.status.duration, duration);
  });

  test('is told apart when all steps led back to an older version', () => {
    const world = new PureWorld(rolloutOf({ canary: { steps: [{ setWeight: 50 }] } })).advance(10_000);
    world.image('v2').advance(60_000);
    assert.equal(world.status.duration?.completionStatus, 'Promoted');

    world.image('v1').advance(60_000);

    assert.equal(world.status.duration?.completionStatus, 'RolledBack');
  });
});

describe('a stable side that shrinks with its traffic', () => {
  test('keeps all its pods until traffic was seen to leave it, also in the first update', () => {
    const canary = routed({ dynamicStableScale: true, steps: [{ setWeight: 25 }, { pause: {} }] });
    const world = new PureWorld(rolloutOf({ replicas: 4, canary })).advance(10_000).image('v2');

    for (let turn = 0; turn < 50 && world.status.phase !== 'Paused'; turn++) {
      world.pass();
      if (world.cluster.weight === 0) assert.equal(world.sizes()['v1'], 4);
      world.advance(100);
    }

    assert.deepEqual(world.sizes(), { v1: 3, v2: 1 });
  });
});

describe('recorded weights', () => {
  test('name the version of the update, also at weight 0', () => {
    const world = new PureWorld(rolloutOf({ replicas: 2, canary: routed({ steps: [{ pause: {} }] }) })).advance(10_000);

    world.image('v2').advance(60_000);
    assert.equal(world.status.canary?.weights?.canary.podTemplateHash, world.status.currentPodHash);

    world.command({ abort: true }).advance(120_000);
    assert.equal(world.status.canary?.weights?.canary.weight, 0);
    assert.equal(world.status.canary?.weights?.canary.podTemplateHash, world.status.currentPodHash);
  });
});

function measured(
  phase: 'Successful' | 'Failed' | 'Inconclusive',
  canary: Parameters<typeof routed>[0] = { steps: [{ setWeight: 50 }, { analysis: ANALYSIS }] },
): PureWorld {
  const world = new PureWorld(rolloutOf({ replicas: 2, canary }), {
    podStartMs: 1_000,
    analysis: { phase, afterMs: 5_000 },
  });
  world.cluster = { ...world.cluster, analysisTemplates: { errors: TEMPLATE } };
  return world.advance(5_000);
}
