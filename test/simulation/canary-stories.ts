import type { SimWorld } from './sim-world.ts';
import { abort, BAD, FIRST, GOOD, imageWanted, isBack, isHealthy, isPaused, patchRollout, resume } from './scenario.ts';
import { runs, setImage, setStatus, type Scenario } from './scenario.ts';
import { canaryScenario, ERRORS, errorsTemplate } from './setting.ts';

export const WALK = [{ setWeight: 25 }, { pause: { duration: 10 } }, { setWeight: 50 }, { pause: { duration: 10 } }];
export const STOP = [{ setWeight: 25 }, { pause: {} }, { setWeight: 50 }, { pause: { duration: 10 } }];
/** Promoting does not wait for a background measurement, so there has to be time enough for it, also for a late one. */
const SLOW = [{ setWeight: 25 }, { pause: { duration: 45 } }, { setWeight: 50 }, { pause: { duration: 45 } }];
export const MEASURED = [{ setWeight: 25 }, { analysis: ERRORS }, { setWeight: 50 }];

/** A new version that nobody touches. */
const update = {
  play: (world: SimWorld): Promise<void> => setImage(world, GOOD),
  isOver: (world: SimWorld): boolean => runs(world, GOOD),
};
/** A new version that cannot be kept. */
const failure = {
  play: (world: SimWorld): Promise<void> => setImage(world, BAD),
  isOver: isBack,
  end: 'aborted',
} as const;

/** Updates that go their way. */
const WALKS: readonly Scenario[] = [
  canaryScenario({ name: 'basic', routing: 'none', replicas: 5, steps: WALK, ...update }),
  canaryScenario({ name: 'gateway', routing: 'gateway', steps: WALK, ...update }),
  canaryScenario({ name: 'nginx', routing: 'nginx', steps: WALK, ...update }),
  canaryScenario({
    name: 'dynamic',
    routing: 'gateway',
    steps: WALK,
    canary: { dynamicStableScale: true, scaleDownDelaySeconds: undefined, abortScaleDownDelaySeconds: undefined },
    isDelayed: false,
    ...update,
  }),
  canaryScenario({ name: 'no-steps', routing: 'none', steps: [], ...update }),
  canaryScenario({
    name: 'sized',
    routing: 'gateway',
    steps: [
      { setCanaryScale: { replicas: 2 } },
      { pause: { duration: 5 } },
      { setWeight: 25 },
      { pause: { duration: 10 } },
    ],
    ...update,
  }),
];

/** Updates that are measured. */
const MEASUREMENTS: readonly Scenario[] = [
  canaryScenario({
    name: 'analysis-good',
    routing: 'gateway',
    steps: MEASURED,
    templates: [errorsTemplate()],
    isMeasured: true,
    ...update,
  }),
  canaryScenario({
    name: 'analysis-bad',
    routing: 'gateway',
    steps: MEASURED,
    templates: [errorsTemplate()],
    isMeasured: true,
    ...failure,
  }),
  canaryScenario({
    name: 'analysis-nginx',
    routing: 'nginx',
    steps: MEASURED,
    templates: [errorsTemplate()],
    isMeasured: true,
    ...failure,
  }),
  canaryScenario({
    name: 'background-good',
    routing: 'nginx',
    steps: WALK,
    canary: { analysis: { ...ERRORS, startingStep: 1 } },
    templates: [errorsTemplate({})],
    ...update,
  }),
  canaryScenario({
    name: 'background-bad',
    routing: 'gateway',
    steps: SLOW,
    canary: { analysis: { ...ERRORS, startingStep: 1 } },
    templates: [errorsTemplate({})],
    ...failure,
  }),
];

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
    isScripted: true,
    routing: 'gateway',
    steps: STOP,
    async play(world) {
      await untilPaused(world, GOOD);
      await abort(world);
      await world.until(() => isBack(world));
      // An abort that nobody has seen cannot be told of: it stands for longer than a controller needs to come back.
      await world.sleep(25_000);
      await setStatus(world, { abort: false });
      await world.until(() => isPaused(world));
      await resume(world);
    },
    isOver: update.isOver,
  }),
  canaryScenario({
    name: 'promote-full',
    isScripted: true,
    routing: 'gateway',
    steps: STOP,
    async play(world) {
      await untilPaused(world, GOOD);
      await setStatus(world, { promoteFull: true });
    },
    isOver: update.isOver,
  }),
  ...(['gateway', 'nginx', 'none'] as const).map((routing) =>
    canaryScenario({
      name: routing === 'gateway' ? 'supersede' : `supersede-${routing}`,
      isScripted: true,
      routing,
      steps: STOP,
      async play(world) {
        await untilPaused(world, GOOD);
        await setImage(world, 'shop:3');
        await world.until(() => isPaused(world) && imageWanted(world) === 'shop:3');
        await resume(world);
      },
      isOver: (world) => runs(world, 'shop:3'),
    }),
  ),
  canaryScenario({
    name: 'supersede-aborted',
    isScripted: true,
    routing: 'gateway',
    steps: STOP,
    async play(world) {
      await untilPaused(world, BAD);
      await abort(world);
      await world.until(() => isBack(world));
      await world.sleep(3_000);
      await untilPaused(world, GOOD);
      await resume(world);
    },
    isOver: update.isOver,
  }),
  canaryScenario({
    name: 'back',
    isScripted: true,
    end: 'aborted',
    routing: 'gateway',
    steps: STOP,
    async play(world) {
      await untilPaused(world, GOOD);
      await setImage(world, FIRST);
    },
    isOver: (world) => runs(world, FIRST),
  }),
  canaryScenario({
    name: 'scale',
    isScripted: true,
    routing: 'gateway',
    steps: STOP,
    async play(world) {
      await untilPaused(world, GOOD);
      await patchRollout(world, { spec: { replicas: 7 } }, '/scale');
      await world.until(() => (world.rollout?.status?.availableReplicas ?? 0) >= 7);
      await patchRollout(world, { spec: { replicas: 3 } }, '/scale');
      await world.sleep(5_000);
      await resume(world);
    },
    isOver: update.isOver,
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

async function untilPaused(world: SimWorld, image: string): Promise<void> {
  await setImage(world, image);
  await world.until(() => isPaused(world) && imageWanted(world) === image);
}

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
