import assert from 'node:assert/strict';
import type { Manifest } from '../support/api-client.ts';
import { alertmanagerRefusal, startAlertmanager } from '../support/alertmanager.ts';
import { canaryRollout } from '../support/manifests.ts';
import { opened } from '../support/opened.ts';
import { onEachControlPlane, stageOn, storiesOn } from '../support/stories.ts';
import { clusterSkipReason, conditionOf, until, type Scene } from '../support/world.ts';

onEachControlPlane('alerts of a real Alertmanager', { skip: clusterSkipReason() ?? alertmanagerRefusal() }, (name) => {
  const stage = stageOn(name);
  const alerts = opened(startAlertmanager, (alertmanager) => alertmanager.close());
  const story = storiesOn(stage, 'alerts');

  const update = async (scene: Scene): Promise<void> => {
    const analysis = { templates: [{ templateName: 'alerts' }] };
    const steps = [{ setWeight: 50 }, { analysis }];
    await scene.apply(template(alerts.url, scene.namespace), canaryRollout({ name: 'shop', steps }));
    await scene.untilPhase('shop', 'Healthy');
    await scene.setImage('shop', 'shop:2');
  };

  story('let a version go on while none fires for it', async (scene) => {
    await alerts.fire({ alertname: 'HighErrors', app: 'somebody-else', severity: 'page' });
    await alerts.fire({ alertname: 'Chatty', app: scene.namespace, severity: 'info' });
    await update(scene);

    const done = await scene.untilPhase('shop', 'Healthy');

    assert.equal(done['status'].stableRS, done['status'].currentPodHash);
    assert.equal((await run(scene))['status'].metricResults[0].measurements[0].value, '0');
  });

  story('abort a version for which one fires, and name it', async (scene) => {
    await alerts.fire({ alertname: 'HighErrors', app: scene.namespace, severity: 'page' });
    await update(scene);

    const aborted = await scene.untilPhase('shop', 'Degraded');

    assert.match(conditionOf(aborted, 'Progressing')?.message ?? '', /"Error Message: firing: HighErrors"$/);
  });

  story('that are silenced decide nothing', async (scene) => {
    await alerts.silence('app', scene.namespace);
    await alerts.fire({ alertname: 'HighErrors', app: scene.namespace, severity: 'page' });
    await update(scene);

    await scene.untilPhase('shop', 'Healthy');

    assert.equal((await run(scene))['status'].phase, 'Successful');
  });
});

function run(scene: Scene): Promise<Manifest> {
  return until('the AnalysisRun', async () => (await scene.list('analysisruns.argoproj.io'))[0]);
}

function template(address: string, app: string): Record<string, unknown> {
  const filter = [`app="${app}"`, 'severity=~"critical|page"'];
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisTemplate',
    metadata: { name: 'alerts' },
    spec: { metrics: [{ name: 'alerts', provider: { alertmanager: { address, filter } } }] },
  };
}
