import { seededRandom } from '../../src/lib/random.ts';
import type { Deed } from './interference.ts';
import type { Action, Fault, GitTrouble, HttpTrouble, Occurrence, Plan } from './plan.ts';
import { scenarioNamed } from './scenarios.ts';

/** Kinds of trouble, as the literature on faults of controllers groups them. */
export const FAMILIES = [
  'crash',
  'lost',
  'errors',
  'watch',
  'stale',
  'overlap',
  'clock',
  'others',
  'git',
  'http',
] as const;
export type Family = (typeof FAMILIES)[number];

/** One plan for each place of the reference trace at which a kind of trouble makes a difference. */
export function systematicPlans(scenario: string, trace: readonly Occurrence[], family: Family): readonly Plan[] {
  const faults = faultsOf(scenario, trace, family);
  return faults.map((fault) => ({ scenario, seed: 1, faults: [fault] }));
}

/** A random handful of faults, from all that the systematic plans have one of. */
export function randomPlan(scenario: string, trace: readonly Occurrence[], seed: number): Plan {
  const random = seededRandom(seed);
  const pool = FAMILIES.flatMap((family) => faultsOf(scenario, trace, family)).filter(isHarmlessAnywhere(scenario));
  const count = 2 + Math.floor(random() * 3);
  const faults = Array.from({ length: count }, () => pool[Math.floor(random() * pool.length)]).filter(
    (fault) => fault !== undefined,
  );
  return { scenario, seed, faults: distinct(faults) };
}

/** One controller at a time meets a point, and one deed of others at a time can be undone. */
function distinct(faults: readonly Fault[]): readonly Fault[] {
  const isDeed = (fault: Fault): boolean => fault.action.type === 'interfere';
  return faults.filter(
    (fault, index) =>
      faults.findIndex((other) => other.point === fault.point && other.index === fault.index) === index &&
      (!isDeed(fault) || faults.findIndex(isDeed) === index),
  );
}

/** Of renewals of Leases, which are all alike, this many share one place for faults. */
const LEASES_ALIKE = 9;

function faultsOf(scenario: string, whole: readonly Occurrence[], family: Family): readonly Fault[] {
  const trace = whole.filter(({ what, index }) => !what.includes(' leases') || index % LEASES_ALIKE === 0);
  const at = ({ point, index }: Occurrence, action: Action): Fault => ({ point, index, action });
  const writes = trace.filter((one) => one.point === 'call' && one.isWrite);
  const reads = trace.filter((one) => one.point === 'call' && !one.isWrite);
  const events = trace.filter((one) => one.point === 'event');
  const git = trace.filter((one) => one.point === 'git');
  const http = trace.filter((one) => one.point === 'http');
  const outside = [...git, ...http];
  switch (family) {
    case 'crash':
      return [...writes, ...outside.filter((one) => one.isWrite)].flatMap((one) => [
        at(one, { type: 'crash', when: 'after' }),
        at(one, { type: 'crash', when: 'before' }),
      ]);
    case 'lost':
      return writes.flatMap((one) => [at(one, { type: 'lose-answer' }), at(one, { type: 'hang' })]);
    case 'errors':
      return [
        ...writes.flatMap((one) => codesFor(scenario, one).map((code) => at(one, { type: 'answer', code }))),
        ...reads.flatMap((one) => [429, 500].map((code) => at(one, { type: 'answer', code }))),
        ...[...writes, ...reads].map((one) => at(one, { type: 'reset' })),
      ];
    case 'watch':
      return events.flatMap((one) => [
        at(one, { type: 'hold', ms: 2_500, join: true }),
        at(one, { type: 'hold', ms: 12_000, join: false }),
        at(one, { type: 'drop' }),
        at(one, { type: 'expire' }),
      ]);
    case 'stale':
      return writes.flatMap((one) =>
        [1, 3, 8].map((staleCommits) => at(one, { type: 'crash', when: 'after', staleCommits })),
      );
    case 'overlap':
      // Where Leases keep them apart, two at once are no fault but a defect.
      if (scenarioNamed(scenario).company !== 'alone') return [];
      return writes.map((one) => at(one, { type: 'overlap', ms: 12_000 }));
    case 'clock':
      return writes.flatMap((one) => [
        at(one, { type: 'jump', ms: 5_000 }),
        at(one, { type: 'jump', ms: -5_000 }),
        at(one, { type: 'freeze', ms: 20_000 }),
      ]);
    case 'others':
      return deedsOf(scenario).flatMap((deed) => writes.map((one) => at(one, { type: 'interfere', deed })));
    case 'git':
      return git.flatMap((one) =>
        troublesOf(one.what).flatMap((how) => [1, 4].map((times) => at(one, { type: 'git', how, times }))),
      );
    case 'http':
      return http.flatMap((one) =>
        HTTP_TROUBLES.flatMap((how) => timesOf(how).map((times) => at(one, { type: 'http', how, times }))),
      );
  }
}

/** Where one fault moves the calls that follow, another meets a call that it was not made for. */
function isHarmlessAnywhere(scenario: string): (fault: Fault) => boolean {
  const isTold = hasExperiment(scenario);
  return ({ action }) => !isTold || action.type !== 'answer' || !REFUSALS.includes(action.code);
}

function hasExperiment(scenario: string): boolean {
  return scenarioNamed(scenario).steps.some((step) => 'experiment' in step);
}

const CODES = [403, 404, 409, 422, 429, 500, 503, 504];
const REFUSALS = [403, 404, 422];

/** What an Experiment may not create, or not so, ends it, as the API has it. */
function codesFor(scenario: string, { what }: Occurrence): readonly number[] {
  const isTold = what.startsWith('create ') && hasExperiment(scenario);
  return isTold ? CODES.filter((code) => !REFUSALS.includes(code)) : CODES;
}

const HTTP_TROUBLES: readonly HttpTrouble[] = [
  'no-data',
  'nan',
  'infinite',
  'error',
  'reset',
  'lose-answer',
  'hang',
  'rate-limited',
];

/** Numbers that are none are bad measurements, of which the stories bear one. */
function timesOf(how: HttpTrouble): readonly number[] {
  return how === 'nan' || how === 'infinite' ? [1] : [1, 2];
}

function troublesOf(deed: string): readonly GitTrouble[] {
  return deed === 'push' ? ['unreachable', 'moved', 'declined', 'lose-answer'] : ['unreachable'];
}

/** What others may do without the story ending differently. */
function deedsOf(name: string): readonly Deed[] {
  const { end, isScripted, isDeclared, isMeasured, routing, strategy } = scenarioNamed(name);
  const routed: readonly Deed[] = routing === 'none' ? [] : ['edit-weight'];
  const served: readonly Deed[] =
    routing === 'none' && strategy === 'canary' ? [] : ['edit-selector', 'replace-services', ...routed];
  // What a run says that others wrote into lets nobody pass.
  const judged: readonly Deed[] = isMeasured ? ['forge-verdict', 'end-run'] : [];
  const always: readonly Deed[] = ['kill-pod', 'touch'];
  if (end === 'reverted') return always;
  const steady: readonly Deed[] = ['gitops', 'invalid', ...served, ...always];
  if (end !== 'promoted') return [...steady, 'scale'];
  if (isScripted) return [...steady, 'hold', 'delete-canary'];
  const free: readonly Deed[] = [...judged, ...steady, 'hold', 'delete-canary', 'scale', 'autoscale', 'promote'];
  // Git puts a template back, and reverts what was aborted.
  return isDeclared ? free.filter((deed) => deed !== 'gitops') : [...free, 'abort-retry', 'edit-back'];
}
