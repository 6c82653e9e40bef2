import type { KubeWriter } from '../../src/ports/kube.ts';
import { Watchdog } from './invariants.ts';
import { interference } from './interference.ts';
import type { Occurrence, Plan } from './plan.ts';
import type { Scenario } from './scenario.ts';
import { scenarioNamed } from './scenarios.ts';
import { SimWorld } from './sim-world.ts';
import { takeSnapshot, type Snapshot } from './snapshot.ts';

export interface RunResult {
  readonly plan: Plan;
  /** What went wrong; empty is good. */
  readonly problems: readonly string[];
  readonly snapshot: Snapshot;
  readonly trace: readonly Occurrence[];
  readonly fired: number;
  readonly kills: number;
  readonly writes: number;
  readonly virtualMs: number;
  /** From the start to the end of the story. */
  readonly storyMs: number;
}

export interface RunOptions {
  /** The run of the same scenario without faults: what this one has to end like. */
  readonly reference?: RunResult;
  readonly bendWriter?: (writer: KubeWriter) => KubeWriter;
  readonly onError?: (facts: unknown, message: string) => void;
}

/** Whatever goes wrong, the story has to end within this time after it would have ended. */
const LATE_MAX_MS = 5 * 60_000;
const STORY_MAX_MS = 10 * 60_000;
/** Longer than any delay of a scenario, and than a list is waited for that is never answered. */
const QUIET_MS = 120_000;
const REST_MS = 10 * 60_000;
/** Writes that one fault may cost; a template that is changed and changed back makes two more updates. */
const WRITES_PER_FAULT = 80;

/** Plays a scenario with what the plan lets go wrong, and judges it. */
export async function runPlan(plan: Plan, options: RunOptions = {}): Promise<RunResult> {
  const scenario = scenarioNamed(plan.scenario);
  const world = new SimWorld({
    plan,
    company: scenario.company,
    bendWriter: options.bendWriter,
    onError: options.onError,
  });
  const run = new Run(world, scenario, options.reference);
  try {
    return await run.play();
  } finally {
    await world.stop();
  }
}

class Run {
  readonly #world: SimWorld;
  readonly #scenario: Scenario;
  readonly #reference: RunResult | undefined;
  readonly #problems: string[] = [];
  #isPlayed = false;

  constructor(world: SimWorld, scenario: Scenario, reference: RunResult | undefined) {
    this.#world = world;
    this.#scenario = scenario;
    this.#reference = reference;
  }

  async play(): Promise<RunResult> {
    const world = this.#world;
    const watchdog = new Watchdog(world, this.#scenario);
    const interfered = interference(
      world,
      this.#scenario,
      () => this.#isPlayed,
      (problem) => this.#problems.push(problem),
    );
    await this.#scenario.prepare(world);
    world.startController();
    void this.#scenario.play(world).then(
      () => (this.#isPlayed = true),
      (error: unknown) => this.#problems.push(`the story broke off: ${String(error)}`),
    );
    await this.#untilOver(watchdog);
    const storyMs = world.elapsedMs;
    if (this.#isGood(watchdog)) await this.#untilQuiet(watchdog);
    const snapshot = takeSnapshot(world);
    const { writes } = world;
    // What happens while all is at rest, as Leases are renewed, is no place for a fault.
    const last = world.points.trace.findLastIndex(({ what }) => !what.includes(' leases'));
    const trace = world.points.trace.slice(0, last + 1);
    if (this.#isGood(watchdog)) {
      this.#compare(snapshot, interfered.happened() || this.#isDoubled());
      await this.#rest(watchdog);
    }
    watchdog.stop();
    return {
      plan: world.plan,
      problems: [...watchdog.violations, ...this.#problems],
      snapshot,
      trace,
      fired: world.points.fired,
      kills: world.kills,
      writes,
      virtualMs: world.elapsedMs,
      storyMs,
    };
  }

  #isGood(watchdog: Watchdog): boolean {
    watchdog.lookAtTheOutside();
    return watchdog.violations.length === 0 && this.#problems.length === 0;
  }

  async #untilOver(watchdog: Watchdog): Promise<void> {
    const world = this.#world;
    const limitMs = this.#reference === undefined ? STORY_MAX_MS : this.#reference.storyMs + LATE_MAX_MS;
    const isOver = (): boolean => this.#isPlayed && this.#scenario.isOver(world);
    await world.run(() => watchdog.isAlarmed || this.#problems.length > 0 || isOver(), limitMs);
    if (!this.#isGood(watchdog) || isOver()) return;
    const status = world.rollout?.status;
    const seconds = Math.round(limitMs / 1_000);
    this.#problems.push(
      `the story is not over after ${seconds} s: ${status?.phase} ${status?.message ?? ''}, step ${status?.currentStepIndex}, played: ${this.#isPlayed}, waiting: ${status?.conditions?.find(({ type }) => type === 'Waiting')?.message ?? '-'}`,
    );
  }

  /** Until nothing was written and nothing went wrong for a while. */
  async #untilQuiet(watchdog: Watchdog): Promise<void> {
    const world = this.#world;
    let seen = 0;
    let sinceMs = world.clock.nowMs();
    const isQuiet = (): boolean => {
      if (world.writes + world.points.struck !== seen) {
        seen = world.writes + world.points.struck;
        sinceMs = world.clock.nowMs();
      }
      return watchdog.isAlarmed || world.clock.nowMs() - sinceMs >= QUIET_MS;
    };
    world.clock.schedule(QUIET_MS, () => undefined);
    const settled = await world.run(isQuiet, STORY_MAX_MS);
    if (!settled) this.#problems.push(`writing goes on for ${STORY_MAX_MS / 1_000} s after the end of the story`);
  }

  /** Two controllers at once may apply a commit that was reverted in this moment once more, and abort once more. */
  #isDoubled(): boolean {
    return this.#world.plan.faults.some(({ action }) => action.type === 'overlap') && this.#scenario.end === 'reverted';
  }

  #compare(snapshot: Snapshot, interfered: boolean): void {
    const world = this.#world;
    if (!this.#scenario.isOver(world)) this.#problems.push('the story did not stay over');
    const reference = this.#reference;
    if (reference === undefined) return;
    const parts = interfered ? (['core'] as const) : (['core', 'rest'] as const);
    for (const part of parts) {
      for (const [field, wanted] of Object.entries(reference.snapshot[part])) {
        const found = JSON.stringify(snapshot[part][field]);
        if (found !== JSON.stringify(wanted))
          this.#problems.push(`it ends with ${field} ${found} instead of ${JSON.stringify(wanted)}`);
      }
    }
    const { faults } = world.plan;
    // Two that no Lease keeps apart, and of which one hears late, argue as long as both are there.
    if (faults.length > 1 && faults.some(({ action }) => action.type === 'overlap')) return;
    const writesMax = reference.writes + WRITES_PER_FAULT * faults.length;
    if (world.writes > writesMax) this.#problems.push(`it took ${world.writes} writes instead of ${reference.writes}`);
  }

  /** What has converged is left alone: nothing is asked of the API server but watches, and of Git but its head. */
  async #rest(watchdog: Watchdog): Promise<void> {
    const world = this.#world;
    // Leases are renewed without end, which takes long to play: there, only the run without faults rests as long.
    const isLong = this.#scenario.company === 'alone' || this.#reference === undefined;
    const restMs = isLong ? REST_MS : REST_MS / 10;
    world.rest();
    await world.run(() => watchdog.isAlarmed, restMs);
    watchdog.lookAtTheOutside();
    const restless = withoutLook(world.restless);
    if (restless.length === 0) return;
    const sample = [...new Set(restless)].slice(0, 5).join(', ');
    this.#problems.push(`${restless.length} calls in ${restMs / 60_000} minutes of rest: ${sample}`);
  }
}

/** What Git declares and nobody watches is read once every fifteen minutes, of which one may fall into the rest. */
function withoutLook(calls: readonly string[]): readonly string[] {
  const look = calls.indexOf('get configmaps/settings');
  return calls.filter((_, index) => index !== look);
}
