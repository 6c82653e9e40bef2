/**
 * A plan says what goes wrong in one run of a scenario, and where: at the n-th occurrence of a kind of point, counted from 1
 * over the whole run. Equal plans give equal runs.
 */
export interface Plan {
  readonly scenario: string;
  readonly seed: number;
  readonly faults: readonly Fault[];
}

export interface Fault {
  readonly point: Point;
  readonly index: number;
  readonly action: Action;
}

/** `call`: a request to the API server besides watches and events; `event`: a watch event; `git`, `http`: one exchange. */
export type Point = 'call' | 'event' | 'git' | 'http';

export type Action =
  /** The process dies as this takes effect, or right before, and another starts; its first lists may be old. */
  | { readonly type: 'crash'; readonly when: 'before' | 'after'; readonly staleCommits?: number }
  | { readonly type: 'answer'; readonly code: number }
  /** The connection breaks: before or after the effect, or the answer never comes. */
  | { readonly type: 'reset' }
  | { readonly type: 'lose-answer' }
  | { readonly type: 'hang' }
  /** Watch events: late (one by one or joined), the watch broken, its version forgotten. */
  | { readonly type: 'hold'; readonly ms: number; readonly join: boolean }
  | { readonly type: 'drop' }
  | { readonly type: 'expire' }
  /** A second controller acts for so long. */
  | { readonly type: 'overlap'; readonly ms: number }
  | { readonly type: 'freeze'; readonly ms: number }
  | { readonly type: 'jump'; readonly ms: number }
  | { readonly type: 'interfere'; readonly deed: string }
  /** Git: what the server or the network does instead. `times` exchanges in a row. */
  | { readonly type: 'git'; readonly how: GitTrouble; readonly times: number }
  | { readonly type: 'http'; readonly how: HttpTrouble; readonly times: number };

export type GitTrouble = 'unreachable' | 'moved' | 'declined' | 'lose-answer';
export type HttpTrouble = 'no-data' | 'nan' | 'infinite' | 'error' | 'reset' | 'lose-answer' | 'hang' | 'rate-limited';

export function parsePlan(text: string): Plan {
  const value = JSON.parse(text) as Partial<Plan>;
  if (typeof value.scenario !== 'string') throw new Error('a plan is {"scenario", "seed", "faults": [...]}');
  return { scenario: value.scenario, seed: value.seed ?? 1, faults: value.faults ?? [] };
}

/** One occurrence of a point, as the trace of a run keeps it. */
export interface Occurrence {
  readonly point: Point;
  readonly index: number;
  /** What happened: `patch rollouts/shop/status`. */
  readonly what: string;
  readonly isWrite: boolean;
  readonly atMs: number;
}

/** Counts points and says which faults of the plan fall on them. */
export class PointCounter {
  readonly trace: Occurrence[] = [];
  readonly #counts: Record<Point, number> = { call: 0, event: 0, git: 0, http: 0 };
  readonly #plan: Plan;
  readonly #nowMs: () => number;
  readonly #running = new Map<Point, { action: Action; left: number }>();
  #fired = 0;
  /** How often something went wrong, also again and again by one fault. */
  struck = 0;
  #off = false;

  constructor(plan: Plan, nowMs: () => number) {
    this.#plan = plan;
    this.#nowMs = nowMs;
  }

  /** How many faults of the plan have met their point. */
  get fired(): number {
    return this.#fired;
  }

  /** From now on nothing goes wrong. */
  stop(): void {
    this.#off = true;
  }

  next(point: Point, occurrence: { readonly what: string; readonly isWrite: boolean }): readonly Action[] {
    const index = (this.#counts[point] += 1);
    this.trace.push({ point, index, ...occurrence, atMs: this.#nowMs() });
    if (this.#off) return [];
    const due = this.#plan.faults.filter((fault) => fault.point === point && fault.index === index);
    this.#fired += due.length;
    const actions = due.map((fault) => fault.action);
    for (const action of actions) {
      if ((action.type === 'git' || action.type === 'http') && action.times > 1)
        this.#running.set(point, { action, left: action.times - 1 });
    }
    this.struck += actions.length;
    if (actions.length > 0) return actions;
    const running = this.#running.get(point);
    if (running === undefined || running.left === 0) return [];
    running.left -= 1;
    this.struck += 1;
    return [running.action];
  }
}
