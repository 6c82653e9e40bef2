import { podTemplate } from '../support/manifests.ts';
import { STOP, WALK } from './canary-stories.ts';
import { abort, DEPLOYMENT, GOOD, isBack, runs, setImage, type Scenario } from './scenario.ts';
import { canaryScenario, type CanaryWishes } from './setting.ts';
import { updateUntilPaused } from './updates.ts';

/** Stories of a Rollout whose template is a Deployment's. */
export const WORKLOAD_STORIES: readonly Scenario[] = [
  referring({
    name: 'workload',
    routing: 'none',
    steps: WALK,
    scaleDown: 'onsuccess',
    play: (world) => setImage(world, GOOD),
    isOver: (world) => runs(world, GOOD) && world.deployment?.spec.replicas === 0,
  }),
  referring({
    name: 'workload-progressively',
    routing: 'gateway',
    steps: WALK,
    scaleDown: 'progressively',
    play: (world) => setImage(world, GOOD),
    isOver: (world) => runs(world, GOOD) && world.deployment?.spec.replicas === 0,
  }),
  referring({
    name: 'workload-abort',
    isScripted: true,
    end: 'aborted',
    routing: 'gateway',
    steps: STOP,
    scaleDown: 'never',
    async play(world) {
      await updateUntilPaused(world, GOOD);
      await abort(world);
    },
    isOver: isBack,
  }),
];

function referring({ scaleDown, ...wishes }: CanaryWishes & { readonly scaleDown: string }): Scenario {
  const workloadRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'shop', scaleDown };
  const template = podTemplate('shop', 'shop:1');
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'shop' },
    spec: { replicas: 4, selector: { matchLabels: { app: 'shop' } }, template },
  };
  return canaryScenario({
    ...wishes,
    spec: { template: undefined, selector: undefined, workloadRef },
    before: [[DEPLOYMENT.replace(/\/shop$/, ''), deployment]],
  });
}
