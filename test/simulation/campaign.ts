import { FAMILIES, randomPlan, systematicPlans, type Family } from './plans.ts';
import type { Plan } from './plan.ts';
import { runPlan, type RunOptions, type RunResult } from './run-plan.ts';
import { SCENARIOS } from './scenarios.ts';

/** What a campaign covered. */
export interface Coverage {
  plans: number;
  /** Faults that met their point. */
  faults: number;
  kills: number;
  virtualMs: number;
  failures: RunResult[];
}

export function newCoverage(): Coverage {
  return { plans: 0, faults: 0, kills: 0, virtualMs: 0, failures: [] };
}

export type Bend = Pick<RunOptions, 'bendWriter'>;

/** Runs without faults, by scenario: what all others have to end like. */
export class References {
  readonly #known = new Map<string, RunResult>();

  async of(scenario: string, seed: number): Promise<RunResult> {
    const key = `${scenario}/${seed}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const reference = await runPlan({ scenario, seed, faults: [] });
    // Traces are long, and only the first seed's are used for plans.
    this.#known.set(key, seed === 1 ? reference : { ...reference, trace: [] });
    return reference;
  }
}

/** Plays one plan and counts it. */
export async function play(
  plan: Plan,
  references: References,
  coverage: Coverage,
  bend: Bend = {},
): Promise<RunResult> {
  const reference = await references.of(plan.scenario, plan.seed);
  const result = await runPlan(plan, { reference, ...bend });
  coverage.plans += 1;
  coverage.faults += result.fired;
  coverage.kills += result.kills;
  coverage.virtualMs += result.virtualMs;
  if (result.problems.length > 0) coverage.failures.push(result);
  return result;
}

/** Every systematic plan of these scenarios and families, every `stride`-th of them. */
export async function* everyPlan(
  references: References,
  choice: { readonly scenarios?: readonly string[]; readonly families?: readonly Family[]; readonly stride?: number },
): AsyncGenerator<Plan> {
  const { scenarios = SCENARIOS.map(({ name }) => name), families = FAMILIES, stride = 1 } = choice;
  let count = 0;
  for (const family of families) {
    for (const scenario of scenarios) {
      const { trace } = await references.of(scenario, 1);
      for (const plan of systematicPlans(scenario, trace, family)) if (count++ % stride === 0) yield plan;
    }
  }
}

/** Random plans for ever, each from a seed of its own. */
export async function* randomPlans(references: References, firstSeed: number): AsyncGenerator<Plan> {
  for (let seed = firstSeed; ; seed += 1) {
    const scenario = SCENARIOS[seed % SCENARIOS.length]?.name ?? 'basic';
    const { trace } = await references.of(scenario, 1);
    yield randomPlan(scenario, trace, seed);
  }
}

/** Says how to see a failure again. */
export function describeFailure({ plan, problems }: RunResult): string {
  return [
    `scenario ${plan.scenario}, seed ${plan.seed}`,
    ...problems.map((problem) => `  ${problem}`),
    `  replay: npm run simulate -- --plan '${JSON.stringify(plan)}'`,
  ].join('\n');
}

export function describeCoverage({ plans, faults, kills, virtualMs, failures }: Coverage): string {
  const hours = (virtualMs / 3_600_000).toFixed(1);
  return `${plans} plans, ${faults} faults, ${kills} kills, ${hours} virtual hours, ${failures.length} failed`;
}
