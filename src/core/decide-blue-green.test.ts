import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { AnalysisTemplate } from '../api/analysis.ts';
import type { RolloutSpec } from '../api/rollout.ts';
import { PureWorld, rolloutOf, type RolloutWishes } from '../../test/support/pure-world.ts';
import { settle, type ClusterHabits } from './rollout/imagined-cluster.ts';
import { hashOf } from './rollout/replica-set.ts';

type BlueGreen = NonNullable<RolloutWishes['blueGreen']>;

const HASH = 'rollouts-pod-template-hash';
const ANALYSIS = { templates: [{ templateName: 'errors' }] };
const TEMPLATE: AnalysisTemplate = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'AnalysisTemplate',
  metadata: { name: 'errors', namespace: 'default' },
  spec: { metrics: [{ name: 'errors', provider: { prometheus: { address: 'http://p', query: 'up' } } }] },
};

function installed(
  blueGreen: BlueGreen = {},
  more: {
    readonly spec?: Partial<RolloutSpec>;
    readonly habits?: Partial<ClusterHabits>;
    readonly replicas?: number;
  } = {},
): PureWorld {
  const { replicas = 4, spec, habits } = more;
  const world = new PureWorld(rolloutOf({ replicas, blueGreen: { previewService: 'preview', ...blueGreen }, spec }), {
    podStartMs: 1_000,
    brokenImages: ['broken'],
    ...habits,
  });
  world.cluster = { ...world.cluster, analysisTemplates: { errors: TEMPLATE } };
  return world.advance(5_000);
}

/** Image of the version that the Service leads to. */
function behind(world: PureWorld, service: string): string | undefined {
  const hash = world.cluster.services[service]?.spec.selector?.[HASH];
  const found = world.cluster.replicaSets.find((replicaSet) => hashOf(replicaSet) === hash);
  return found?.spec.template.spec?.containers?.[0]?.image;
}

function reasons(world: PureWorld): readonly string[] {
  return world.cluster.events.map(({ reason }) => reason);
}

function waiting(world: PureWorld): string | undefined {
  return world.status.conditions?.find(({ type }) => type === 'Waiting')?.reason;
}

test('one pod that is waited for is not called pods', () => {
  const { status } = installed({}, { replicas: 1 }).image('v2').quiesce();

  const waiting = status.conditions?.find(({ type }) => type === 'Waiting');
  assert.equal(waiting?.message, '1 pod of the new version has to be available');
});

describe('a blue-green Rollout', () => {
  test('installs its first version, and then both Services lead to it', () => {
    const world = installed();

    assert.equal(world.status.phase, 'Healthy');
    assert.equal(world.status.stableRS, world.status.currentPodHash);
    assert.equal(world.status.blueGreen?.activeSelector, world.status.stableRS);
    assert.equal(world.status.blueGreen?.previewSelector, world.status.stableRS);
    assert.equal(world.status.currentStepIndex, undefined);
    assert.equal(world.status.currentStepHash, undefined);
    assert.equal(world.status.selector, `app=shop,${HASH}=${world.status.stableRS}`);
    assert.ok(world.cluster.events.some(({ message }) => message.endsWith(': Initial deploy')));
  });

  test('switches all traffic at once when the new version has all its pods, and keeps the old ones for a while', () => {
    const world = installed().image('v2').quiesce();

    assert.equal(behind(world, 'preview'), 'v2');
    assert.equal(behind(world, 'active'), 'v1');
    assert.equal(world.status.message, 'active service cutover pending');
    assert.deepEqual(world.sizes(), { v1: 4, v2: 4 });

    world.advance(1_000);
    assert.equal(behind(world, 'active'), 'v2');
    assert.equal(world.status.phase, 'Healthy');
    assert.ok(world.cluster.events.some(({ message }) => message.endsWith(': Completed blue-green update')));

    world.advance(29_000);
    assert.deepEqual(world.sizes(), { v1: 4, v2: 4 });
    world.advance(2_000);
    assert.deepEqual(world.sizes(), { v1: 0, v2: 4 });
  });

  test('follows the wish for another delay, and for none', () => {
    assert.deepEqual(installed({ scaleDownDelaySeconds: 0 }).image('v2').advance(2_000).sizes(), { v1: 0, v2: 4 });
    const world = installed({ scaleDownDelaySeconds: 100 }).image('v2').advance(90_000);
    assert.deepEqual(world.sizes(), { v1: 4, v2: 4 });
    assert.deepEqual(world.advance(20_000).sizes(), { v1: 0, v2: 4 });
  });

  test('keeps no more old versions than it may', () => {
    const world = installed({ scaleDownDelaySeconds: 1_000, scaleDownDelayRevisionLimit: 1 });

    world.image('v2').advance(10_000).image('v3').advance(10_000);

    assert.deepEqual(Object.values(world.sizes()).filter((size) => size > 0).length, 2);
    assert.equal(world.sizes()['v3'], 4);
  });

  test('never switches to a version that does not become available', () => {
    const world = installed({}, { spec: { progressDeadlineSeconds: 60 } })
      .image('broken')
      .advance(200_000);

    assert.equal(behind(world, 'active'), 'v1');
    assert.equal(world.status.phase, 'Degraded');
    assert.equal(world.progressing(), 'False/ProgressDeadlineExceeded');
    assert.equal(world.status.availableReplicas, 4);
  });

  test('with progressDeadlineAbort goes back by itself', () => {
    const spec = { progressDeadlineSeconds: 60, progressDeadlineAbort: true };
    const world = installed({}, { spec }).image('broken').advance(200_000);

    assert.equal(world.status.abort, true);
    assert.deepEqual(world.sizes(), { v1: 4, broken: 0 });
  });
});

describe('promotion of a blue-green update', () => {
  test('waits for a user when it is not automatic', () => {
    const world = installed({ autoPromotionEnabled: false }).image('v2').advance(600_000);

    assert.equal(world.status.phase, 'Paused');
    assert.equal(world.status.message, 'BlueGreenPause');
    assert.equal(world.status.controllerPause, true);
    assert.equal(world.progressing(), 'Unknown/RolloutPaused');
    assert.equal(waiting(world), 'Resume');
    assert.equal(behind(world, 'active'), 'v1');
    assert.deepEqual(reasons(world).filter((reason) => reason === 'RolloutPaused').length, 1);

    world.command({ pauseConditions: null }).quiesce();

    assert.equal(behind(world, 'active'), 'v2');
    assert.equal(world.status.phase, 'Healthy');
    assert.equal(world.status.controllerPause, undefined);
    assert.equal(reasons(world).filter((reason) => reason === 'RolloutResumed').length, 1);
  });

  test('goes on when the spec asks for no pause any more', () => {
    const world = installed({ autoPromotionEnabled: false }).image('v2').advance(600_000);
    assert.equal(world.status.phase, 'Paused');

    world.edit({ strategy: { blueGreen: { autoPromotionEnabled: true } } }).quiesce();

    assert.equal(behind(world, 'active'), 'v2');
    assert.equal(world.status.phase, 'Healthy');
  });

  test('waits for its seconds, counted from the start of the pause', () => {
    const world = installed({ autoPromotionSeconds: 60 }).image('v2').advance(60_000);
    assert.equal(behind(world, 'active'), 'v1');
    assert.equal(waiting(world), 'Timer');

    world.advance(2_000);
    assert.equal(behind(world, 'active'), 'v2');
    assert.equal(world.status.phase, 'Healthy');
  });

  test('ignores the seconds when it is not automatic', () => {
    const world = installed({ autoPromotionEnabled: false, autoPromotionSeconds: 5 }).image('v2').advance(600_000);

    assert.equal(world.status.message, 'BlueGreenPause');
  });

  test('starts with fewer pods and grows after the pause, and only then switches', () => {
    const world = installed({ autoPromotionEnabled: false, previewReplicaCount: 1 }).image('v2').advance(10_000);
    assert.deepEqual(world.sizes(), { v1: 4, v2: 1 });
    assert.equal(world.status.message, 'BlueGreenPause');

    world.command({ pauseConditions: null }).quiesce();
    assert.equal(world.status.blueGreen?.scaleUpPreviewCheckPoint, true);
    assert.deepEqual(world.sizes(), { v1: 4, v2: 4 });
    assert.equal(behind(world, 'active'), 'v1');
    assert.equal(reasons(world).filter((reason) => reason === 'RolloutResumed').length, 1);

    world.advance(2_000);
    assert.equal(behind(world, 'active'), 'v2');
    assert.equal(world.status.blueGreen?.scaleUpPreviewCheckPoint, undefined);
    assert.equal(reasons(world).filter((reason) => reason === 'RolloutResumed').length, 1);
  });

  test('in full skips the pause, the preview size and the measurements', () => {
    const world = installed({
      autoPromotionEnabled: false,
      previewReplicaCount: 1,
      prePromotionAnalysis: ANALYSIS,
      postPromotionAnalysis: ANALYSIS,
    });
    world.image('v2').quiesce().command({ promoteFull: true }).advance(5_000);

    assert.equal(world.status.phase, 'Healthy');
    assert.equal(world.status.promoteFull, undefined);
    assert.equal(behind(world, 'active'), 'v2');
    assert.ok(world.cluster.events.some(({ message }) => message.endsWith(': Full promotion requested')));
  });

  test('is held by spec.paused, while pods come', () => {
    const world = installed().image('v2').edit({ paused: true }).advance(60_000);

    assert.equal(world.status.message, 'manually paused');
    assert.deepEqual(world.sizes(), { v1: 4, v2: 4 });
    assert.equal(behind(world, 'active'), 'v1');
    assert.equal(behind(world, 'preview'), 'v1');

    world.edit({ paused: false }).advance(5_000);
    assert.equal(behind(world, 'active'), 'v2');
  });

  test('goes to the newest version when that supersedes the one that waits', () => {
    const world = installed({ autoPromotionEnabled: false }).image('v2').advance(10_000).image('v3').advance(60_000);

    assert.equal(world.status.message, 'BlueGreenPause');
    assert.equal(behind(world, 'preview'), 'v3');
    assert.deepEqual(world.sizes(), { v1: 4, v2: 0, v3: 4 });
  });

  test('needs no pause to go back to a version that was promoted and still has its pods', () => {
    const world = installed({ autoPromotionEnabled: false, scaleDownDelaySeconds: 100 });
    world.image('v2').advance(10_000).command({ pauseConditions: null }).advance(5_000);

    world.image('v1').advance(5_000);

    assert.equal(world.status.phase, 'Healthy');
    assert.equal(behind(world, 'active'), 'v1');
    assert.equal(world.status.stableRS, world.status.currentPodHash);
    assert.equal(world.status.duration?.completionStatus, 'FastRolledBack');
  });

  test('pauses again for a version that was never promoted, though it still has its pods', () => {
    const world = installed({ autoPromotionEnabled: false, scaleDownDelaySeconds: 100 });
    world.image('v2').advance(10_000).image('v3').advance(10_000);
    assert.equal(world.sizes()['v2'], 4);

    world.image('v2').advance(10_000);

    assert.equal(world.status.message, 'BlueGreenPause');
    assert.equal(behind(world, 'active'), 'v1');
  });
});

describe('measurement of a blue-green update', () => {
  const good = { analysis: { phase: 'Successful', afterMs: 10_000 } } as const;
  const bad = { analysis: { phase: 'Failed', afterMs: 10_000 } } as const;
  const unclear = { analysis: { phase: 'Inconclusive', afterMs: 10_000 } } as const;

  test('before the switch starts when the pods are there, and decides over it', () => {
    const world = installed({ prePromotionAnalysis: ANALYSIS }, { habits: good }).image('v2').quiesce();
    assert.equal(world.cluster.analysisRuns.length, 0);

    world.advance(5_000);
    const [run] = world.cluster.analysisRuns;
    assert.equal(run?.metadata.name, `shop-${world.status.currentPodHash}-2-pre`);
    assert.equal(run?.metadata.labels?.['rollout-type'], 'PrePromotion');
    assert.equal(world.status.blueGreen?.prePromotionAnalysisRunStatus?.status, 'Running');
    assert.equal(behind(world, 'active'), 'v1');
    assert.equal(waiting(world), 'Analysis');

    world.advance(10_000);
    assert.equal(behind(world, 'active'), 'v2');
    assert.equal(world.status.phase, 'Healthy');
  });

  test('before the switch comes before the pause', () => {
    const world = installed({ prePromotionAnalysis: ANALYSIS, autoPromotionEnabled: false }, { habits: good });

    world.image('v2').advance(5_000);
    assert.equal(world.status.phase, 'Progressing');
    world.advance(10_000);
    assert.equal(world.status.message, 'BlueGreenPause');
  });

  test('before the switch waits for the preview Service to lead to the new version', () => {
    const world = installed({ prePromotionAnalysis: ANALYSIS }, { habits: good }).image('v2').quiesce();
    const preview = world.cluster.services['preview'];
    assert.ok(preview);
    world.cluster = {
      ...world.cluster,
      services: {
        ...world.cluster.services,
        preview: { ...preview, spec: { selector: { app: 'shop', [HASH]: 'old' } } },
      },
      nowMs: world.cluster.nowMs + 2_000,
    };
    world.cluster = settle(world.cluster);

    world.pass();
    assert.equal(world.cluster.analysisRuns.length, 0);
    world.pass();
    assert.equal(world.cluster.analysisRuns.length, 1);
  });

  test('that fails before the switch aborts, and the traffic never moved', () => {
    const world = installed({ prePromotionAnalysis: ANALYSIS }, { habits: bad }).image('v2').advance(20_000);

    assert.equal(world.status.phase, 'Degraded');
    assert.equal(
      world.status.message,
      'RolloutAborted: Rollout aborted update to revision 2: Blue/green pre-promotion analysis phase error/failed',
    );
    assert.equal(behind(world, 'active'), 'v1');
    assert.equal(behind(world, 'preview'), 'v2');
    assert.deepEqual(world.advance(40_000).sizes(), { v1: 4, v2: 0 });
  });

  test('after the switch keeps the old version at full size until it is good', () => {
    const world = installed({ postPromotionAnalysis: ANALYSIS, scaleDownDelaySeconds: 0 }, { habits: good });

    world.image('v2').advance(5_000);
    assert.equal(behind(world, 'active'), 'v2');
    assert.equal(world.status.message, 'waiting for analysis to complete');
    assert.deepEqual(world.sizes(), { v1: 4, v2: 4 });

    world.advance(10_000);
    assert.equal(world.status.phase, 'Healthy');
    assert.deepEqual(world.sizes(), { v1: 0, v2: 4 });
  });

  test('stays in status until the next update', () => {
    const analyses = { prePromotionAnalysis: ANALYSIS, postPromotionAnalysis: ANALYSIS };
    const world = installed(analyses, { habits: good }).image('v2').advance(60_000);

    assert.equal(world.status.phase, 'Healthy');
    assert.equal(world.status.blueGreen?.prePromotionAnalysisRunStatus?.status, 'Successful');
    assert.equal(world.status.blueGreen?.postPromotionAnalysisRunStatus?.status, 'Successful');

    world.image('v3').pass();
    assert.equal(world.status.blueGreen?.prePromotionAnalysisRunStatus, undefined);
    assert.equal(world.status.blueGreen?.postPromotionAnalysisRunStatus, undefined);
  });

  test('that fails after the switch brings the traffic back', () => {
    const world = installed({ postPromotionAnalysis: ANALYSIS }, { habits: bad }).image('v2').advance(20_000);

    assert.equal(world.status.phase, 'Degraded');
    assert.match(world.status.message ?? '', /Blue\/green post-promotion analysis phase error\/failed/);
    assert.equal(behind(world, 'active'), 'v1');
    assert.deepEqual(world.advance(40_000).sizes(), { v1: 4, v2: 0 });
  });

  for (const when of ['prePromotionAnalysis', 'postPromotionAnalysis'] as const) {
    test(`that is inconclusive (${when}) waits for a user, who has it measured again`, () => {
      const world = installed({ [when]: ANALYSIS }, { habits: unclear })
        .image('v2')
        .advance(20_000);
      assert.equal(world.status.message, 'InconclusiveAnalysisRun');

      world.cluster = { ...world.cluster, habits: { ...world.cluster.habits, ...good } };
      const before = world.cluster.analysisRuns.length;
      // The runs that are over keep their verdict.
      world.command({ pauseConditions: null }).pass();
      assert.equal(world.cluster.analysisRuns.length, before + 1);
      world.advance(20_000);

      assert.equal(world.status.phase, 'Healthy');
      assert.equal(behind(world, 'active'), 'v2');
    });
  }

  test('that outlives the progress deadline is no lack of progress', () => {
    const world = installed(
      { prePromotionAnalysis: ANALYSIS },
      {
        habits: { analysis: { phase: 'Successful', afterMs: 200_000 } },
        spec: { progressDeadlineSeconds: 30, progressDeadlineAbort: true },
      },
    );

    world.image('v2').advance(150_000);
    assert.equal(world.status.abort, undefined);
    assert.equal(world.advance(60_000).status.phase, 'Healthy');
  });
});

describe('an abort of a blue-green update', () => {
  test('before the switch leaves the traffic and drains the new version after its delay', () => {
    const world = installed({ autoPromotionEnabled: false }).image('v2').advance(10_000);

    world.command({ abort: true }).quiesce();
    assert.equal(world.status.message, 'RolloutAborted: Rollout aborted update to revision 2');
    assert.deepEqual(world.sizes(), { v1: 4, v2: 4 });
    assert.equal(behind(world, 'preview'), 'v2');

    assert.deepEqual(world.advance(31_000).sizes(), { v1: 4, v2: 0 });
  });

  test('aims the preview Service again that somebody else made lead to every version', () => {
    const world = installed({ autoPromotionEnabled: false }).image('v2').advance(10_000);
    world.command({ abort: true }).advance(5_000);
    const { preview } = world.cluster.services;
    assert.ok(preview);
    const everything = { ...preview, spec: { selector: { app: 'shop' } } };
    world.cluster = { ...world.cluster, services: { ...world.cluster.services, preview: everything } };

    world.quiesce();

    assert.equal(behind(world, 'preview'), 'v2');
  });

  test('with a delay of 0 leaves the new version running', () => {
    const world = installed({ autoPromotionEnabled: false, abortScaleDownDelaySeconds: 0 }).image('v2').advance(10_000);

    world.command({ abort: true }).advance(600_000);

    assert.deepEqual(world.sizes(), { v1: 4, v2: 4 });
  });

  test('after the switch needs nothing of a version that has died since', () => {
    const world = installed({ postPromotionAnalysis: ANALYSIS }).image('v2').advance(5_000);
    assert.equal(behind(world, 'active'), 'v2');
    const dead = world.cluster.replicaSets.find(({ spec }) => spec.template.spec?.containers?.[0]?.image === 'v2');
    const never = { [dead?.metadata.name ?? '']: [Infinity, Infinity, Infinity, Infinity] };
    world.cluster = { ...world.cluster, podsReadyAtMs: { ...world.cluster.podsReadyAtMs, ...never } };

    world.command({ abort: true }).quiesce();

    assert.equal(behind(world, 'active'), 'v1');
    assert.equal(world.status.phase, 'Degraded');
  });

  test('wins over promoteFull and spec.paused', () => {
    const world = installed({ postPromotionAnalysis: ANALYSIS }).image('v2').advance(5_000);

    world.edit({ paused: true }).command({ abort: true, promoteFull: true }).quiesce();

    assert.equal(behind(world, 'active'), 'v1');
    assert.equal(world.status.promoteFull, undefined);
  });

  test('is undone by a retry, which pauses again', () => {
    const world = installed({ autoPromotionEnabled: false }).image('v2').advance(10_000);
    world.command({ abort: true }).advance(10_000);

    world.command({ abort: false }).advance(10_000);

    assert.equal(world.status.message, 'BlueGreenPause');
    assert.deepEqual(world.advance(600_000).sizes(), { v1: 4, v2: 4 });
    assert.equal(behind(world, 'active'), 'v1');
  });

  test('followed by a retry measures anew', () => {
    const habits = { analysis: { phase: 'Failed', afterMs: 10_000 } } as const;
    const world = installed({ prePromotionAnalysis: ANALYSIS }, { habits }).image('v2').advance(20_000);

    world.command({ abort: false }).advance(3_000);

    assert.equal(world.cluster.analysisRuns.length, 2);
    assert.equal(world.status.blueGreen?.prePromotionAnalysisRunStatus?.status, 'Running');
  });
});

describe('a way back in a blue-green update', () => {
  test('to the stable template moves the traffic at once', () => {
    const world = installed({ postPromotionAnalysis: ANALYSIS }).image('v2').advance(5_000);
    assert.equal(behind(world, 'active'), 'v2');

    world.image('v1').quiesce();

    assert.equal(behind(world, 'active'), 'v1');
    assert.equal(world.status.phase, 'Healthy');
    assert.deepEqual(world.advance(40_000).sizes(), { v1: 4, v2: 0 });
  });

  test('keeps the version that has the traffic at full size while a third one comes', () => {
    const world = installed({ postPromotionAnalysis: ANALYSIS, autoPromotionEnabled: false })
      .image('v2')
      .advance(5_000);
    world.command({ pauseConditions: null }).advance(5_000);
    assert.equal(behind(world, 'active'), 'v2');

    world.image('v3').edit({ replicas: 6 }).advance(10_000);

    assert.deepEqual(world.sizes(), { v1: 6, v2: 6, v3: 6 });
    assert.equal(behind(world, 'active'), 'v2');
  });
});

describe('sizes of a blue-green Rollout', () => {
  test('follow replicas in every version that counts', () => {
    const world = installed({ autoPromotionEnabled: false }).image('v2').advance(10_000);

    assert.deepEqual(world.edit({ replicas: 6 }).advance(5_000).sizes(), { v1: 6, v2: 6 });
    assert.equal(world.status.HPAReplicas, 6);
    assert.deepEqual(world.edit({ replicas: 2 }).advance(5_000).sizes(), { v1: 2, v2: 2 });
    assert.equal(world.status.message, 'BlueGreenPause');
  });

  test('of 0 change nothing at a Service that others may use', () => {
    const world = installed({}, { replicas: 0 });

    assert.equal(behind(world, 'active'), undefined);
    assert.equal(world.status.stableRS, world.status.currentPodHash);

    world.edit({ replicas: 2 }).advance(5_000);
    assert.equal(behind(world, 'active'), 'v1');
    assert.equal(world.status.phase, 'Healthy');
  });
});
