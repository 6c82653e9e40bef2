import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { decide } from './decide.ts';
import { carryOut, observe, settle } from './rollout/imagined-cluster.ts';
import { PureWorld, rolloutOf, routed } from '../../test/support/pure-world.ts';

const STEPS = [{ setWeight: 20 }, { pause: {} }, { setWeight: 60 }, { pause: { duration: '10s' } }];

function installed(canary: Parameters<typeof routed>[0], replicas = 5, spec = {}): PureWorld {
  return new PureWorld(rolloutOf({ replicas, canary, spec }), { podStartMs: 1_000, brokenImages: ['broken'] }).advance(
    5_000,
  );
}

const PLAIN = { steps: STEPS };
const ROUTED = routed({ steps: STEPS });

for (const [name, canary] of [
  ['replica ratio', PLAIN],
  ['router', ROUTED],
] as const) {
  describe(`canary by ${name}`, () => {
    test('pauses without end until it is promoted', () => {
      const world = installed(canary).image('v2').advance(600_000);

      assert.equal(world.status.phase, 'Paused');
      assert.equal(world.status.message, 'CanaryPauseStep');
      assert.equal(world.status.currentStepIndex, 1);
      assert.equal(world.status.controllerPause, true);
      assert.equal(world.progressing(), 'Unknown/RolloutPaused');
    });

    test('goes on when the pause conditions are cleared', () => {
      const world = installed(canary).image('v2').advance(10_000);

      world.command({ pauseConditions: null }).advance(9_000);
      assert.equal(world.status.currentStepIndex, 3);

      world.advance(60_000);
      assert.equal(world.status.phase, 'Healthy');
      assert.equal(world.progressing(), 'True/NewReplicaSetAvailable');
    });

    test('skips a step when the index is raised', () => {
      const world = installed(canary).image('v2').advance(10_000);

      world.command({ pauseConditions: null, currentStepIndex: 2 }).advance(30_000);

      assert.equal(world.status.phase, 'Healthy');
    });

    test('an abort goes back to stable and stays until a retry', () => {
      const world = installed(canary).image('v2').advance(10_000);

      world.command({ abort: true }).advance(120_000);

      assert.equal(world.status.phase, 'Degraded');
      assert.equal(world.status.message, 'RolloutAborted: Rollout aborted update to revision 2');
      assert.equal(world.progressing(), 'False/RolloutAborted');
      assert.equal(world.status.currentStepIndex, 0);
      assert.deepEqual(world.sizes(), { v1: 5, v2: 0 });
      assert.equal(world.cluster.weight ?? 0, 0);

      world.command({ abort: false }).advance(10_000);
      assert.equal(world.status.phase, 'Paused');
      assert.equal(world.status.currentStepIndex, 1);
    });

    test('a command is acknowledged once, with the name of the program that wrote it', () => {
      const world = installed(canary).image('v2').advance(10_000);
      const { rollout } = world.cluster;
      const managedFields = [{ manager: 'kubectl-patch', subresource: 'status', fields: ['status.abort'] }];
      world.cluster = { ...world.cluster, rollout: { ...rollout, metadata: { ...rollout.metadata, managedFields } } };

      world.command({ abort: true }).advance(120_000);

      const told = world.cluster.events.filter(({ reason }) => reason === 'RolloutCommand');
      assert.deepEqual(
        told.map(({ message }) => message),
        ['Accepted abort by kubectl-patch'],
      );
    });

    test('promoteFull skips what is left', () => {
      const world = installed(canary).image('v2').advance(10_000);

      world.command({ promoteFull: true }).advance(10_000);

      assert.equal(world.status.phase, 'Healthy');
      assert.equal(world.status.promoteFull, undefined);
      assert.ok(world.cluster.events.some(({ message }) => message.endsWith('Full promotion requested')));
    });

    test('an abort wins over promoteFull, and promoteFull needs a retry after it', () => {
      const world = installed(canary).image('v2').advance(10_000);

      world.command({ promoteFull: true, abort: true }).advance(120_000);
      assert.equal(world.status.phase, 'Degraded');

      world.command({ promoteFull: true }).advance(120_000);
      assert.equal(world.status.phase, 'Degraded');
      assert.deepEqual(world.sizes(), { v1: 5, v2: 0 });
    });

    test('a retry and promoteFull that are seen at once both count', () => {
      const world = installed(canary).image('v2').advance(10_000);
      world.command({ abort: true }).advance(120_000);
      assert.equal(world.status.phase, 'Degraded');

      world.command({ abort: false, promoteFull: true }).advance(120_000);

      assert.equal(world.status.phase, 'Healthy');
      assert.deepEqual(world.sizes(), { v1: 0, v2: 5 });
      assert.equal(world.status.promoteFull, undefined);
    });

    test('an abort of a promoted Rollout is dropped', () => {
      const world = installed(canary);

      world.command({ abort: true }).quiesce();

      assert.equal(world.status.abort, undefined);
      assert.equal(world.status.phase, 'Healthy');
    });

    test('going back to the stable template skips all steps and makes no new ReplicaSet', () => {
      const world = installed(canary).image('v2').advance(10_000);

      world.image('v1').advance(120_000);

      assert.equal(world.status.phase, 'Healthy');
      assert.deepEqual(world.sizes(), { v1: 5, v2: 0 });
      assert.ok(world.cluster.events.some(({ message }) => message === 'Rollback to stable ReplicaSets'));
    });

    test('a third template supersedes the second', () => {
      const world = installed(canary).image('v2').advance(10_000);

      world.image('v3').advance(10_000);
      assert.equal(world.status.phase, 'Paused');
      assert.equal(world.sizes()['v2'], 0);

      world.command({ promoteFull: true }).advance(120_000);
      assert.deepEqual(world.sizes(), { v1: 0, v2: 0, v3: 5 });
    });

    test('a new template after an abort starts over', () => {
      const world = installed(canary).image('v2').advance(10_000).command({ abort: true }).advance(60_000);

      world.image('v3').advance(10_000);

      assert.equal(world.status.abort, undefined);
      assert.equal(world.status.phase, 'Paused');
      assert.equal(world.progressing(), 'Unknown/RolloutPaused');
    });

    test('spec.paused holds the update, and an abort wins over it', () => {
      const world = installed(canary).image('v2').advance(10_000);

      world.edit({ paused: true }).command({ pauseConditions: null }).advance(60_000);
      assert.equal(world.status.message, 'manually paused');
      assert.equal(world.status.currentStepIndex, 1);

      world.command({ abort: true }).advance(120_000);
      assert.deepEqual(world.sizes(), { v1: 5, v2: 0 });
    });

    test('a broken version makes no progress until its deadline, and is left where it is', () => {
      const world = installed(canary, 5, { progressDeadlineSeconds: 60 }).image('broken').advance(120_000);

      assert.equal(world.progressing(), 'False/ProgressDeadlineExceeded');
      assert.equal(world.status.phase, 'Degraded');
      assert.equal(world.status.abort, undefined);
      assert.equal(world.status.currentStepIndex, 0);
    });

    test('progressDeadlineAbort aborts a broken version', () => {
      const spec = { progressDeadlineSeconds: 60, progressDeadlineAbort: true };

      const world = installed(canary, 5, spec).image('broken').advance(240_000);

      assert.equal(world.status.abort, true);
      assert.match(
        world.status.message ?? '',
        /^RolloutAborted: Rollout aborted update to revision 2: ReplicaSet "shop-.*" has timed out progressing\.$/,
      );
      assert.deepEqual(world.sizes(), { v1: 5, broken: 0 });
    });

    test('progressDeadlineAbort that is set after the deadline aborts at once', () => {
      const world = installed(canary, 5, { progressDeadlineSeconds: 60 }).image('broken').advance(120_000);

      world.edit({ progressDeadlineAbort: true }).pass();

      assert.equal(world.status.abort, true);
      assert.equal(world.progressing(), 'False/RolloutAborted');
    });

    test('changed steps start the update over', () => {
      const world = installed(canary).image('v2').advance(10_000).command({ pauseConditions: null }).advance(5_000);

      world.edit({ strategy: { canary: { steps: [{ setWeight: 40 }, { pause: {} }] } } }).advance(10_000);

      assert.equal(world.status.currentStepIndex, 1);
      assert.equal(world.status.phase, 'Paused');
    });

    test('replicas may change while paused', () => {
      const world = installed(canary).image('v2').advance(10_000);

      world.edit({ replicas: 10 }).advance(10_000);

      assert.equal(world.status.phase, 'Paused');
      assert.deepEqual(world.sizes(), name === 'router' ? { v1: 10, v2: 2 } : { v1: 8, v2: 2 });
    });

    test('an invalid spec is Degraded, moves nothing, and can still be aborted', () => {
      const world = installed(canary).image('v2').advance(10_000);

      world.edit({ minReadySeconds: -1 }).command({ pauseConditions: null }).advance(60_000);
      assert.match(world.status.message ?? '', /^InvalidSpec: The Rollout "shop" is invalid: spec\.minReadySeconds/);
      assert.equal(world.status.currentStepIndex, 1);

      world.command({ abort: true }).advance(120_000);
      assert.deepEqual(world.sizes(), { v1: 5, v2: 0 });

      world.edit({ minReadySeconds: 0 }).command({ abort: false }).advance(10_000);
      assert.equal(world.status.phase, 'Paused');
    });

    test('what has come to rest is never touched again', () => {
      const world = installed(canary).image('v2').advance(10_000).command({ promoteFull: true }).advance(120_000);
      const writes = world.cluster.writes.length;

      world.advance(3_600_000);

      assert.equal(world.cluster.writes.length, writes);
    });
  });
}

describe('order at a router', () => {
  test('raising waits for pods, lowering does not keep more than it needs', () => {
    const world = installed(routed({ steps: [{ setWeight: 80 }, { pause: {} }, { setWeight: 20 }, { pause: {} }] }));

    world.image('v2').advance(500);
    assert.deepEqual([world.sizes()['v2'], world.cluster.weight], [4, 0]);
    world.advance(1_000);
    assert.equal(world.cluster.weight, 80);

    world.command({ pauseConditions: null }).advance(1_000);
    assert.deepEqual([world.sizes()['v2'], world.cluster.weight], [1, 20]);
    const writes = world.cluster.writes;
    assert.ok(writes.lastIndexOf('shift 20') < writes.findLastIndex((write) => write.startsWith('patch ReplicaSet')));
  });

  test('an aborted canary keeps its pods until its delay has passed after the weight was gone', () => {
    const world = installed(ROUTED).image('v2').advance(10_000);

    world.command({ abort: true }).advance(29_000);
    assert.deepEqual([world.sizes()['v2'], world.cluster.weight], [1, 0]);

    world.advance(5_000);
    assert.equal(world.sizes()['v2'], 0);
  });

  test('abortScaleDownDelaySeconds 0 leaves the aborted canary running', () => {
    const world = installed(routed({ steps: STEPS, abortScaleDownDelaySeconds: 0 }))
      .image('v2')
      .advance(10_000);

    world.command({ abort: true }).advance(600_000);

    assert.deepEqual(world.sizes(), { v1: 5, v2: 1 });
    assert.equal(world.cluster.weight, 0);
  });

  test('without steps traffic still moves through the router', () => {
    const world = installed(routed({})).image('v2').advance(60_000);

    assert.equal(world.status.phase, 'Healthy');
    assert.ok(world.weights.includes(100));
    assert.equal(world.cluster.weight, 0);
  });

  test('setCanaryScale scales without moving weight', () => {
    const steps = [
      { setCanaryScale: { replicas: 3 } },
      { pause: {} },
      { setCanaryScale: { matchTrafficWeight: true } },
      { setWeight: 20 },
      { pause: {} },
    ];
    const world = installed(routed({ steps })).image('v2').advance(10_000);
    assert.deepEqual([world.sizes()['v2'], world.cluster.weight, world.status.currentStepIndex], [3, 0, 1]);

    world.command({ pauseConditions: null }).advance(10_000);
    assert.deepEqual([world.sizes()['v2'], world.cluster.weight, world.status.currentStepIndex], [1, 20, 4]);
  });

  test('a stable side that scales with its traffic comes back before the traffic does', () => {
    const steps = [{ setWeight: 20 }, { pause: {} }, { setWeight: 60 }, { pause: {} }];
    const world = installed(routed({ steps, dynamicStableScale: true }), 10)
      .image('v2')
      .advance(10_000);
    assert.deepEqual(world.sizes(), { v1: 8, v2: 2 });
    world.command({ pauseConditions: null }).advance(10_000);
    assert.deepEqual(world.sizes(), { v1: 4, v2: 6 });

    world.command({ abort: true }).advance(60_000);

    assert.deepEqual(world.sizes(), { v1: 10, v2: 0 });
    assert.equal(world.cluster.weight, 0);
  });
});

describe('a router that cannot be trusted blindly', () => {
  test('stable keeps the pods of its old share while a lower one is on its way', () => {
    const canary = routed({ steps: [{ setWeight: 40 }, { pause: {} }], dynamicStableScale: true });
    const world = new PureWorld(rolloutOf({ replicas: 5, canary }), { podStartMs: 1_000, propagationMs: 4_000 });
    world.advance(5_000).image('v2').advance(1_500);
    assert.equal(world.cluster.weight, 40);

    world.advance(3_000);
    assert.deepEqual(world.sizes(), { v1: 5, v2: 2 });

    world.advance(1_500);
    assert.deepEqual(world.sizes(), { v1: 3, v2: 2 });
  });

  test('a weight counts only after it had the time to reach a data plane that reports nothing', () => {
    const world = new PureWorld(rolloutOf({ replicas: 5, canary: ROUTED }), {
      podStartMs: 1_000,
      propagationMs: 4_000,
    });
    world.advance(5_000).image('v2').advance(1_500);
    assert.equal(world.cluster.weight, 20);

    world.advance(3_000);
    assert.equal(world.status.currentStepIndex, 0);
    assert.deepEqual(world.status.canary?.weights?.verified, false);
    assert.equal(world.status.conditions?.find(({ type }) => type === 'Waiting')?.reason, 'TrafficPropagation');

    world.advance(1_500);
    assert.equal(world.status.currentStepIndex, 1);
    assert.equal(world.status.canary?.weights?.verified, undefined);
  });

  test('a drift of the weight is put right', () => {
    const world = installed(ROUTED).image('v2').advance(10_000);

    world.cluster = { ...world.cluster, weight: 77 };
    world.quiesce();

    assert.equal(world.cluster.weight, 20);
  });

  test('a route that is gone is Degraded and stops the update, an abort goes on all the same', () => {
    const world = installed(ROUTED).image('v2').advance(10_000);

    world.cluster = { ...world.cluster, routerProblem: 'HTTPRoute "shop" does not exist; create it' };
    world.command({ pauseConditions: null }).advance(10_000);
    assert.match(world.status.message ?? '', /HTTPRoute "shop" does not exist; create it/);
    assert.equal(world.status.currentStepIndex, 1);

    world.command({ abort: true });
    world.pass();
    assert.equal(world.status.abort, true);

    world.cluster = { ...world.cluster, routerProblem: undefined };
    world.advance(120_000);
    assert.equal(world.cluster.weight, 0);
    assert.equal(world.sizes()['v2'], 0);
  });

  test('a Service that is gone stops the update by name, and it goes on when the Service is back', () => {
    const world = installed(ROUTED).image('v2').advance(10_000);
    const { services } = world.cluster;

    world.cluster = { ...world.cluster, services: { ...services, 'shop-canary': null } };
    world.command({ pauseConditions: null }).advance(10_000);
    assert.match(
      world.status.message ?? '',
      /canaryService: Invalid value: "shop-canary": service "shop-canary" not found/,
    );

    world.cluster = { ...world.cluster, services };
    world.advance(120_000);
    assert.equal(world.status.phase, 'Healthy');
  });

  test('an abort returns all traffic although the template is gone', () => {
    const world = installed(ROUTED).image('v2').advance(10_000);

    world.edit({ template: null }).command({ abort: true }).advance(120_000);

    assert.equal(world.cluster.weight, 0);
    assert.deepEqual(world.sizes(), { v1: 5, v2: 0 });
  });

  test('traffic that returns to a stable version short of pods returns as far as they can carry it', () => {
    const world = installed(routed({ steps: [{ setWeight: 80 }, { pause: {} }], maxUnavailable: 0 }), 10)
      .image('v2')
      .advance(10_000);
    const [stable] = world.cluster.replicaSets;
    const name = stable?.metadata.name ?? '';
    const lost = [...Array(6).fill(Number.POSITIVE_INFINITY), ...Array(4).fill(0)] as number[];

    world.cluster = { ...world.cluster, podsReadyAtMs: { ...world.cluster.podsReadyAtMs, [name]: lost } };
    world.quiesce().command({ abort: true }).quiesce();
    assert.equal(world.cluster.weight, 60);

    world.cluster = {
      ...world.cluster,
      podsReadyAtMs: { ...world.cluster.podsReadyAtMs, [name]: Array(10).fill(0) as number[] },
    };
    world.quiesce();
    assert.equal(world.cluster.weight, 0);
  });

  test('traffic leaves a dead canary at once, even for a stable version short of pods', () => {
    const world = installed(routed({ steps: [{ setWeight: 80 }, { pause: {} }], maxUnavailable: 0 }), 10);
    world.image('v2').advance(10_000);
    const lost = (count: number): number[] => Array.from({ length: count }, () => Number.POSITIVE_INFINITY);
    const [stable = '', canary = ''] = world.cluster.replicaSets.map(({ metadata }) => metadata.name);

    const alive = world.cluster.podsReadyAtMs[canary] ?? [];
    world.cluster = { ...world.cluster, podsReadyAtMs: { [stable]: [0, ...lost(9)], [canary]: alive } };
    world.quiesce().command({ abort: true }).quiesce();
    assert.equal(world.cluster.weight, 80);

    world.cluster = { ...world.cluster, podsReadyAtMs: { [stable]: [0, ...lost(9)], [canary]: lost(8) } };
    world.quiesce();
    assert.equal(world.cluster.weight, 0);
  });

  test('an aborted canary is left by the weight before its Service leaves it', () => {
    const world = installed(ROUTED).image('v2').advance(10_000);
    const before = world.cluster.writes.length;

    world.command({ abort: true }).quiesce();

    const writes = world.cluster.writes.slice(before);
    assert.ok(
      writes.indexOf('shift 0') >= 0 && writes.indexOf('shift 0') < writes.indexOf('patch Service shop-canary'),
    );
  });

  test('the delay of an aborted canary starts when its traffic was seen gone', () => {
    const world = new PureWorld(rolloutOf({ replicas: 5, canary: ROUTED }), {
      podStartMs: 1_000,
      propagationMs: 20_000,
    });
    world.advance(5_000).image('v2').advance(60_000);

    world.command({ abort: true }).advance(45_000);
    assert.equal(world.sizes()['v2'], 1);

    world.advance(10_000);
    assert.equal(world.sizes()['v2'], 0);
  });

  test('after a promotion, weight returns to the stable Service only when its endpoints have followed', () => {
    const world = installed(ROUTED).image('v2').advance(10_000).command({ promoteFull: true });
    const lagging = (): ReturnType<typeof decide> => {
      const observation = observe(world.cluster);
      return decide({ ...observation, endpointSlices: { ...observation.endpointSlices, 'shop-stable': [] } });
    };

    for (let pass = 0; pass < 20 && world.cluster.weight !== 0; pass++) {
      world.cluster = carryOut(settle(world.cluster), lagging()).cluster;
      world.cluster = { ...world.cluster, nowMs: world.cluster.nowMs + 1_000 };
    }

    assert.equal(world.status.stableRS, world.status.currentPodHash);
    assert.equal(world.cluster.weight, 100);
    world.advance(1_000);
    assert.equal(world.cluster.weight, 0);
  });

  test('a superseded canary keeps its pods until its traffic is gone', () => {
    const world = installed(ROUTED).image('v2').advance(10_000);

    world.image('v3').advance(10_000);

    const { writes, replicaSets } = world.cluster;
    const v2 = replicaSets.find((one) => one.spec.template.spec?.containers?.[0]?.image === 'v2')?.metadata.name ?? '';
    const shifted = writes.lastIndexOf('shift 0');
    assert.ok(shifted > 0 && writes.lastIndexOf(`patch ReplicaSet ${v2}`) > shifted);
    assert.ok(writes.lastIndexOf('patch Service shop-canary') > shifted);
  });
});

test('a skip to a later step raises no weight before the pods for it are there', () => {
  const world = installed(ROUTED).image('v2').advance(10_000);
  assert.equal(world.cluster.weight, 20);

  world.command({ currentStepIndex: 3, pauseConditions: null }).quiesce();
  assert.equal(world.cluster.weight, 20);
  world.advance(2_000);
  assert.deepEqual([world.cluster.weight, world.status.phase], [60, 'Paused']);
});

describe('an update that comes right after a promotion', () => {
  /** The pass that makes v2 stable was the last one; all traffic is on it, through the canary Service. */
  function promotedJustNow(canary: Parameters<typeof routed>[0]): PureWorld {
    const world = installed(routed({ steps: [{ setWeight: 50 }], ...canary })).image('v2');
    world.pass(1);
    for (let pass = 0; pass < 100 && world.status.stableRS !== world.status.currentPodHash; pass += 1) {
      world.cluster = { ...settle(world.cluster), nowMs: world.cluster.nowMs + 500 };
      world.pass(1);
    }
    assert.equal(world.cluster.weight, 100);
    assert.equal(world.status.stableRS, world.status.currentPodHash);
    return world.image('v3');
  }

  test('leaves the version before its delay', () => {
    const world = promotedJustNow({ scaleDownDelaySeconds: 30 }).quiesce();
    assert.equal(world.sizes()['v1'], 5);
    world.advance(29_000);
    assert.equal(world.sizes()['v1'], 5);
    world.advance(5_000);
    assert.equal(world.sizes()['v1'], 0);
  });

  test('goes on when its pods are there before the weight was led back', () => {
    const world = promotedJustNow({});
    for (const waitMs of [100, 5_000]) {
      world.pass(1);
      world.cluster = settle({ ...world.cluster, nowMs: world.cluster.nowMs + waitMs });
    }
    assert.equal(world.cluster.weight, 100);

    world.advance(120_000);

    assert.deepEqual([world.status.phase, world.sizes()['v3'], world.cluster.weight], ['Healthy', 5, 0]);
  });

  test('takes no pods from the version that has all traffic, also where stable shrinks', () => {
    const world = promotedJustNow({ dynamicStableScale: true });
    world.pass();
    assert.equal(world.sizes()['v2'], 5);
  });
});

test('stable that scales with its share gets its pods back when an update supersedes another', () => {
  const steps = [{ setWeight: 40 }, { pause: {} }];
  const world = installed(routed({ steps, dynamicStableScale: true }))
    .image('v2')
    .advance(10_000);
  assert.deepEqual(world.sizes(), { v1: 3, v2: 2 });

  world.image('v3').advance(10_000);

  assert.deepEqual([world.status.phase, world.cluster.weight], ['Paused', 40]);
  assert.deepEqual(world.sizes(), { v1: 3, v2: 0, v3: 2 });
});

describe('an update that supersedes another while its spec is invalid', () => {
  const invalid = (): PureWorld => {
    const world = installed(ROUTED).image('v2').advance(10_000);
    world.image('v3').pass(2);
    return world.edit({ minReadySeconds: 99_999 }).advance(10_000);
  };
  const aim = (world: PureWorld): string | undefined =>
    world.cluster.services['shop-canary']?.spec.selector?.['rollouts-pod-template-hash'];

  test('takes no step by the weight of the one before', () => {
    const world = invalid();
    assert.equal(world.cluster.weight, 20);
    assert.notEqual(aim(world), world.status.currentPodHash);

    world.edit({ minReadySeconds: 0 });
    world.pass();
    assert.equal(world.status.currentStepIndex, 0);
    world.advance(30_000);
    assert.equal(world.status.currentStepIndex, 1);
    assert.equal(aim(world), world.status.currentPodHash);
  });

  test('gives the version before no weight back, also at a later step', () => {
    const world = invalid();
    world.command({ currentStepIndex: 2 }).edit({ minReadySeconds: 0 });
    for (let pass = 0; pass < 20; pass += 1) {
      world.pass();
      assert.ok(world.cluster.weight === 0 || aim(world) === world.status.currentPodHash, `pass ${pass}`);
    }
    assert.equal(world.cluster.weight, 20);
  });
});

describe('analysis', () => {
  const template = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisTemplate',
    metadata: { name: 'errors' },
    spec: { metrics: [{ name: 'errors', provider: { prometheus: { query: 'up' } } }] },
  };
  const templates = [{ templateName: 'errors' }];

  function measured(canary: Parameters<typeof routed>[0], phase: 'Successful' | 'Failed' | 'Inconclusive'): PureWorld {
    const world = new PureWorld(rolloutOf({ replicas: 5, canary }), {
      podStartMs: 1_000,
      analysis: { phase, afterMs: 5_000 },
    });
    world.cluster = { ...world.cluster, analysisTemplates: { errors: template } };
    return world.advance(5_000);
  }

  test('a step that measures well goes on', () => {
    const world = measured(routed({ steps: [{ setWeight: 20 }, { analysis: { templates } }] }), 'Successful');

    world.image('v2').advance(60_000);

    assert.equal(world.status.phase, 'Healthy');
    assert.equal(world.cluster.analysisRuns.length, 1);
  });

  test('a step that measures badly aborts, and a retry measures anew', () => {
    const world = measured(routed({ steps: [{ setWeight: 20 }, { analysis: { templates } }] }), 'Failed');

    world.image('v2').advance(60_000);
    assert.equal(
      world.status.message,
      'RolloutAborted: Rollout aborted update to revision 2: Step-based analysis phase error/failed',
    );
    assert.equal(world.cluster.weight, 0);

    world.cluster = {
      ...world.cluster,
      habits: { ...world.cluster.habits, analysis: { phase: 'Successful', afterMs: 5_000 } },
    };
    world.cluster = {
      ...world.cluster,
      analysisRuns: world.cluster.analysisRuns.map((run) => ({ ...run, status: { phase: 'Failed' as const } })),
    };
    const known = world.cluster.analysisRuns.length;
    world.command({ abort: false }).quiesce();
    world.advance(2_000);
    assert.equal(world.cluster.analysisRuns.length, known + 1);
  });

  test('an inconclusive measurement pauses, and promoting measures again', () => {
    const world = measured(routed({ steps: [{ setWeight: 20 }, { analysis: { templates } }] }), 'Inconclusive');
    world.image('v2').advance(20_000);
    assert.equal(world.status.message, 'InconclusiveAnalysisRun');

    world.command({ pauseConditions: null }).quiesce();
    assert.equal(world.cluster.analysisRuns.length, 2);
    assert.notEqual(world.status.phase, 'Paused');
  });

  test('a run that a user ended before it had measured pauses the update, and promoting measures again', () => {
    const world = measured(routed({ steps: [{ setWeight: 20 }, { analysis: { templates } }] }), 'Successful');
    world.image('v2').advance(2_000);
    const [run] = world.cluster.analysisRuns;
    world.cluster = {
      ...world.cluster,
      analysisRuns: world.cluster.analysisRuns.map((one) => ({ ...one, spec: { ...one.spec, terminate: true } })),
    };

    world.advance(60_000);
    assert.equal(world.status.message, 'InconclusiveAnalysisRun');
    assert.equal(world.cluster.weight, 20);
    assert.equal(
      world.cluster.events.at(-1)?.message,
      `Rollout is paused (InconclusiveAnalysisRun): AnalysisRun ${run?.metadata.name} proves nothing: it ended before it had measured errors`,
    );

    world.command({ pauseConditions: null }).advance(60_000);
    assert.equal(world.cluster.analysisRuns.length, 2);
    assert.equal(world.status.phase, 'Healthy');
  });

  test('a retry measures anew what the abort ended', () => {
    const world = measured(routed({ steps: [{ analysis: { templates } }, { setWeight: 20 }] }), 'Successful');
    world.image('v2').advance(2_000);
    world.command({ abort: true }).advance(1_000);
    assert.equal(world.cluster.analysisRuns[0]?.status?.message, 'Run Terminated');

    world.command({ abort: false }).advance(2_000);

    assert.equal(world.cluster.analysisRuns.length, 2);
    assert.equal(world.status.currentStepIndex, 0);
    assert.equal(world.status.phase, 'Progressing');
  });

  test('a status that is older than the run of its update neither ends nor repeats it', () => {
    const steps = [{ setWeight: 20 }, { pause: { duration: '1s' } }, { analysis: { templates } }, { pause: {} }];
    const world = measured(routed({ steps }), 'Successful');
    world.image('v2').advance(4_000);
    const writesAt = (currentStepIndex: number): readonly string[] => {
      const observation = observe(world.cluster);
      const canary = { ...world.status.canary, currentStepAnalysisRunStatus: undefined };
      const status = { ...world.status, currentStepIndex, canary };
      const { effects } = decide({ ...observation, rollout: { ...observation.rollout, status } });
      return effects.map((one) => (one.type === 'write' ? one.purpose : one.type));
    };

    assert.equal(world.status.currentStepIndex, 2);
    assert.equal(world.cluster.analysisRuns.length, 1);
    assert.deepEqual(writesAt(1), []);
    assert.deepEqual(writesAt(2), []);
    assert.deepEqual(writesAt(3), [`terminate AnalysisRun ${world.cluster.analysisRuns[0]?.metadata.name}`]);
  });

  test('a run that is on its way out is neither taken up nor told to end', () => {
    const world = measured(routed({ steps: [{ analysis: { templates } }, { pause: {} }] }), 'Successful');
    world.image('v2').advance(2_000);
    const [run] = world.cluster.analysisRuns;
    assert.ok(run);
    const { name } = run.metadata;
    const leaving = { ...run, metadata: { ...run.metadata, deletionTimestamp: run.metadata.creationTimestamp } };
    const decisionAt = (changes: object): ReturnType<typeof decide> => {
      const observation = { ...observe(world.cluster), analysisRuns: [leaving] };
      return decide({ ...observation, rollout: { ...observation.rollout, status: { ...world.status, ...changes } } });
    };

    const anew = decisionAt({ canary: { ...world.status.canary, currentStepAnalysisRunStatus: undefined } });
    assert.equal(anew.status.canary?.currentStepAnalysisRunStatus?.name, `${name}.1`);
    const aborted = decisionAt({ abort: true });
    assert.deepEqual(
      aborted.effects.filter((effect) => effect.type === 'write' && effect.purpose.startsWith('terminate')),
      [],
    );
  });

  test('background analysis runs from the start, and ends with the update', () => {
    const world = measured(routed({ steps: STEPS, analysis: { templates } }), 'Failed');

    world.image('v2').advance(60_000);

    assert.equal(
      world.status.message,
      'RolloutAborted: Rollout aborted update to revision 2: Background analysis phase error/failed',
    );
  });
});
