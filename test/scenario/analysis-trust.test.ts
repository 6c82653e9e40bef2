import assert from 'node:assert/strict';
import type { Manifest } from '../support/api-client.ts';
import { canaryRollout } from '../support/manifests.ts';
import { onEachControlPlane, stageOn, storiesOn } from '../support/stories.ts';
import { until, type Scene } from '../support/world.ts';

onEachControlPlane('a verdict that proves nothing', { concurrency: 4 }, (name) => {
  const plain = storiesOn(stageOn(name), 'trust');
  const story = (title: string, tell: (scene: Scene, run: Manifest) => Promise<void>): void =>
    plain(title, async (scene) => tell(scene, await measuring(scene)));

  story('of a run that a user ended pauses the update, and a promotion measures again', async (scene, run) => {
    await scene.api.patch(runPath(scene, run), { spec: { terminate: true } });

    const paused = await scene.untilPhase('shop', 'Paused');
    assert.equal(paused['status'].message, 'InconclusiveAnalysisRun');
    assert.equal(paused['status'].currentStepIndex, 1);
    const ended = (await scene.get('analysisruns.argoproj.io', run.metadata.name))?.['status'];
    assert.equal(ended.phase, 'Successful');
    assert.equal(ended.message, 'Run Terminated (not measured: check)');
    assert.deepEqual(ended.runSummary, { count: 1 });

    await scene.patchStatus('shop', { pauseConditions: null });
    await until('a second run', async () => (await scene.list('analysisruns.argoproj.io')).length === 2);
  });

  story('because somebody wrote it is told and pauses the update', async (scene, run) => {
    await scene.api.patch(runPath(scene, run), { status: { phase: 'Successful', message: 'all good' } });

    const paused = await scene.untilPhase('shop', 'Paused');
    assert.equal(paused['status'].message, 'InconclusiveAnalysisRun');
    const touched = await until('the run to be marked', async () => {
      const found = await scene.get('analysisruns.argoproj.io', run.metadata.name);
      return found?.['status'].phase === 'Inconclusive' ? found : undefined;
    });
    assert.match(touched['status'].message, /^Not trusted, because of what somebody else wrote: status\./);
    await until('an event', async () =>
      (await scene.list('events')).some((event) => event['reason'] === 'AnalysisRunNotTrusted'),
    );
  });

  story('because somebody wrote it and erased who did is told and pauses the update', async (scene, run) => {
    const forged = { metadata: { managedFields: [{}] }, status: { phase: 'Successful', message: 'all good' } };
    await scene.api.patch(runPath(scene, run), forged);

    const paused = await scene.untilPhase('shop', 'Paused');
    assert.equal(paused['status'].message, 'InconclusiveAnalysisRun');
    const touched = await scene.get('analysisruns.argoproj.io', run.metadata.name);
    assert.match(touched?.['status'].message, /metadata\.managedFields \(erased by somebody unknown\)$/);
  });

  story('because somebody made its conditions easier is told and pauses the update', async (scene, run) => {
    const [metric] = run['spec'].metrics;
    await scene.api.patch(runPath(scene, run), { spec: { metrics: [{ ...metric, failureLimit: -1 }] } });

    const paused = await scene.untilPhase('shop', 'Paused');
    assert.equal(paused['status'].message, 'InconclusiveAnalysisRun');
  });
});

/** An update in the middle of an analysis step that has not measured anything yet. */
async function measuring(scene: Scene): Promise<Manifest> {
  const analysis = { templates: [{ templateName: 'late' }] };
  await scene.apply(lateTemplate(), canaryRollout({ name: 'shop', steps: [{ setWeight: 50 }, { analysis }] }));
  await scene.untilPhase('shop', 'Healthy');
  await scene.setImage('shop', 'shop:2');
  return until('a run that measures', async () => {
    const [run] = await scene.list('analysisruns.argoproj.io');
    return run?.['status']?.phase === 'Running' ? run : undefined;
  });
}

function lateTemplate(): Record<string, unknown> {
  const containers = [{ name: 'main', image: 'check:1', command: ['sleep', '3600'] }];
  const job = { spec: { backoffLimit: 0, template: { spec: { restartPolicy: 'Never', containers } } } };
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisTemplate',
    metadata: { name: 'late' },
    spec: { metrics: [{ name: 'check', initialDelay: '1h', provider: { job } }] },
  };
}

function runPath(scene: Scene, run: Manifest): string {
  return scene.path('analysisruns.argoproj.io', run.metadata.name);
}
