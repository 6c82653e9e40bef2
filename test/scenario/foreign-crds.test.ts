import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { customResourceDefinitions } from '../../src/api/crd/definitions.ts';
import { canaryRollout } from '../support/manifests.ts';
import { startStage, type Stage } from '../support/stage.ts';
import { clusterSkipReason, Scene, until, type Cluster } from '../support/world.ts';

const CRD = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/rollouts.argoproj.io';

for (const name of ['embedded', 'cluster'] as const satisfies readonly Cluster['name'][]) {
  const skip = name === 'cluster' ? clusterSkipReason() : undefined;
  describe(`CRDs of another controller, on the ${name} control plane`, { skip }, () => {
    let stage: Stage;

    before(async () => {
      stage = await startStage(name);
      await stage.api.apply(CRD, withoutAdditiveStatus());
    });
    after(() => stage.stop());

    it('prune additive status: the update runs all the same, and then nothing is written', async () => {
      const scene = await Scene.open(stage.api, 'pruned');
      try {
        await until('the additive status to be pruned', async () => {
          await scene.apply(canaryRollout({ name: 'probe' }));
          const { status } = await scene.patchStatus('probe', { headgate: { step: 'probe' } });
          return status?.headgate === undefined;
        });
        await scene.apply(canaryRollout({ name: 'shop', replicas: 2, steps: [{ setWeight: 50 }, { pause: {} }] }));
        await scene.untilPhase('shop', 'Healthy');
        await scene.setImage('shop', 'shop:2');
        const paused = await scene.untilPhase('shop', 'Paused');
        assert.equal(paused['status'].headgate, undefined);
        await scene.patchStatus('shop', { promoteFull: true });
        await scene.untilPhase('shop', 'Healthy');

        const settled = await stage.untilQuiet(scene);
        const calls = stage.calls();
        await stage.wakeAll();

        assert.deepEqual(await stage.untilQuiet(scene), settled);
        assert.equal(stage.calls(), calls);
      } finally {
        await scene.close();
      }
    });
  });
}

function withoutAdditiveStatus(): unknown {
  const definition = structuredClone(
    customResourceDefinitions().find(({ metadata }) => metadata.name === 'rollouts.argoproj.io'),
  );
  const version = (definition as unknown as { spec: { versions: readonly Version[] } }).spec.versions[0];
  delete version?.schema.openAPIV3Schema.properties.status.properties['headgate'];
  return definition;
}

interface Version {
  readonly schema: {
    readonly openAPIV3Schema: {
      readonly properties: { readonly status: { readonly properties: Record<string, unknown> } };
    };
  };
}
