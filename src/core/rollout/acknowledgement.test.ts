import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PureWorld, rolloutOf } from '../../../test/support/pure-world.ts';
import type { ManagedFieldsEntry } from '../../api/kube-object.ts';
import type { RolloutCondition, RolloutStatus } from '../../api/rollout.ts';

const STEPS = [{ setWeight: 20 }, { pause: {} }, { setWeight: 40 }, { pause: {} }];
const CANARY = { replicas: 5, canary: { steps: STEPS } };
const PLUGIN = 'kubectl-argo-rollouts';

/** As an API server records who wrote. */
function wrote(world: PureWorld, entry: ManagedFieldsEntry): PureWorld {
  const { rollout } = world.cluster;
  const others = (rollout.metadata.managedFields ?? []).filter(({ manager }) => manager !== entry.manager);
  const metadata = { ...rollout.metadata, managedFields: [...others, entry] };
  world.cluster = { ...world.cluster, rollout: { ...rollout, metadata } };
  return world;
}

function updating(): PureWorld {
  return new PureWorld(rolloutOf(CANARY)).quiesce().image('v2').quiesce();
}

function told(world: PureWorld): readonly string[] {
  return world.cluster.events.filter(({ reason }) => reason === 'RolloutCommand').map(({ message }) => message);
}

function command(world: PureWorld): RolloutCondition | undefined {
  return world.status.conditions?.find(({ type }) => type === 'Command');
}

/** As CRDs of another controller leave it. */
function prune(world: PureWorld): PureWorld {
  return world.command({ headgate: null });
}

describe('a command is acknowledged once', () => {
  const CASES: readonly {
    readonly title: string;
    readonly status?: RolloutStatus | { readonly pauseConditions: null; readonly currentStepIndex?: number };
    readonly spec?: object;
    readonly field: string;
    readonly message: string;
    readonly reason: string;
  }[] = [
    {
      title: 'promote',
      status: { pauseConditions: [] },
      field: 'status.pauseConditions',
      message: `Accepted promote by ${PLUGIN}`,
      reason: 'Promote',
    },
    {
      title: 'promote --full',
      status: { promoteFull: true },
      field: 'status.promoteFull',
      message: `Accepted promote full by ${PLUGIN}`,
      reason: 'PromoteFull',
    },
    {
      title: 'a step that is skipped',
      status: { pauseConditions: null, currentStepIndex: 3 },
      field: 'status.currentStepIndex',
      message: `Accepted skip to step 4 of 4 (pause) by ${PLUGIN}`,
      reason: 'Skip',
    },
    {
      title: 'all steps that are skipped',
      status: { pauseConditions: null, currentStepIndex: 4 },
      field: 'status.currentStepIndex',
      message: `Accepted skip to the end of the steps by ${PLUGIN}`,
      reason: 'Skip',
    },
    {
      title: 'abort',
      status: { abort: true },
      field: 'status.abort',
      message: `Accepted abort by ${PLUGIN}`,
      reason: 'Abort',
    },
    {
      title: 'pause',
      spec: { paused: true },
      field: 'spec.paused',
      message: `Accepted pause by ${PLUGIN}`,
      reason: 'Pause',
    },
    {
      title: 'restart',
      spec: { restartAt: '2026-01-01T01:00:00Z' },
      field: 'spec.restartAt',
      message: `Accepted restart at 2026-01-01T01:00:00Z by ${PLUGIN}`,
      reason: 'Restart',
    },
  ];
  for (const pruned of [false, true]) {
    for (const { title, status, spec, field, message, reason } of CASES) {
      it(`${title}${pruned ? ', where additive status is pruned' : ''}`, () => {
        const world = updating();
        if (pruned) prune(world);
        if (status !== undefined) world.command(status);
        if (spec !== undefined) world.edit(spec);
        wrote(world, { manager: PLUGIN, time: '2026-01-01T00:00:07Z', fields: [field] });

        for (let turn = 0; turn < 4; turn++) {
          world.pass();
          if (pruned) prune(world);
        }
        world.edit({ minReadySeconds: 1 });
        for (let turn = 0; turn < 4; turn++) {
          world.pass();
          if (pruned) prune(world);
        }

        assert.deepEqual(told(world), [message]);
        const condition = command(world);
        assert.deepEqual(
          [condition?.reason, condition?.message, condition?.lastUpdateTime],
          [reason, message, '2026-01-01T00:00:07Z'],
        );
      });
    }
  }

  it('a step that pauses does so when a user moves to it from another pause', () => {
    for (const status of [{ pauseConditions: null, currentStepIndex: 3 }, { currentStepIndex: 3 }]) {
      const world = updating().advance(5_000).command(status).advance(60_000);
      assert.deepEqual([world.status.phase, world.status.currentStepIndex], ['Paused', 3]);
      assert.equal(world.status.pauseConditions?.[0]?.startTime, '2026-01-01T00:00:05.000Z');
    }
  });

  it('a pass that dies after its status write does not tell again what that write took up', () => {
    const world = updating().command({ promoteFull: true });
    world.pass(0);
    world.quiesce();
    assert.deepEqual(told(world), ['Accepted promote full']);
  });

  it('and again when it is given again', () => {
    const world = updating().command({ promoteFull: true }).quiesce();
    assert.deepEqual([world.status.phase, command(world)?.status], ['Healthy', 'False']);

    world.image('v3').quiesce().command({ promoteFull: true }).quiesce();

    assert.deepEqual(told(world), ['Accepted promote full', 'Accepted promote full']);
  });

  it('also when another comes while it stands', () => {
    const world = new PureWorld(rolloutOf(CANARY), { podStartMs: 60_000 }).advance(60_000).image('v2').advance(1_000);
    world.command({ promoteFull: true }).advance(1_000);
    world.edit({ paused: true }).advance(1_000);
    assert.equal(command(world)?.message, 'Accepted promote full; Accepted pause');
    world.edit({ paused: false }).advance(1_000);
    assert.equal(command(world)?.message, 'Accepted promote full; Accepted resume');

    world.advance(300_000);

    assert.equal(world.status.phase, 'Healthy');
    assert.deepEqual(told(world), ['Accepted promote full', 'Accepted pause', 'Accepted resume']);
    assert.equal(command(world)?.status, 'False');
  });

  it('the condition is True while what was asked for stands', () => {
    const world = updating().edit({ paused: true }).quiesce();
    assert.equal(command(world)?.status, 'True');

    world.advance(5_000).edit({ paused: null }).quiesce();

    const condition = command(world);
    assert.deepEqual([condition?.status, condition?.reason], ['False', 'Resume']);
    assert.equal(condition?.lastTransitionTime, '2026-01-01T00:00:05Z');
  });
});

describe('what is no command', () => {
  it('what was declared from the beginning', () => {
    const restartAt = '2025-01-01T00:00:00Z';
    const world = new PureWorld(rolloutOf({ ...CANARY, spec: { paused: true, restartAt } })).quiesce();
    world.edit({ minReadySeconds: 1 }).quiesce();
    assert.deepEqual(told(world), []);
  });

  it('a pause whose time is up, and steps that the update takes itself', () => {
    const timed = [{ setWeight: 20 }, { pause: { duration: '1m' } }, { setWeight: 40 }];
    const world = new PureWorld(rolloutOf({ ...CANARY, canary: { steps: timed } })).quiesce();
    world.image('v2').advance(300_000);
    assert.deepEqual([world.status.phase, told(world)], ['Healthy', []]);
  });

  it('the step at which another controller left the update', () => {
    const world = prune(updating());
    const fields = ['status.currentPodHash', 'status.currentStepIndex'];
    wrote(world, { manager: 'rollouts-controller', subresource: 'status', fields });
    world.advance(10_000);
    assert.deepEqual([world.status.phase, told(world)], ['Paused', []]);
  });

  it('a pause that another controller recorded', () => {
    const world = updating().edit({ paused: true }).quiesce();
    const conditions = world.status.conditions?.filter(({ type }) => type !== 'Command');
    world.command({ headgate: null, conditions }).quiesce();
    assert.deepEqual(told(world), ['Accepted pause']);
  });
});

describe('what cannot be done is acknowledged as ignored', () => {
  it('a full promotion without an update', () => {
    const world = new PureWorld(rolloutOf(CANARY)).quiesce().command({ promoteFull: true }).quiesce();
    assert.deepEqual(told(world), ['Ignored promote full: no update is under way']);
  });

  it('a full promotion of what is aborted', () => {
    const world = updating().command({ abort: true }).quiesce().command({ promoteFull: true }).quiesce();
    assert.deepEqual(told(world), ['Accepted abort', 'Ignored promote full: the update is aborted; retry it first']);
    world.command({ abort: false }).quiesce();
    assert.equal(told(world).at(-1), 'Accepted retry');
  });

  it('an abort of what has been replaced meanwhile', () => {
    const world = updating().command({ abort: true }).image('v3').quiesce();
    assert.equal(world.status.phase, 'Paused');
    assert.deepEqual(told(world), ['Ignored abort: there is a newer version by now']);
  });

  it('a skip without an update', () => {
    const world = new PureWorld(rolloutOf(CANARY)).quiesce().command({ currentStepIndex: 1 }).quiesce();
    assert.deepEqual(told(world), ['Ignored skip to step 2 of 4 (pause): no update is under way']);
    assert.equal(world.status.phase, 'Healthy');
  });
});

describe('blue-green', () => {
  it('a promotion before the switch is told once, also when it is paused afterwards', () => {
    const blueGreen = { autoPromotionEnabled: false };
    const world = new PureWorld(rolloutOf({ replicas: 2, blueGreen })).quiesce().image('v2').quiesce();
    assert.equal(world.status.message, 'BlueGreenPause');
    world.command({ pauseConditions: null }).quiesce();
    assert.equal(world.status.phase, 'Healthy');
    assert.deepEqual(told(world), ['Accepted promote']);
  });
});
