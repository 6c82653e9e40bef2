import { abort, GOOD, isBack, isPaused, resume, setStatus, type Scenario } from './scenario.ts';
import { blueGreenScenario, ERRORS } from './setting.ts';
import { abortAndRetry, MEASURED_FAILURE, MEASURING, SUPERSEDED, UPDATE, updateUntilPaused } from './updates.ts';

const BY_USER = { isScripted: true, isSwitchedByUser: true, blueGreen: { autoPromotionEnabled: false } };

export const BLUE_GREEN_STORIES: readonly Scenario[] = [
  blueGreenScenario({ name: 'blue-green', ...UPDATE }),
  blueGreenScenario({
    name: 'blue-green-preview',
    blueGreen: { autoPromotionSeconds: 10, previewReplicaCount: 1 },
    ...UPDATE,
  }),
  blueGreenScenario({
    name: 'blue-green-paused',
    ...BY_USER,
    end: 'paused',
    play: UPDATE.play,
    isOver: isPaused,
  }),
  blueGreenScenario({
    name: 'blue-green-by-user',
    ...BY_USER,
    async play(world) {
      await updateUntilPaused(world, GOOD);
      await resume(world);
    },
    isOver: UPDATE.isOver,
  }),
  blueGreenScenario({
    name: 'blue-green-abort',
    ...BY_USER,
    end: 'aborted',
    async play(world) {
      await updateUntilPaused(world, GOOD);
      await abort(world);
    },
    isOver: isBack,
  }),
  blueGreenScenario({
    name: 'blue-green-retry',
    ...BY_USER,
    async play(world) {
      await updateUntilPaused(world, GOOD);
      await abortAndRetry(world);
      await setStatus(world, { promoteFull: true });
    },
    isOver: UPDATE.isOver,
  }),
  blueGreenScenario({
    name: 'blue-green-supersede',
    ...BY_USER,
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
