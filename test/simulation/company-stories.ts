import { MEASURED, WALK } from './canary-stories.ts';
import { BAD, GOOD, isBack, runs, setImage, type Scenario } from './scenario.ts';
import { canaryScenario, errorsTemplate } from './setting.ts';
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

/** Two controllers, kept apart by Leases: one waits for the other's, or each has its share. */
export const COMPANY_STORIES: readonly Scenario[] = [
  canaryScenario({ name: 'led', company: 'led', routing: 'gateway', steps: WALK, ...update }),
  canaryScenario({ name: 'led-bad', company: 'led', routing: 'gateway', steps: MEASURED, ...failure }),
  canaryScenario({ name: 'sharing', company: 'sharing', routing: 'nginx', steps: WALK, ...update }),
  canaryScenario({ name: 'sharing-bad', company: 'sharing', routing: 'gateway', steps: MEASURED, ...failure }),
];
