import { MEASURED, WALK } from './canary-stories.ts';
import type { Scenario } from './scenario.ts';
import { canaryScenario } from './setting.ts';
import { MEASURED_FAILURE, UPDATE } from './updates.ts';

/** Two controllers, kept apart by Leases: one waits for the other's, or each has its share. */
export const COMPANY_STORIES: readonly Scenario[] = [
  canaryScenario({ name: 'led', company: 'led', routing: 'gateway', steps: WALK, ...UPDATE }),
  canaryScenario({ name: 'led-bad', company: 'led', routing: 'gateway', steps: MEASURED, ...MEASURED_FAILURE }),
  canaryScenario({ name: 'sharing', company: 'sharing', routing: 'nginx', steps: WALK, ...UPDATE }),
  canaryScenario({ name: 'sharing-bad', company: 'sharing', routing: 'gateway', steps: MEASURED, ...MEASURED_FAILURE }),
];
