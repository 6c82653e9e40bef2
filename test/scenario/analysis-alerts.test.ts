import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Manifest } from '../support/api-client.ts';
import { alertmanagerRefusal, startAlertmanager, type RunningAlertmanager } from '../support/alertmanager.ts';
import { canaryRollout } from '../support/manifests.ts';
import { startStage, type Stage } from '../support/stage.ts';
import { clusterSkipReason, conditionOf, Scene, until, type Cluster } from '../support/world.ts';

for (const name of ['embedded', 'cluster'] as const satisfies readonly Cluster['name'][]) {
  const skip = clusterSkipReason() ?? alertmanagerRefusal();
  describe(`alerts of a real Alertmanager, on the ${name} control plane`, { skip }, () => {
    let stage: Stage;
    let alerts: RunningAlertmanager;

    before(async () => {
      stage = await startStage(name);
      alerts = await startAlertmanager();
    });
    after(async () => {
      await stage?.stop();
      await alerts?.close();
    });

    const update = async (scene: Scene): Promise<void> => {
      const analysis = { templates: [{ templateName: 'alerts' }] };
      const steps = [{ setWeight: 50 }, { analysis }];
      await scene.apply(template(alerts.url, scene.namespace), canaryRollout({ name: 'shop', steps }));
      await scene.untilPhase('shop', 'Healthy');
      await scene.setImage('shop', 'shop:2');
    };
    const story = (title: string, tell: (scene: Scene) => Promise<void>): void => {
      it(title, async () => {
        const scene = await Scene.open(stage.api, 'alerts');
        try {
          await tell(scene);
        } finally {
          await scene.close();
        }
      });
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
}

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
