import { abort, BAD, GOOD, imageWanted, isBack, isPaused, resume, runs, setImage, setStatus } from './scenario.ts';
import type { Scenario } from './scenario.ts';
import { blueGreenScenario, ERRORS, errorsTemplate } from './setting.ts';
import type { SimWorld } from './sim-world.ts';

const update = {
  play: (world: SimWorld): Promise<void> => setImage(world, GOOD),
  isOver: (world: SimWorld): boolean => runs(world, GOOD),
};
const failure = {
  play: (world: SimWorld): Promise<void> => setImage(world, BAD),
  isOver: isBack,
  end: 'aborted',
  isMeasured: true,
  templates: [errorsTemplate()],
} as const;
const BY_USER = { autoPromotionEnabled: false };

export const BLUE_GREEN_STORIES: readonly Scenario[] = [
  blueGreenScenario({ name: 'blue-green', ...update }),
  blueGreenScenario({
    name: 'blue-green-preview',
    blueGreen: { autoPromotionSeconds: 10, previewReplicaCount: 1 },
    ...update,
  }),
  blueGreenScenario({
    name: 'blue-green-paused',
    isScripted: true,
    isSwitchedByUser: true,
    end: 'paused',
    blueGreen: BY_USER,
    play: update.play,
    isOver: isPaused,
  }),
  blueGreenScenario({
    name: 'blue-green-by-user',
    isScripted: true,
    isSwitchedByUser: true,
    blueGreen: BY_USER,
    async play(world) {
      await untilPaused(world, GOOD);
      await resume(world);
    },
    isOver: update.isOver,
  }),
  blueGreenScenario({
    name: 'blue-green-abort',
    isScripted: true,
    isSwitchedByUser: true,
    end: 'aborted',
    blueGreen: BY_USER,
    async play(world) {
      await untilPaused(world, GOOD);
      await abort(world);
    },
    isOver: isBack,
  }),
  blueGreenScenario({
    name: 'blue-green-retry',
    isScripted: true,
    isSwitchedByUser: true,
    blueGreen: BY_USER,
    async play(world) {
      await untilPaused(world, GOOD);
      await abort(world);
      await world.until(() => isBack(world));
      await world.sleep(25_000);
      await setStatus(world, { abort: false });
      await world.until(() => isPaused(world));
      await setStatus(world, { promoteFull: true });
    },
    isOver: update.isOver,
  }),
  blueGreenScenario({
    name: 'blue-green-supersede',
    isScripted: true,
    isSwitchedByUser: true,
    blueGreen: BY_USER,
    async play(world) {
      await untilPaused(world, GOOD);
      await untilPaused(world, 'shop:3');
      await resume(world);
    },
    isOver: (world) => runs(world, 'shop:3'),
  }),
  blueGreenScenario({
    name: 'blue-green-measured',
    isMeasured: true,
    templates: [errorsTemplate()],
    blueGreen: { prePromotionAnalysis: ERRORS, postPromotionAnalysis: ERRORS },
    ...update,
  }),
  blueGreenScenario({ name: 'blue-green-bad-before', blueGreen: { prePromotionAnalysis: ERRORS }, ...failure }),
  blueGreenScenario({ name: 'blue-green-bad-after', blueGreen: { postPromotionAnalysis: ERRORS }, ...failure }),
];

async function untilPaused(world: SimWorld, image: string): Promise<void> {
  await setImage(world, image);
  await world.until(() => isPaused(world) && imageWanted(world) === image);
}
