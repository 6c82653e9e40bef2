import { abort, GOOD, isBack, isPaused, resume, setStatus, type Scenario } from './scenario.ts';
import { blueGreenScenario, ERRORS } from './setting.ts';
import { MEASURED_FAILURE, MEASURING, SUPERSEDED, UPDATE, updateUntilPaused } from './updates.ts';

const BY_USER = { autoPromotionEnabled: false };

export const BLUE_GREEN_STORIES: readonly Scenario[] = [
  blueGreenScenario({ name: 'blue-green', ...UPDATE }),
  blueGreenScenario({
    name: 'blue-green-preview',
    blueGreen: { autoPromotionSeconds: 10, previewReplicaCount: 1 },
    ...UPDATE,
  }),
  blueGreenScenario({
    name: 'blue-green-paused',
    isScripted: true,
    isSwitchedByUser: true,
    end: 'paused',
    blueGreen: BY_USER,
    play: UPDATE.play,
    isOver: isPaused,
  }),
  blueGreenScenario({
    name: 'blue-green-by-user',
    isScripted: true,
    isSwitchedByUser: true,
    blueGreen: BY_USER,
    async play(world) {
      await updateUntilPaused(world, GOOD);
      await resume(world);
    },
    isOver: UPDATE.isOver,
  }),
  blueGreenScenario({
    name: 'blue-green-abort',
    isScripted: true,
    isSwitchedByUser: true,
    end: 'aborted',
    blueGreen: BY_USER,
    async play(world) {
      await updateUntilPaused(world, GOOD);
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
      await updateUntilPaused(world, GOOD);
      await abort(world);
      await world.until(() => isBack(world));
      await world.sleep(25_000);
      await setStatus(world, { abort: false });
      await world.until(() => isPaused(world));
      await setStatus(world, { promoteFull: true });
    },
    isOver: UPDATE.isOver,
  }),
  blueGreenScenario({
    name: 'blue-green-supersede',
    isScripted: true,
    isSwitchedByUser: true,
    blueGreen: BY_USER,
    ...SUPERSEDED,
  }),
  blueGreenScenario({
    name: 'blue-green-measured',
    ...MEASURING,
    blueGreen: { prePromotionAnalysis: ERRORS, postPromotionAnalysis: ERRORS },
    ...UPDATE,
  }),
  blueGreenScenario({
    name: 'blue-green-bad-before',
    blueGreen: { prePromotionAnalysis: ERRORS },
    ...MEASURED_FAILURE,
  }),
  blueGreenScenario({
    name: 'blue-green-bad-after',
    blueGreen: { postPromotionAnalysis: ERRORS },
    ...MEASURED_FAILURE,
  }),
];
