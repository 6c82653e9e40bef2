import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { numberOf, oneOf, readOptions } from '../../scripts/read-options.ts';
import {
  describeCoverage,
  describeFailure,
  everyPlan,
  newCoverage,
  play,
  randomPlans,
  References,
} from './campaign.ts';
import { MUTANTS } from './mutants.ts';
import { parsePlan, type Plan } from './plan.ts';
import { FAMILIES } from './plans.ts';
import { SCENARIOS } from './scenarios.ts';

/** Deterministic simulation from the command line. */
const USAGE = `
  npm run simulate                                  every systematic plan (--stride 10: every tenth)
  npm run simulate -- --scenario nginx --family crash
  npm run simulate -- --random 60 --seed 7          random plans for 60 seconds, seeds from 7 on
  npm run simulate -- --mutants                     known defects, each of which has to be caught (--mutant NAME: this one)
  npm run simulate -- --plan '{"scenario":…}'       one plan again, with its trace (--quiet: what goes wrong in it only)
`;
const values = readOptions(USAGE, {
  plan: { type: 'string' },
  scenario: { type: 'string', multiple: true },
  family: { type: 'string', multiple: true },
  stride: { type: 'string', default: '1' },
  random: { type: 'string' },
  seed: { type: 'string', default: '1' },
  mutants: { type: 'boolean', default: false },
  mutant: { type: 'string', multiple: true },
  quiet: { type: 'boolean', default: false },
});
const seed = numberOf('--seed', values.seed);
const stride = numberOf('--stride', values.stride);
const scenarios = values.scenario?.map((name) => oneOf('--scenario', namesOf(SCENARIOS), name));
const families = values.family?.map((name) => oneOf('--family', FAMILIES, name));
const chosenMutants = values.mutant?.map((name) => oneOf('--mutant', namesOf(MUTANTS), name));

const references = new References();
const coverage = newCoverage();

if (values.plan !== undefined) await replay(parsePlan(values.plan));
else if (values.mutants) await mutants();
else if (values.random !== undefined) await forSeconds(numberOf('--random', values.random), seed);
else await systematic();
if (!values.mutants) process.stdout.write(`${describeCoverage(coverage)}\n`);
process.exitCode ??= coverage.failures.length === 0 ? 0 : 1;

async function replay(plan: Plan): Promise<void> {
  const { trace, problems } = await play(plan, references, coverage);
  for (const { point, index, what, atMs } of trace) {
    const seconds = ((atMs - Date.UTC(2026, 0, 1)) / 1_000).toFixed(3);
    const faults = plan.faults.filter((fault) => fault.point === point && fault.index === index);
    const marks = faults.map((fault) => `  <-- ${JSON.stringify(fault.action)}`).join('');
    if (!values.quiet || marks !== '')
      process.stdout.write(`${seconds.padStart(9)}  ${point} ${index} ${what}${marks}\n`);
  }
  for (const problem of problems) process.stdout.write(`${problem}\n`);
}

async function systematic(): Promise<void> {
  for await (const plan of everyPlan(references, {
    scenarios,
    families,
    stride,
  }))
    await playAndTell(plan);
}

async function forSeconds(seconds: number, seed: number): Promise<void> {
  const endMs = Date.now() + seconds * 1_000;
  for await (const plan of randomPlans(references, seed)) {
    if (Date.now() > endMs) return;
    await playAndTell(plan);
  }
}

/** Puts one known defect after the other into the product; each has to be caught. */
async function mutants(): Promise<void> {
  const sound = JSON.stringify(await Promise.all(SCENARIOS.map(({ name }) => references.of(name, 1))));
  const chosen = MUTANTS.filter(({ name }) => chosenMutants?.includes(name) ?? true);
  let caught = 0;
  for (const { name } of chosen) {
    const { stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, 'mutant-run.ts'), name], {
      input: sound,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    });
    const [verdict = '', ...details] = (stdout || `broken: ${stderr.slice(-2_000)}`).trimEnd().split('\n');
    if (verdict.startsWith('caught')) caught += 1;
    process.stdout.write(`${name}: ${verdict}\n${values.quiet ? '' : details.map((line) => `  ${line}\n`).join('')}`);
  }
  process.stdout.write(`${caught} of ${chosen.length} mutants were caught\n`);
  process.exitCode = caught === chosen.length ? 0 : 1;
}

async function playAndTell(plan: Plan): Promise<void> {
  const result = await play(plan, references, coverage);
  if (result.problems.length > 0) process.stdout.write(`${describeFailure(result)}\n`);
}

function namesOf(all: readonly { readonly name: string }[]): readonly string[] {
  return all.map(({ name }) => name);
}
