import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  describeCoverage,
  describeFailure,
  everyPlan,
  newCoverage,
  play,
  randomPlans,
  References,
} from './campaign.ts';
import type { Plan } from './plan.ts';
import { FAMILIES } from './plans.ts';
import { runPlan } from './run-plan.ts';
import { SCENARIOS } from './scenarios.ts';

/**
 * Of each kind of trouble every n-th place is tried here, more of them where nothing may be left out; all by
 * `npm run simulate`.
 */
const [STRIDE, RANDOM_PLANS] = process.env['HEADGATE_CLUSTER'] === 'required' ? [61, 500] : [211, 40];
/** What was never tried before is tried for so long, from a seed on that nobody has chosen. */
const FRESH_SECONDS = Number(process.env['HEADGATE_SIMULATION_SECONDS'] ?? 0);
const FRESH_SEED = Number(process.env['HEADGATE_SEED'] ?? Date.now() % 1_000_000_000);
/** Whoever happens to change something else is told, and not stopped, by what fresh seeds find. */
const FRESH = { skip: FRESH_SECONDS === 0, todo: 'a finding is told with the command that repeats it' };

describe('the simulated world', () => {
  const references = new References();
  const coverage = newCoverage();

  async function playAll(plans: AsyncIterable<Plan>, isEnough: () => boolean = () => false): Promise<void> {
    const failed = coverage.failures.length;
    for await (const plan of plans) {
      if (isEnough()) break;
      await play(plan, references, coverage);
    }
    assert.equal(coverage.failures.slice(failed).map(describeFailure).join('\n'), '');
  }

  for (const { name } of SCENARIOS) {
    // At rest it writes nothing for ten minutes, and asks for nothing but watches, Leases and the head of Git.
    it(`plays ${name} to its end and then rests`, async () => {
      assert.deepEqual((await references.of(name, 1)).problems, []);
    });
  }

  it('plays the same plan the same way', async () => {
    const plan: Plan = {
      scenario: 'git',
      seed: 3,
      faults: [{ point: 'call', index: 30, action: { type: 'crash', when: 'after' } }],
    };
    const [one, another] = [await runPlan(plan), await runPlan(plan)];
    assert.deepEqual(one.trace, another.trace);
    assert.deepEqual(one.snapshot, another.snapshot);
  });

  for (const family of FAMILIES) {
    it(`ends as without faults: ${family}`, () =>
      playAll(everyPlan(references, { families: [family], stride: STRIDE })));
  }

  it('ends as without faults when several go wrong at random places', () => {
    let left = RANDOM_PLANS;
    return playAll(randomPlans(references, 1), () => left-- <= 0);
  });

  it(`ends as without faults, from the fresh seed ${FRESH_SEED} on`, FRESH, () => {
    const endMs = Date.now() + FRESH_SECONDS * 1_000;
    return playAll(randomPlans(references, FRESH_SEED), () => Date.now() > endMs);
  });

  it('says what it covered', (context) => {
    context.diagnostic(`simulation: ${describeCoverage(coverage)}`);
    assert.ok(coverage.plans > 200, `only ${coverage.plans} plans were played`);
    assert.ok(coverage.kills > 30, `only ${coverage.kills} controllers were killed`);
  });
});
