import assert from 'node:assert/strict';
import { podTemplate } from '../../support/manifests.ts';
import { until } from '../../support/world.ts';
import type { Life } from '../life.ts';
import { STRATEGIES } from '../strategies.ts';
import type { Picture, Strategy } from '../strategy.ts';
import { atEachHalt, firstHalt, found, once, type Row } from '../story.ts';
import { FIRST, GOOD, REPLICAS } from '../versions.ts';

const DEPLOYMENTS = 'deployments.apps';

/** Specs that change, or stand elsewhere. */
export const SPECS: readonly Row[] = [
  ...(['never', 'onsuccess', 'progressively'] as const).map((scaleDown) =>
    once(`workloadRef, scaled down ${scaleDown}`, async (life) => {
      const { scene } = life;
      const template = podTemplate('shop', FIRST);
      const selector = { matchLabels: { app: 'shop' } };
      const spec = { replicas: REPLICAS, selector, template };
      await scene.apply({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'shop' }, spec });
      await untilDeployment(life, { wanted: REPLICAS, available: REPLICAS });
      // Deployment and Rollout serve together until all pods of the Rollout have come.
      life.bounds({ servingMin: REPLICAS, wantedMax: life.strategy.podsMax(REPLICAS), byOneVersion: false });

      const workloadRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'shop', scaleDown };
      await life.install({ template: null, selector: null, workloadRef });
      const left = scaleDown === 'never' ? REPLICAS : 0;
      await untilDeployment(life, { wanted: left, available: left });

      await scene.api.jsonPatch(scene.path(DEPLOYMENTS, 'shop'), [
        { op: 'replace', path: '/spec/template/spec/containers/0/image', value: GOOD },
      ]);
      const versions = { stable: FIRST, fresh: GOOD };
      await life.untilAt(firstHalt(life.strategy), versions);
      await life.finish(versions);
      await untilDeployment(life, { wanted: left, available: left });
    }),
  ),

  once('spec edited while paused: what is not about the steps changes nothing', async (life) => {
    await life.install();
    const halt = found(life.strategy.halts.at(-1));
    const versions = await life.reach(halt);
    await life.edit({ progressDeadlineSeconds: 700, revisionHistoryLimit: 3, rollbackWindow: { revisions: 3 } });
    await life.untilAt(halt, versions);
    await life.finish(versions);
  }),

  editedStrategy,

  once('strategy switched at rest, and back', async (life) => {
    const other = otherOf(life.strategy);
    await life.install();
    const before = (await life.pods()).map(({ metadata }) => metadata.name);
    await life.scene.apply(...other.surroundings);

    await life.edit({ strategy: switched(life.strategy, other) });
    await life.untilSeen(withLeftBehind(other.healthy(FIRST), life.strategy), other.name);
    await life.edit({ strategy: switched(other, life.strategy) });
    await life.untilSeen(withLeftBehind(life.strategy.healthy(FIRST), other), life.strategy.name);

    assert.deepEqual(
      (await life.pods()).map(({ metadata }) => metadata.name),
      before,
    );
  }),

  atEachHalt('strategy switched', async (life, halt) => {
    const other = otherOf(life.strategy);
    await life.install();
    const versions = await life.reach(halt);
    await life.scene.apply(...other.surroundings);
    life.bounds({ servingMin: REPLICAS, byOneVersion: false, wantedMax: 3 * REPLICAS });

    await life.edit({ strategy: switched(life.strategy, other) });

    const rest = halt.comes ? firstHalt(other) : found(other.halts.find(({ comes }) => !comes));
    const picture = withLeftBehind(rest.picture(versions), life.strategy);
    // A canary Service that led nowhere yet is aimed with the first pod of the new version.
    const isAimed = rest.comes || picture.services['shop-canary'] === undefined;
    const unaimed: Picture['services'] = isAimed ? {} : { 'shop-canary': 'all versions' };
    const services = { ...picture.services, ...unaimed };
    await life.untilSeen({ ...picture, services }, `${other.name}, ${rest.name}`);
    if (!halt.comes) return;
    await life.move('promote full');
    await life.untilSeen(withLeftBehind(other.healthy(GOOD), life.strategy), 'promoted');
  }),

  atEachHalt('invalid, then fixed', async (life, halt) => {
    const { nonsense } = life.strategy;
    await life.install();
    const versions = await life.reach(halt);

    await life.edit(nonsense.edit);
    await life.untilSeen({ ...halt.picture(versions), phase: 'Degraded', message: nonsense.message }, 'invalid');
    await life.edit(nonsense.mend);

    await life.untilAt(halt, versions);
    if (halt.comes) await life.finish(versions);
  }),
];

function editedStrategy({ name }: Strategy): ReturnType<Row> {
  return name === 'blue-green' ? [EDITED_BLUE_GREEN] : [EDITED_STEPS];
}

const EDITED_STEPS = {
  title: 'spec edited while paused: new steps begin anew, and without steps it goes on',
  tell: async (life: Life): Promise<void> => {
    await life.install();
    const { strategy } = life;
    const versions = await life.reach(firstHalt(strategy));

    await life.edit({ strategy: { canary: { steps: [{ pause: {} }, { setWeight: 75 }, { pause: {} }] } } });
    const anew = { ...strategy.heldBack(versions), message: 'CanaryPauseStep' };
    // A canary Service without weight stays where it leads.
    const left: Picture['services'] =
      anew.services['shop-canary'] === undefined ? {} : { 'shop-canary': versions.fresh };
    await life.untilSeen({ ...anew, services: { ...anew.services, ...left } }, 'paused at the new first step');
    await life.edit({ strategy: { canary: { steps: null } } });

    await life.untilSeen({ ...strategy.healthy(GOOD), step: undefined }, 'promoted');
  },
};

const EDITED_BLUE_GREEN = {
  title: 'spec edited while paused: a smaller preview, and a promotion that needs nobody',
  tell: async (life: Life): Promise<void> => {
    await life.install();
    const halt = firstHalt(life.strategy);
    const versions = await life.reach(halt);

    await life.edit({ strategy: { blueGreen: { previewReplicaCount: 1 } } });
    const picture = halt.picture(versions);
    await life.untilSeen({ ...picture, pods: { ...picture.pods, [GOOD]: '1/1' } }, 'smaller');
    await life.edit({ strategy: { blueGreen: { autoPromotionEnabled: true } } });

    await life.untilHealthy(GOOD);
  },
};

/** A strategy of the other kind. */
function otherOf({ name }: Strategy): Strategy {
  const other = name === 'blue-green' ? 'canary behind a router' : 'blue-green';
  return found(STRATEGIES.find((one) => one.name === other));
}

function switched(from: Strategy, to: Strategy): object {
  const { strategy } = to.rollout()['spec'] as { readonly strategy: object };
  const [kind = ''] = Object.keys((from.rollout()['spec'] as { readonly strategy: object }).strategy);
  return { ...strategy, [kind]: null };
}

/** Services of the strategy before lead to all versions again. */
function withLeftBehind(picture: Picture, before: Strategy): Picture {
  const left = Object.keys(before.healthy(FIRST).services).map((name) => [name, 'all versions'] as const);
  return { ...picture, services: { ...Object.fromEntries(left), ...picture.services } };
}

async function untilDeployment(
  { scene }: Life,
  { wanted, available }: { readonly wanted: number; readonly available: number },
): Promise<void> {
  await until(`the Deployment to have ${available} of ${wanted} pods`, async () => {
    const { spec, status } = found(await scene.get(DEPLOYMENTS, 'shop'));
    return spec.replicas === wanted && (status?.availableReplicas ?? 0) === available;
  });
}
