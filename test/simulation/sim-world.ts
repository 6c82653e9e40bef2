import { SILENT_LOG } from '../../src/adapters/telemetry/silent.ts';
import type { GitSource } from '../../src/api/git-source.ts';
import type { KubeObject } from '../../src/api/kube-object.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import type { Deployment, ReplicaSet } from '../../src/api/workloads.ts';
import { startControllers } from '../../src/kube-memory/controllers/start.ts';
import { createKubeMemory, type KubeMemory } from '../../src/kube-memory/server.ts';
import { seededRandom } from '../../src/lib/random.ts';
import { VirtualClock } from '../../src/lib/virtual-clock.ts';
import type { KubeWriter } from '../../src/ports/kube.ts';
import type { Log } from '../../src/ports/telemetry.ts';
import { startControllerProcess } from './controller-process.ts';
import { DataPlane, imageOf, NAMESPACE } from './data-plane.ts';
import { inProcessConnection, type ApiCall, type CallFate, type EventFate } from './in-process-connection.ts';
import { PointCounter, type Action, type Plan } from './plan.ts';
import { ProcessClock } from './process-clock.ts';
import type { Company } from './sim-group.ts';
import { createSimGit, SimRepository, type GitFate } from './sim-git.ts';
import { createSimHttp, SimPrometheus, SimSlack, type HttpFate } from './sim-http.ts';
import { customKinds } from './world-objects.ts';

export interface SimWorldOptions {
  readonly plan: Plan;
  readonly company: Company;
  /** Puts a defect into the controller. */
  readonly bendWriter?: (writer: KubeWriter) => KubeWriter;
  /** Hears what the controllers log as an error. */
  readonly onError?: (facts: unknown, message: string) => void;
}

/** A write of a controller, seen from both sides. */
export interface SeenWrite {
  readonly call: ApiCall;
  /** Which process it came from. */
  readonly writer: string;
  readonly code: number;
  readonly before: KubeObject | undefined;
  readonly after: KubeObject | undefined;
}

type ProcessName = 'main' | 'second';

/** How the message of an InvariantViolation begins. */
const BROKEN = 'this should always hold';
/** From a crash to the next process. */
const RESTART_MS = 1_500;
/** Watch events of a process that starts on an old list come this late. */
const STALE_MS = 3_000;

/** Everything in one process: the API with its cluster, the data plane, Git, Prometheus, Slack, and the controllers under test. */
export class SimWorld {
  readonly clock = new VirtualClock();
  readonly api: KubeMemory;
  readonly repository = new SimRepository();
  readonly slack = new SimSlack(() => this.clock.nowMs());
  readonly dataPlane: DataPlane;
  readonly points: PointCounter;
  readonly plan: Plan;
  /** Processes that were killed. */
  kills = 0;
  /** Writes of controllers that took effect, events apart. */
  writes = 0;
  /** When somebody else than the controller last did something that it has to put right. */
  disturbedAtMs = Number.NEGATIVE_INFINITY;
  /** Until when a second controller works that no Lease keeps apart from the first. */
  overlapEndsAtMs = Number.NEGATIVE_INFINITY;
  onWrite: (write: SeenWrite) => void = () => undefined;
  /** What a plan's `interfere` means in the scenario that runs. */
  interfere: (deed: string) => void = () => undefined;
  /** Runs that somebody else wrote a verdict into. */
  readonly forged = new Set<string>();
  /** What controllers did besides watching since they were to be at rest. */
  readonly restless: string[] = [];
  /** Statements of the code's own that did not hold. */
  readonly broken: string[] = [];

  readonly #options: SimWorldOptions;
  readonly #random: () => number;
  readonly #cluster: { stop(): void };
  readonly #waiters = new Set<() => void>();
  readonly #processes = new Map<ProcessName, ProcessClock>();
  #processCount = 0;
  #isResting = false;
  readonly #closers: (() => void)[] = [];
  #staleFrom: string | undefined;
  #staleCommits = 0;
  #startsStale = false;

  constructor(options: SimWorldOptions) {
    this.#options = options;
    this.plan = options.plan;
    this.#random = seededRandom(options.plan.seed);
    this.points = new PointCounter(options.plan, () => this.clock.nowMs());
    this.api = createKubeMemory({
      clock: this.clock,
      seed: options.plan.seed,
      faults: {
        request: (facts) =>
          // Who leads, and who shares, is never asked of a cache.
          facts.userAgent === this.#staleFrom &&
          facts.verb === 'list' &&
          facts.name === '' &&
          facts.resource !== 'leases'
            ? { kind: 'stale', commitsBack: this.#staleCommits }
            : { kind: 'pass' },
      },
    });
    this.#cluster = startControllers(this.api.store, this.clock, { startMs: 800, stopMs: 400 });
    this.dataPlane = new DataPlane({
      store: this.api.store,
      clock: this.clock,
      routeLagMs: () => this.#between(50, 600),
      endpointLagMs: () => this.#between(10, 100),
    });
    for (const definition of customKinds())
      this.api.store.create('customresourcedefinitions.apiextensions.k8s.io', definition);
  }

  /** Milliseconds of virtual time since the start. */
  get elapsedMs(): number {
    return this.clock.nowMs() - Date.UTC(2026, 0, 1);
  }

  get rollout(): Rollout | undefined {
    return this.api.store.get('rollouts.argoproj.io', NAMESPACE, 'shop') as Rollout | undefined;
  }

  /** Those of the Rollout. */
  get replicaSets(): readonly ReplicaSet[] {
    const all = this.api.store.list('replicasets.apps', NAMESPACE) as readonly ReplicaSet[];
    return all.filter(({ metadata }) => metadata.ownerReferences?.some(({ kind }) => kind === 'Rollout') === true);
  }

  get deployment(): Deployment | undefined {
    return this.api.store.get('deployments.apps', NAMESPACE, 'shop') as Deployment | undefined;
  }

  get gitSource(): GitSource | undefined {
    return this.api.store.get('gitsources.headgate.dev', NAMESPACE, 'app') as GitSource | undefined;
  }

  /**
   * A controller reads old lists. A real API server answers lists without a version from the newest state, so only what must never
   * happen is looked at then, and not whether each step waited for what it could not see.
   */
  get isStale(): boolean {
    return this.#staleCommits > 0 && this.#staleFrom !== undefined;
  }

  /** Starts the controller under test, and another beside it where the story says so. */
  startController(): void {
    this.#startProcess('main');
    if (this.#hasCompany) this.#startProcess('second');
  }

  /** Sends a request as somebody else than the controllers; throws when it is refused. */
  async request(
    manager: string,
    method: string,
    path: string,
    body?: unknown,
    type = 'application/json',
  ): Promise<void> {
    const separator = path.includes('?') ? '&' : '?';
    const response = await this.api.handle({
      method,
      url: `${path}${separator}fieldManager=${manager}`,
      headers: { 'content-type': type, 'user-agent': manager },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (response.status < 300) return;
    const answer = typeof response.body === 'string' ? response.body : '';
    throw new Error(`${manager}: ${method} ${path} answered ${response.status}: ${answer}`);
  }

  /** Settles at the first moment at which `holds` is true. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!holds()) return;
        this.#waiters.delete(look);
        resolve();
      };
      this.#waiters.add(look);
      look();
    });
  }

  sleep(ms: number): Promise<void> {
    const endMs = this.clock.nowMs() + ms;
    this.clock.schedule(ms, () => undefined);
    return this.until(() => this.clock.nowMs() >= endMs);
  }

  /** Goes on, one scheduled call after the other and everything that follows from it, until `ends` or so much time has passed. */
  async run(ends: () => boolean, maxMs: number): Promise<boolean> {
    const endMs = this.clock.nowMs() + maxMs;
    for (;;) {
      await turn();
      for (const look of this.#waiters) look();
      await turn();
      if (ends()) return true;
      const nextMs = this.clock.nextAtMs();
      if (nextMs === undefined || nextMs > endMs) return false;
      this.clock.step();
    }
  }

  /** No more faults; from now on it is noted what controllers do. */
  rest(): void {
    this.points.stop();
    this.#isResting = true;
  }

  #note(what: string): void {
    if (this.#isResting) this.restless.push(what);
  }

  async stop(): Promise<void> {
    for (const process of this.#processes.values()) process.kill();
    for (const close of this.#closers) close();
    this.dataPlane.stop();
    this.#cluster.stop();
    await this.api.stop();
  }

  #between(least: number, most: number): number {
    return Math.round(least + this.#random() * (most - least));
  }

  readonly #delayMs = (): number => this.#between(1, 4);

  get #hasCompany(): boolean {
    return this.#options.company !== 'alone';
  }

  #startProcess(name: ProcessName): void {
    this.#processCount += 1;
    const { bendWriter, onError, company } = this.#options;
    const process = new ProcessClock(this.clock);
    this.#processes.set(name, process);
    const random = seededRandom(this.plan.seed * 1_000 + this.#processCount);
    const userAgent = `headgate-${this.#processCount}`;
    // A second one that acts at the same time is a fault itself.
    const counted = name === 'main' || this.#hasCompany;
    const errors: Log = {
      ...SILENT_LOG,
      error: (facts, message) => {
        const { cause } = facts;
        const text = cause instanceof Error ? cause.message : cause;
        if (typeof text === 'string' && text.startsWith(BROKEN)) this.broken.push(text);
        onError?.(facts, message);
      },
      child: () => errors,
    };
    if (this.#startsStale) {
      this.#startsStale = false;
      this.#staleFrom = userAgent;
      this.clock.schedule(STALE_MS, () => (this.#staleFrom = undefined));
    }
    const crash = (): void => this.#crash(name);
    const close = startControllerProcess({
      connection: inProcessConnection({
        server: this.api,
        clock: this.clock,
        process,
        userAgent,
        delayMs: this.#delayMs,
        fateOf: (call) => {
          if (!call.isWatch && call.resource !== 'leases') this.#note(call.what);
          return counted ? this.#fateOfCall(name, call) : { type: 'pass' };
        },
        fateOfEvent: (what) => (counted ? this.#fateOfEvent(name, what) : { type: 'pass' }),
        around: (call) => this.#around(call, userAgent),
        crash,
      }),
      clock: process,
      identity: userAgent,
      random,
      git: createSimGit({
        repository: this.repository,
        process,
        delayMs: this.#delayMs,
        fateOf: (what, isWrite) => {
          if (what !== 'head') this.#note(`git ${what}`);
          return counted ? this.#fateOfGit(name, what, isWrite) : { type: 'pass' };
        },
        crash,
      }),
      http: createSimHttp({
        services: {
          'slack.simulation': this.slack,
          'prometheus.simulation': new SimPrometheus((hash) => this.#errorShareOf(hash)),
        },
        process,
        delayMs: this.#delayMs,
        fateOf: (what, isWrite) => {
          this.#note(`http ${what}`);
          return counted ? this.#fateOfHttp(name, what, isWrite) : { type: 'pass' };
        },
        crash,
      }),
      log: errors,
      company,
      lost: crash,
      ...(bendWriter === undefined ? {} : { bendWriter }),
    });
    this.#closers.push(close);
  }

  #crash(name: ProcessName): void {
    const process = this.#processes.get(name);
    if (process?.alive !== true) return;
    process.kill();
    this.kills += 1;
    this.clock.schedule(RESTART_MS, () => this.#startProcess(name));
  }

  #fateOfCall(name: ProcessName, call: ApiCall): CallFate {
    // Events are told in the background, and their loss harms nothing that is looked at here.
    if (call.isWatch || call.resource === 'events') return { type: 'pass' };
    let fate: CallFate = { type: 'pass' };
    for (const action of this.points.next('call', call)) {
      if (action.type === 'crash') {
        this.#staleCommits = action.staleCommits ?? 0;
        this.#startsStale = this.#staleCommits > 0;
        fate = action;
      } else if (action.type === 'answer' || action.type === 'reset') fate = action;
      else if (action.type === 'lose-answer' || action.type === 'hang') fate = action;
      else this.#disturb(name, action);
    }
    return fate;
  }

  #fateOfEvent(name: ProcessName, what: string): EventFate {
    let fate: EventFate = { type: 'pass' };
    for (const action of this.points.next('event', { what, isWrite: false })) {
      if (action.type === 'hold' || action.type === 'drop' || action.type === 'expire') fate = action;
      else this.#disturb(name, action);
    }
    return fate;
  }

  #fateOfGit(name: ProcessName, what: string, isWrite: boolean): GitFate {
    let fate: GitFate = { type: 'pass' };
    for (const action of this.points.next('git', { what, isWrite })) {
      if (action.type === 'git' || action.type === 'crash') fate = action;
      else this.#disturb(name, action);
    }
    return fate;
  }

  #fateOfHttp(name: ProcessName, what: string, isWrite: boolean): HttpFate {
    let fate: HttpFate = { type: 'pass' };
    for (const action of this.points.next('http', { what, isWrite })) {
      if (action.type === 'http' || action.type === 'crash') fate = action;
      else this.#disturb(name, action);
    }
    return fate;
  }

  /** What happens beside the thing itself. */
  #disturb(name: ProcessName, action: Action): void {
    switch (action.type) {
      case 'overlap':
        return this.#overlap(action.ms);
      case 'freeze':
        return this.#processes.get(name)?.freeze(action.ms);
      case 'jump':
        return this.#processes.get(name)?.jump(action.ms);
      case 'interfere':
        this.clock.schedule(0, () => this.interfere(action.deed));
        return;
      default:
        throw new Error(`a plan cannot ask for ${action.type} here`);
    }
  }

  #overlap(ms: number): void {
    if (this.#processes.has('second')) return;
    this.#startProcess('second');
    this.overlapEndsAtMs = this.clock.nowMs() + ms;
    this.clock.schedule(ms, () => {
      this.#processes.get('second')?.kill();
      this.#processes.delete('second');
    });
  }

  #around(call: ApiCall, writer: string): (code: number) => void {
    const read = (name: string): KubeObject | undefined => this.#read(call, name);
    const before = read(call.name);
    return (code) => {
      if (call.resource === 'events' || call.resource === 'leases') return;
      const after = read(call.name);
      if (code < 300) this.writes += 1;
      this.onWrite({ call, writer, code, before, after });
    };
  }

  #read(call: ApiCall, name: string): KubeObject | undefined {
    const key = STORE_KEYS[call.resource];
    return key === undefined || name === '' ? undefined : this.api.store.get(key, call.namespace, name);
  }

  #errorShareOf(hash: string): number | undefined {
    const replicaSet = this.replicaSets.find(
      ({ metadata }) => metadata.labels?.['rollouts-pod-template-hash'] === hash,
    );
    if (replicaSet === undefined || (replicaSet.status?.readyReplicas ?? 0) === 0) return undefined;
    return imageOf(replicaSet).includes('bad') ? 0.5 : 0.01;
  }
}

export const STORE_KEYS: Readonly<Record<string, string>> = {
  rollouts: 'rollouts.argoproj.io',
  analysisruns: 'analysisruns.argoproj.io',
  experiments: 'experiments.argoproj.io',
  analysistemplates: 'analysistemplates.argoproj.io',
  gitsources: 'gitsources.headgate.dev',
  replicasets: 'replicasets.apps',
  services: 'services',
  httproutes: 'httproutes.gateway.networking.k8s.io',
  ingresses: 'ingresses.networking.k8s.io',
};

/** Lets everything that follows by itself (microtasks) come to its end. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
