import { describeFailure } from './campaign.ts';
import { systematicPlans, FAMILIES } from './plans.ts';
import type { Mutant } from './mutants.ts';
import type { Plan } from './plan.ts';
import { runPlan, type RunResult } from './run-plan.ts';

/** Of each kind of trouble every n-th place is tried, then others. */
const STRIDE = 29;
const ROUNDS = 3;

/**
 * Plays plans, held against runs of the sound product, until one fails. Answers what was found, with the plan that shows it.
 */
export async function hunt(references: readonly RunResult[], shows: Mutant['shows']): Promise<string> {
  let count = 0;
  for (const plan of plansOf(references, shows)) {
    const reference = references.find((one) => one.plan.scenario === plan.scenario);
    const result = await runPlan(plan, { reference });
    count += 1;
    if (result.problems.length > 0) return `caught by plan ${count}: ${describeFailure(result)}\n`;
  }
  return `survived ${count} plans\n`;
}

function* plansOf(references: readonly RunResult[], shows: Mutant['shows']): Generator<Plan> {
  const first = references.find(({ plan }) => plan.scenario === shows?.scenario);
  if (shows !== undefined && first !== undefined) yield* systematicPlans(shows.scenario, first.trace, shows.family);
  for (const { plan } of references) yield plan;
  for (let round = 0; round < ROUNDS; round += 1) {
    let index = 0;
    for (const family of FAMILIES) {
      for (const { plan, trace } of references) {
        for (const one of systematicPlans(plan.scenario, trace, family))
          if (index++ % STRIDE === (round * 11) % STRIDE) yield one;
      }
    }
  }
}
