import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { familyOf, waitingPod, type Family } from '../../test/support/cli-family.ts';
import { fakeSession } from '../../test/support/cli-session.ts';
import { PureWorld, rolloutOf } from '../../test/support/pure-world.ts';
import type { AnalysisRun } from '../api/analysis.ts';
import type { KubeObject } from '../api/kube-object.ts';
import { formatTimestamp } from '../lib/timestamp.ts';
import { explainVerb } from './explain.ts';

async function explain({ objects, nowMs }: Pick<Family, 'objects' | 'nowMs'>): Promise<string> {
  const fake = fakeSession({ objects, nowMs });
  await explainVerb(fake.session, { words: ['shop'], output: 'text' });
  return fake.printed.join('\n');
}

function updated(steps: readonly object[], habits = {}): PureWorld {
  const world = new PureWorld(rolloutOf({ replicas: 2, canary: { steps } }), habits);
  return world.advance(60_000).image('v2').advance(10_000);
}

describe('headgate explain', () => {
  it('a pause with a duration: how long it still takes, and what would end it', async () => {
    const world = updated([{ setWeight: 50 }, { pause: { duration: '10m' } }, { setWeight: 80 }]);

    const shown = await explain(familyOf(world));

    assert.equal(
      shown,
      `
rollout 'shop' in namespace web (context dev)
॥ Paused - CanaryPauseStep
It updates from revision 1 (v1) to revision 2 (v2); step 2 of 3 (pause: 10m).

It waits for
  - step 2 of 3 pauses until 2026-01-01T00:11:00.000Z

What will wake it
  - time: the pause ends in 9m50s, at 2026-01-01T00:11:00.000Z

What you can do
  headgate promote shop          on to step 3 of 3 (setWeight: 80)
  headgate promote shop --full   all at once: no more steps, pauses or analyses
  headgate abort shop            back to the stable version`.trimStart(),
    );
  });

  it('a pause without end: only a person wakes it', async () => {
    const shown = await explain(familyOf(updated([{ setWeight: 50 }, { pause: {} }])));

    assert.match(shown, /What will wake it\n {2}- only a person: promote, or abort\n/);
  });

  it('pods that do not come up: which, why, and how long it has', async () => {
    const world = updated([{ setWeight: 50 }, { pause: {} }], { podStartMs: 30_000 });
    const family = familyOf(world, (pod) =>
      pod.spec.containers?.[0]?.image === 'v2' ? waitingPod(pod, 'ImagePullBackOff', 'v2: not found') : pod,
    );

    const shown = await explain(family);

    assert.match(
      shown,
      /- pods of revision 2 \(canary\): 0 of 1 available\n {4}shop-\w+-1: ImagePullBackOff in container app: v2: not found/,
    );
    assert.match(shown, /wake it\n {2}- a change of its pods/);
    assert.match(shown, /without any progress it is Degraded in 9m5\ds \(progressDeadlineSeconds: 600\)/);
  });

  it('a measurement: what it gave so far, and when the next one is due', async () => {
    const family = familyOf(updated([{ setWeight: 50 }, { pause: {} }]));
    const nowMs = family.nowMs;

    const shown = await explain({ nowMs, objects: [...family.objects, runningAnalysis(nowMs)] });

    assert.match(
      shown,
      /- AnalysisRun shop-run\n {4}error-rate: Running, 2 of 5 good, 1 bad \(1 allowed\), last \[0\.02\]; next in 40s/,
    );
  });

  it('an Experiment that was inconclusive: somebody has to judge', async () => {
    const experiment = {
      templates: [{ name: 'canary', specRef: 'canary' }],
      analyses: [{ name: 'errors', templateName: 'errors', requiredForCompletion: true }],
    };
    const world = updated([{ experiment }, { pause: {} }], { analysis: { phase: 'Inconclusive', afterMs: 1_000 } });
    assert.equal(world.status.message, 'InconclusiveExperiment');

    const shown = await explain(familyOf(world));

    assert.match(shown, /It waits for\n {2}- somebody to judge: a measurement was neither good nor bad\n/);
  });

  it('an abort: why, and the ways out of it', async () => {
    const shown = await explain(
      familyOf(
        updated([{ setWeight: 50 }, { pause: {} }])
          .command({ abort: true })
          .quiesce(),
      ),
    );

    assert.match(shown, /was aborted; traffic belongs to the stable version, revision 1 \(v1\)\./);
    assert.equal(shown.match(/aborted update to revision 2/g)?.length, 1);
    assert.match(shown, /headgate retry shop /);
    assert.match(shown, /headgate undo shop --to-revision 1 /);
  });

  it('an invalid spec: what is wrong with it', async () => {
    const world = updated([{ setWeight: 50 }, { pause: {} }]);
    world.edit({ strategy: { canary: { steps: [{ setWeight: 120 }] } } }).quiesce();

    const shown = await explain(familyOf(world));

    assert.match(shown, /waits for\n {2}- The Rollout "shop" is invalid: spec\.strategy\.steps\[0\]\.setWeight/);
    assert.match(shown, /headgate lint -f FILE/);
  });

  it('a pause by hand: resume takes it back', async () => {
    const shown = await explain(
      familyOf(
        updated([{ setWeight: 50 }, { pause: {} }])
          .edit({ paused: true })
          .quiesce(),
      ),
    );

    assert.match(shown, /headgate resume shop +takes spec\.paused back/);
  });

  it('a spec that no controller has looked at', async () => {
    const shown = await explain(familyOf(updated([{ setWeight: 50 }, { pause: {} }]).image('v3')));

    assert.match(shown, /- the controller to take up generation 3 of the spec; it has seen 2/);
    assert.match(shown, /it is not running or not responsible/);
  });

  it('nothing: it says so', async () => {
    const shown = await explain(familyOf(updated([])));

    assert.match(shown, /All of it runs the stable version, revision 2 \(v2\)\./);
    assert.doesNotMatch(shown, /It waits for/);
  });

  it('a blue-green update before its switch', async () => {
    const world = new PureWorld(rolloutOf({ blueGreen: { autoPromotionEnabled: false } }))
      .quiesce()
      .image('v2')
      .quiesce();

    const shown = await explain(familyOf(world));

    assert.match(shown, /the active Service leads to the old version\./);
    assert.match(shown, /promote shop +switches the active Service to the new version/);
  });
});

function runningAnalysis(nowMs: number): AnalysisRun {
  const metric = { name: 'error-rate', count: 5, failureLimit: 1, interval: '1m', provider: {} };
  const measurement = { phase: 'Successful', value: '[0.02]', finishedAt: formatTimestamp(nowMs - 21_000) };
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisRun',
    metadata: {
      name: 'shop-run',
      ownerReferences: [{ apiVersion: 'v1', kind: 'Rollout', name: 'shop', uid: 'rollout-1' }],
    },
    spec: { metrics: [metric] },
    status: {
      phase: 'Running',
      startedAt: formatTimestamp(nowMs - 120_000),
      metricResults: [
        { name: 'error-rate', phase: 'Running', count: 3, successful: 2, failed: 1, measurements: [measurement] },
      ],
    },
  } satisfies KubeObject as AnalysisRun;
}
