import type { SimWorld } from './sim-world.ts';
import { abort, BAD, FIRST, GOOD, isBack, isHealthy, isPaused, patchRollout, resume } from './scenario.ts';
import { runs, setImage, setStatus, type Scenario } from './scenario.ts';
import { canaryScenario, ERRORS, errorsTemplate } from './setting.ts';
import {
  abortAndRetry,
  FAILURE,
  MEASURED_FAILURE,
  MEASURING,
  SUPERSEDED,
  UPDATE,
  updateUntilPaused,
} from './updates.ts';

export const WALK = [{ setWeight: 25 }, { pause: { duration: 10 } }, { setWeight: 50 }, { pause: { duration: 10 } }];
export const STOP = [{ setWeight: 25 }, { pause: {} }, { setWeight: 50 }, { pause: { duration: 10 } }];
/** Promoting does not wait for a background measurement, so there has to be time enough for it, also for a late one. */
const SLOW = [{ setWeight: 25 }, { pause: { duration: 45 } }, { setWeight: 50 }, { pause: { duration: 45 } }];
export const MEASURED = [{ setWeight: 25 }, { analysis: ERRORS }, { setWeight: 50 }];

/** The stable version loses its pods as the canary gets them, so that nothing is left to keep for a while. */
export const SHRINKING = {
  canary: { dynamicStableScale: true, scaleDownDelaySeconds: undefined, abortScaleDownDelaySeconds: undefined },
  isDelayed: false,
} as const;

/** Updates that go their way. */
const WALKS: readonly Scenario[] = [
  canaryScenario({ name: 'basic', routing: 'none', replicas: 5, steps: WALK, ...UPDATE }),
  canaryScenario({ name: 'gateway', routing: 'gateway', steps: WALK, ...UPDATE }),
  canaryScenario({ name: 'nginx', routing: 'nginx', steps: WALK, ...UPDATE }),
  canaryScenario({ name: 'dynamic', routing: 'gateway', steps: WALK, ...SHRINKING, ...UPDATE }),
  canaryScenario({ name: 'no-steps', routing: 'none', steps: [], ...UPDATE }),
  canaryScenario({
    name: 'sized',
    routing: 'gateway',
    steps: [
      { setCanaryScale: { replicas: 2 } },
      { pause: { duration: 5 } },
      { setWeight: 25 },
      { pause: { duration: 10 } },
    ],
    ...UPDATE,
  }),
];

/** Updates that are measured. */
const MEASUREMENTS: readonly Scenario[] = [
  canaryScenario({ name: 'analysis-good', routing: 'gateway', steps: MEASURED, ...MEASURING, ...UPDATE }),
  canaryScenario({ name: 'analysis-bad', routing: 'gateway', steps: MEASURED, ...MEASURED_FAILURE }),
  canaryScenario({ name: 'analysis-nginx', routing: 'nginx', steps: MEASURED, ...MEASURED_FAILURE }),
  canaryScenario({
    name: 'background-good',
    routing: 'nginx',
    steps: WALK,
    canary: { analysis: { ...ERRORS, startingStep: 1 } },
    templates: [errorsTemplate({})],
    ...UPDATE,
  }),
  canaryScenario({
    name: 'background-bad',
    routing: 'gateway',
    steps: SLOW,
    canary: { analysis: { ...ERRORS, startingStep: 1 } },
    templates: [errorsTemplate({})],
    ...FAILURE,
  }),
];

const BY_USER = { isScripted: true, routing: 'gateway', steps: STOP } as const;

/** Updates in which users have a say. */
const SCRIPTS: readonly Scenario[] = [
  canaryScenario({
    name: 'paused',
    isScripted: true,
    end: 'paused',
    routing: 'nginx',
    steps: STOP,
    async play(world) {
      await setImage(world, GOOD);
    },
    isOver: isPaused,
  }),
  canaryScenario({
    name: 'retry',
    ...BY_USER,
    async play(world) {
      await updateUntilPaused(world, GOOD);
      await abortAndRetry(world);
      await resume(world);
    },
    isOver: UPDATE.isOver,
  }),
  canaryScenario({
    name: 'promote-full',
    ...BY_USER,
    async play(world) {
      await updateUntilPaused(world, GOOD);
      await setStatus(world, { promoteFull: true });
    },
    isOver: UPDATE.isOver,
  }),
  ...(['gateway', 'nginx', 'none'] as const).map((routing) =>
    canaryScenario({
      name: routing === 'gateway' ? 'supersede' : `supersede-${routing}`,
      isScripted: true,
      routing,
      steps: STOP,
      ...SUPERSEDED,
    }),
  ),
  canaryScenario({
    name: 'supersede-aborted',
    ...BY_USER,
    async play(world) {
      await updateUntilPaused(world, BAD);
      await abort(world);
      await world.until(() => isBack(world));
      await world.sleep(3_000);
      await updateUntilPaused(world, GOOD);
      await resume(world);
    },
    isOver: UPDATE.isOver,
  }),
  canaryScenario({
    name: 'back',
    ...BY_USER,
    end: 'aborted',
    async play(world) {
      await updateUntilPaused(world, GOOD);
      await setImage(world, FIRST);
    },
    isOver: (world) => runs(world, FIRST),
  }),
  canaryScenario({
    name: 'scale',
    ...BY_USER,
    async play(world) {
      await updateUntilPaused(world, GOOD);
      await patchRollout(world, { spec: { replicas: 7 } }, '/scale');
      await world.until(() => (world.rollout?.status?.availableReplicas ?? 0) >= 7);
      await patchRollout(world, { spec: { replicas: 3 } }, '/scale');
      await world.sleep(5_000);
      await resume(world);
    },
    isOver: UPDATE.isOver,
  }),
  canaryScenario({
    name: 'restart',
    isScripted: true,
    routing: 'none',
    replicas: 5,
    steps: WALK,
    async play(world) {
      await patchRollout(world, { spec: { restartAt: new Date(world.clock.nowMs()).toISOString() } });
    },
    isOver: (world) =>
      isHealthy(world) && world.rollout?.status?.restartedAt === (world.rollout?.spec.restartAt ?? '') && areNew(world),
  }),
];

/** Aborts at each step, with each kind of routing. */
const ABORTS: readonly Scenario[] = (['gateway', 'nginx', 'none'] as const).flatMap((routing) =>
  WALK.map((_, index) =>
    canaryScenario({
      name: `abort-${routing}-${index}`,
      isScripted: true,
      end: 'aborted',
      routing,
      steps: WALK,
      async play(world) {
        await setImage(world, GOOD);
        await world.until(() => isAt(world, index));
        await abort(world);
      },
      isOver: isBack,
    }),
  ),
);

export const CANARY_STORIES: readonly Scenario[] = [...WALKS, ...MEASUREMENTS, ...SCRIPTS, ...ABORTS];

/** The new version is at this step. */
function isAt(world: SimWorld, index: number): boolean {
  const { currentStepIndex, currentPodHash, stableRS } = world.rollout?.status ?? {};
  return currentStepIndex === index && currentPodHash !== stableRS;
}

/** Every pod was made after the wish to restart. */
function areNew(world: SimWorld): boolean {
  const since = Date.parse(String(world.rollout?.spec.restartAt));
  const pods = world.api.store.list('pods');
  return (
    pods.length === 5 && pods.every(({ metadata }) => Date.parse(metadata.creationTimestamp ?? '') + 1_000 > since)
  );
}
