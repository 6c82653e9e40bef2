import { BLUE_GREEN_STORIES } from './blue-green-stories.ts';
import { CANARY_STORIES } from './canary-stories.ts';
import { COMPANY_STORIES } from './company-stories.ts';
import { GIT_STORIES } from './git-stories.ts';
import { ROUTING_STORIES } from './routing-stories.ts';
import type { Scenario } from './scenario.ts';
import { WORKLOAD_STORIES } from './workload-stories.ts';

/** All stories. */
export const SCENARIOS: readonly Scenario[] = [
  ...CANARY_STORIES,
  ...BLUE_GREEN_STORIES,
  ...WORKLOAD_STORIES,
  ...ROUTING_STORIES,
  ...COMPANY_STORIES,
  ...GIT_STORIES,
];

export function scenarioNamed(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (found === undefined)
    throw new Error(`there is no scenario ${name}; there are ${SCENARIOS.map((one) => one.name).join(', ')}`);
  return found;
}
