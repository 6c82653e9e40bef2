import type { AnalysisRun } from '../../src/api/analysis.ts';
import type { Experiment } from '../../src/api/experiment.ts';
import type { KubeObject } from '../../src/api/kube-object.ts';
import type { Rollout, RolloutStatus } from '../../src/api/rollout.ts';
import type { HttpRoute, Ingress, ReplicaSet, Service } from '../../src/api/workloads.ts';
import { PROPAGATION_MS } from './controller-process.ts';
import { CANARY_SERVICE, imageOf, NAMESPACE, STABLE_SERVICE, weightIn } from './data-plane.ts';
import { changedPaths, isOurs } from './ownership.ts';
import { watchBlueGreen } from './blue-green-rules.ts';
import { watchDraining } from './draining-rules.ts';
import type { Action } from './plan.ts';
import { BAD, type Scenario } from './scenario.ts';
import type { SeenWrite, SimWorld } from './sim-world.ts';

/** After somebody else broke something, the controller has so long to put it right, from when it hears of it. */
const REPAIR_MS = 10_000;
/** After users scale up, pods come as soon as the controller hears of it, which a plan may delay. */
const SCALE_MS = 40_000;
/** A write that was under way as a user's command arrived may still take effect. */
const UNDER_WAY_MS = 100;
/** Clocks of the status have whole milliseconds, and a write needs some to arrive. */
const PAUSE_TOLERANCE_MS = 50;

/** Endpoints reach a proxy within this time. */
const ENDPOINTS_MS = 150;
/** An object does not come back to a controller that had to let go of it sooner than this. */
const HANDOVER_MS = 2_000;
/** An abort takes traffic back within so long, whatever goes wrong meanwhile. */
const ABORT_MAX_MS = 45_000;
/** From a crash to the end of what the next process reads of old lists. */
const OLD_START_MS = 5_000;
/** Where a controller starts again and a list of its is never answered, it waits for that so much longer. */
const LIST_MS = 60_000;

/** What rules of one kind need to know. */
export interface Ground {
  readonly world: SimWorld;
  readonly scenario: Scenario;
  readonly check: (holds: boolean, rule: string, facts?: unknown) => void;
  /** Somebody else broke something that the controller has not had the time to put right. */
  readonly isDisturbed: () => boolean;
  /** The controller cannot know better: its clock jumped, or its lists are old. */
  readonly isExcused: () => boolean;
  readonly isInstalled: () => boolean;
  /** Fewest pods wanted lately. */
  readonly replicasMin: () => number;
  /** Since when the abort stands that stands now. */
  readonly abortedAtMs: () => number | undefined;
  readonly isMeasured: (hash: string) => boolean;
  /** A user ended the pause of this version at this step. */
  readonly isResumed: (hash: string | undefined, index?: number) => boolean;
  /** How far the plan lets clocks jump. */
  readonly jumpMs: number;
  /** How much later than it happened the controller may hear of something. */
  readonly unheardMs: number;
}

/** Looks at everything that happens and remembers what must never have happened. */
export class Watchdog {
  readonly violations: string[] = [];
  readonly #world: SimWorld;
  readonly #scenario: Scenario;
  readonly #stops: (() => void)[] = [];
  readonly #reverts = new Set<string>();
  /** Rules that were broken already. */
  readonly #broken = new Set<string>();
  readonly #measured = new Set<string>();
  readonly #compared = new Set<string>();
  readonly #wasStable = new Set<string>();
  /** Who wrote, one after the other, each with the time of its first write since the one before. */
  readonly #writers: { readonly name: string; readonly sinceMs: number }[] = [];
  #installed = false;
  #abortedAtMs: number | undefined;
  /** The user ended the pause of this step. */
  #resumed: string | undefined;
  /** Fewest pods wanted lately: a Rollout that was just scaled up has its pods a little later. */
  #replicasMin: number;
  /** Somebody gives commands in this run. */
  readonly #hasUsers: boolean;
  #jumpMs = 0;
  /** How much later than it happened the controller may hear of something. */
  #unheardMs = 0;

  constructor(world: SimWorld, scenario: Scenario) {
    this.#world = world;
    this.#scenario = scenario;
    this.#replicasMin = scenario.replicas;
    const { store } = world.api;
    const actions = world.plan.faults.map(({ action }) => action);
    this.#hasUsers = scenario.isScripted || actions.some(({ type }) => type === 'interfere');
    this.#jumpMs = actions.reduce((sum, action) => sum + (action.type === 'jump' ? Math.abs(action.ms) : 0), 0);
    this.#unheardMs = unheardMs(actions);
    this.#stops.push(
      store.subscribe('rollouts.argoproj.io', ({ type, object, old }) => {
        if (type === 'MODIFIED' && old !== undefined) this.#rolloutChanged(old as Rollout, object as Rollout);
      }),
      store.subscribe('replicasets.apps', ({ type, object, old }) => {
        if (type === 'DELETED') this.#replicaSetDeleted((old ?? object) as ReplicaSet);
        if (type === 'ADDED') this.#replicaSetAdded(object as ReplicaSet);
        this.#lookAtCapacity();
      }),
      store.subscribe('analysisruns.argoproj.io', ({ object }) => this.#noteEvidence(object as AnalysisRun)),
      store.subscribe('experiments.argoproj.io', ({ object }) => this.#noteExperiment(object as Experiment)),
      store.subscribe('httproutes.gateway.networking.k8s.io', ({ object }) => this.#routeChanged(object as HttpRoute)),
    );
    const ground: Ground = {
      world,
      scenario,
      check: (holds, rule, facts) => this.#check(holds, rule, facts),
      isDisturbed: () => this.#isDisturbed,
      isExcused: () => this.#isExcused,
      isInstalled: () => this.#installed,
      replicasMin: () => this.#replicasMin,
      abortedAtMs: () => this.#abortedAtMs,
      isMeasured: (hash) => this.#measured.has(hash),
      isResumed: (hash, index) => this.#resumed === `${hash}/${index}`,
      jumpMs: this.#jumpMs,
      unheardMs: this.#unheardMs,
    };
    const draining = watchDraining(ground);
    const blueGreen = scenario.strategy === 'blueGreen' ? watchBlueGreen(ground) : undefined;
    this.#stops.push(draining.stop, blueGreen?.stop ?? (() => undefined));
    world.onWrite = (write) => this.#written(write);
    world.dataPlane.onChange = () => {
      draining.lookAtTraffic();
      blueGreen?.lookAtTraffic();
      this.#lookAtTraffic();
    };
  }

  /** True as soon as a rule was broken. */
  get isAlarmed(): boolean {
    return this.violations.length > 0 || this.#world.broken.length > 0;
  }

  stop(): void {
    for (const stop of this.#stops) stop();
  }

  /** What can be told at the end of each turn. */
  lookAtTheOutside(): void {
    const { slack, repository, broken } = this.#world;
    for (const statement of broken.splice(0)) this.#check(false, statement);
    const keys = slack.messages.map(({ key }) => key);
    this.#check(new Set(keys).size === keys.length, 'each abort is told once');
    this.#reverts.clear();
    for (const { message, byMachine } of repository.log()) {
      const key = /Headgate-Revert: (.*)/.exec(message)?.[1];
      if (!byMachine || key === undefined) continue;
      this.#check(!this.#reverts.has(key), 'each abort is reverted once');
      this.#reverts.add(key);
    }
  }

  #check(holds: boolean, rule: string, facts?: unknown): void {
    if (holds || this.#broken.has(rule)) return;
    this.#broken.add(rule);
    const seconds = (this.#world.elapsedMs / 1_000).toFixed(3);
    this.violations.push(`${seconds} s: ${rule}${facts === undefined ? '' : ` (${JSON.stringify(facts)})`}`);
  }

  get #isDisturbed(): boolean {
    const { clock, disturbedAtMs } = this.#world;
    return clock.nowMs() - Math.max(disturbedAtMs + this.#unheardMs, this.#dividedUntilMs) < REPAIR_MS;
  }

  /** Two controllers of which one hears late undo what the other does, as long as both are there. */
  get #dividedUntilMs(): number {
    return this.#unheardMs > 0 ? this.#world.overlapEndsAtMs : Number.NEGATIVE_INFINITY;
  }

  /** Steps ask for numbers of pods of their own, which need not be those of the share. */
  get #hasOwnScale(): boolean {
    return this.#scenario.steps.some((step) => 'setCanaryScale' in step);
  }

  /** The controller cannot know better: its clock jumped, or its lists are old. */
  get #isExcused(): boolean {
    return this.#jumpMs > PROPAGATION_MS || this.#world.isStale;
  }

  #rolloutChanged(old: Rollout, rollout: Rollout): void {
    const { status = {}, metadata } = rollout;
    const before = old.status ?? {};
    if (status.phase === 'Healthy') this.#installed = true;
    const acknowledged = status.conditions?.find(({ type }) => type === 'Command')?.message;
    this.#check(acknowledged === undefined || this.#hasUsers, 'only what a user wrote is a command', acknowledged);
    this.#check(Number(status.observedGeneration ?? 0) <= (metadata.generation ?? 0), 'the observed generation exists');
    if (status.abort === true && before.abort !== true) this.#noteAbort();
    if (status.abort !== true) this.#abortedAtMs = undefined;
    this.#noteReplicas(old.spec.replicas ?? 1, rollout.spec.replicas ?? 1);
    this.#noteResume(before, status);
    this.#checkPromotion(before, status);
    this.#checkSteps(before, rollout);
  }

  #noteAbort(): void {
    const { clock, dataPlane } = this.#world;
    const sinceMs = clock.nowMs();
    this.#abortedAtMs = sinceMs;
    clock.schedule(this.#abortMaxMs, () => {
      if (this.#abortedAtMs !== sinceMs || clock.nowMs() - this.#world.disturbedAtMs < this.#abortMaxMs) return;
      const { canaryWeight = 0 } = dataPlane;
      this.#check(canaryWeight === 0, 'after an abort all traffic is back on stable soon', canaryWeight);
    });
  }

  get #abortMaxMs(): number {
    const { faults } = this.#world.plan;
    const mayLackLists = ['crash', 'hang'].every((type) => faults.some(({ action }) => action.type === type));
    return ABORT_MAX_MS + (mayLackLists ? LIST_MS : 0);
  }

  #noteReplicas(before: number, now: number): void {
    if (before === now) return;
    this.#replicasMin = Math.min(before, now);
    this.#world.clock.schedule(SCALE_MS, () => {
      this.#replicasMin = this.#world.rollout?.spec.replicas ?? 1;
    });
  }

  #noteResume(before: RolloutStatus, status: RolloutStatus): void {
    const wasPaused = (before.pauseConditions ?? []).length > 0;
    const isSame = before.currentStepIndex === status.currentStepIndex;
    if (wasPaused && (status.pauseConditions ?? []).length === 0 && isSame && status.controllerPause === true)
      this.#resumed = `${status.currentPodHash}/${status.currentStepIndex}`;
  }

  #checkPromotion(before: RolloutStatus, status: RolloutStatus): void {
    if ((before.stableRS ?? '') === '' || before.stableRS === status.stableRS) return;
    const { steps, routing } = this.#scenario;
    this.#wasStable.add(before.stableRS ?? '');
    const promoted = this.#replicaSet(status.stableRS);
    this.#check(status.stableRS === status.currentPodHash, 'only the new version becomes stable');
    this.#check((status.currentStepIndex ?? 0) === steps.length, 'the new version becomes stable after its last step');
    this.#check(
      (promoted?.status?.availableReplicas ?? 0) >= this.#replicasMin || this.#isDisturbed,
      'the new version becomes stable when all its pods are available',
    );
    if (routing !== 'none' && !this.#isDisturbed)
      this.#check(
        this.#world.dataPlane.canaryWeight === 100 || this.#isExcused,
        'the new version becomes stable when it has all traffic',
        this.#world.dataPlane.canaryWeight,
      );
    const isForced = before.promoteFull === true;
    if (isForced || promoted === undefined) return;
    this.#check(imageOf(promoted) !== BAD, 'a bad version is not promoted');
    if (this.#scenario.isMeasured) {
      const hash = status.stableRS ?? '';
      // The first version is not measured, also where somebody goes back to it.
      this.#check(this.#measured.has(hash) || this.#wasStable.has(hash), 'nothing is promoted without evidence');
    }
  }

  /** Remembers a version of which a run succeeded on values that were really measured. */
  #noteEvidence({ metadata, status }: AnalysisRun): void {
    const hash = metadata.labels?.['rollouts-pod-template-hash'];
    if (hash === undefined || status?.phase !== 'Successful' || this.#world.forged.has(metadata.name)) return;
    const measurements = (status.metricResults ?? []).flatMap((result) => result.measurements ?? []);
    if (measurements.some(({ phase, value }) => phase === 'Successful' && value === '[0.01]')) this.#measured.add(hash);
  }

  #noteExperiment({ metadata, status }: Experiment): void {
    const hash = metadata.labels?.['rollouts-pod-template-hash'];
    if (hash !== undefined && status?.phase === 'Successful') this.#compared.add(hash);
  }

  #checkSteps(before: RolloutStatus, rollout: Rollout): void {
    const { status = {} } = rollout;
    const from = before.currentStepIndex;
    const to = status.currentStepIndex;
    const isSameUpdate = before.currentPodHash === status.currentPodHash && (before.stableRS ?? '') !== '';
    if (typeof from !== 'number' || typeof to !== 'number' || from === to || !isSameUpdate) return;
    if (before.currentPodHash === before.stableRS || before.promoteFull === true || status.promoteFull === true) return;
    if (to < from) {
      const isAllowed = status.abort === true || before.abort === true;
      this.#check(isAllowed, 'the step index goes back only by an abort or a retry', { from, to });
      return;
    }
    for (let index = from; index < to; index += 1) this.#checkStepDone(index, before, rollout);
  }

  #checkStepDone(index: number, before: RolloutStatus, rollout: Rollout): void {
    const step = this.#scenario.steps[index] ?? {};
    const { status = {} } = rollout;
    const canary = this.#replicaSet(status.currentPodHash);
    const facts = { index, before: before.currentStepIndex, after: status.currentStepIndex };
    const weight = step['setWeight'];
    if (typeof weight === 'number' && !this.#isDisturbed) {
      const { dataPlane } = this.#world;
      if (this.#scenario.routing !== 'none') {
        const isThere = dataPlane.canaryWeight === weight || this.#isExcused;
        this.#check(isThere, 'a weight step is done when requests are split so', [facts, dataPlane.canaryWeight]);
        if (weight > 0) this.#checkMet(status.currentPodHash ?? '', facts);
      }
      const pods = Math.floor((this.#replicasMin * weight) / 100);
      this.#check(
        (canary?.status?.availableReplicas ?? 0) >= Math.min(1, pods),
        'a weight step is done when its pods are there',
        facts,
      );
    }
    if (step['analysis'] !== undefined)
      this.#check(this.#measured.has(status.currentPodHash ?? ''), 'an analysis step is done by its success', facts);
    if (step['experiment'] !== undefined)
      this.#check(this.#compared.has(status.currentPodHash ?? ''), 'an experiment step is done by its success', facts);
    const pause = step['pause'] as { readonly duration?: number } | undefined;
    if (pause !== undefined) this.#checkPause(pause.duration, before, facts);
  }

  /** Endpoints may reach the proxy a little later than the weight. */
  #checkMet(hash: string, facts: unknown): void {
    const { clock, dataPlane } = this.#world;
    clock.schedule(ENDPOINTS_MS, () => {
      const isOver = this.#world.rollout?.status?.currentPodHash !== hash || (dataPlane.canaryWeight ?? 0) === 0;
      const isMet = isOver || dataPlane.servedVersions().has(hash);
      this.#check(
        isMet || this.#isExcused || this.#isDisturbed,
        'requests of a weight step meet the new version',
        facts,
      );
    });
  }

  #checkPause(seconds: number | undefined, before: RolloutStatus, facts: { readonly index: number }): void {
    const isResumed = this.#resumed === `${before.currentPodHash}/${facts.index}`;
    if (isResumed) return;
    const paused = before.pauseConditions?.find(({ reason }) => reason === 'CanaryPauseStep');
    this.#check(paused !== undefined && before.currentStepIndex === facts.index, 'a pause is not skipped', facts);
    if (seconds === undefined) {
      this.#check(false, 'a pause without an end is ended by a user', facts);
      return;
    }
    const waitedMs = this.#world.clock.nowMs() - Date.parse(paused?.startTime ?? '');
    const leastMs = seconds * 1_000 - PAUSE_TOLERANCE_MS - this.#jumpMs;
    this.#check(waitedMs >= leastMs, 'a pause is not cut short', { ...facts, waitedMs });
  }

  #replicaSet(hash: string | undefined): ReplicaSet | undefined {
    return this.#world.replicaSets.find(({ metadata }) => metadata.labels?.['rollouts-pod-template-hash'] === hash);
  }

  #replicaSetAdded(added: ReplicaSet): void {
    const hash = added.metadata.labels?.['rollouts-pod-template-hash'];
    const living = this.#world.replicaSets.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    const same = living.filter(({ metadata }) => metadata.labels?.['rollouts-pod-template-hash'] === hash);
    const alike = living.filter((replicaSet) => imageOf(replicaSet) === imageOf(added));
    this.#check(same.length <= 1 && alike.length <= 1, 'each version has one ReplicaSet', added.metadata.name);
  }

  #replicaSetDeleted(gone: ReplicaSet): void {
    if (this.#isDisturbed) return;
    this.#check((gone.spec.replicas ?? 1) === 0, 'no ReplicaSet with pods is deleted', gone.metadata.name);
  }

  #routeChanged(route: HttpRoute): void {
    for (const { backendRefs = [] } of route.spec.rules ?? []) {
      if (!backendRefs.some(({ name }) => name === STABLE_SERVICE)) continue;
      const total = backendRefs.reduce((sum, { weight }) => sum + (weight ?? 1), 0);
      this.#check(total === 100, 'the weights of a rule cover all traffic', backendRefs);
    }
  }

  #written({ call, writer, code, before, after }: SeenWrite): void {
    if (call.resource !== 'gitsources') this.#noteWriter(writer, code < 300);
    if (code >= 300) return;
    const raisedTo = raisedWeight(before, after);
    if (raisedTo !== undefined) this.#weightRaised(raisedTo);
    if (before === undefined || after === undefined || call.fieldManager === 'headgate-gitops') return;
    for (const path of changedPaths(before, after))
      this.#check(isOurs(after.kind, path), `only what is ours is written: ${after.kind} ${path}`);
  }

  /**
   * Who lost the Lease tries nothing any more: it ends, and comes back under another name. Of those that share, one may get
   * an object back, but not at once.
   */
  #noteWriter(writer: string, isDone: boolean): void {
    const { company } = this.#scenario;
    if (company === 'alone' || (company === 'sharing' && !isDone)) return;
    const nowMs = this.#world.clock.nowMs();
    const last = this.#writers.at(-1);
    if (writer === last?.name) return;
    const isFormer = this.#writers.some(({ name }) => name === writer);
    const isSoon = company === 'led' || nowMs - (last?.sinceMs ?? 0) < HANDOVER_MS;
    this.#check(!isFormer || !isSoon, 'no two controllers work on one Rollout at once', { writer, after: last?.name });
    this.#writers.push({ name: writer, sinceMs: nowMs });
  }

  #weightRaised(weight: number): void {
    if (this.#isDisturbed) return;
    const sinceMs = this.#world.clock.nowMs() - (this.#abortedAtMs ?? Number.POSITIVE_INFINITY);
    const isKnown = sinceMs > UNDER_WAY_MS + this.#unheardMs;
    this.#check(!isKnown, 'after an abort the weight of the new version never rises', weight);
    const pods = this.#world.dataPlane.podsOf(CANARY_SERVICE).length;
    this.#check(pods > 0, 'a weight is raised when the canary Service has endpoints', weight);
    if (this.#isExcused || this.#hasOwnScale) return;
    const available = this.#replicaSet(this.#world.rollout?.status?.currentPodHash)?.status?.availableReplicas ?? 0;
    const least = Math.floor((this.#replicasMin * weight) / 100);
    this.#check(available >= least, 'a weight is raised when its pods are there', { weight, available });
  }

  /** What the proxy does to requests right now. */
  #lookAtTraffic(): void {
    const { dataPlane, rollout } = this.#world;
    const weight = dataPlane.canaryWeight;
    if (weight === undefined || !this.#installed || this.#isDisturbed || rollout === undefined) return;
    const stablePods = dataPlane.podsOf(STABLE_SERVICE).length;
    this.#check(weight === 100 || stablePods > 0, 'requests for stable meet a pod', weight);
    this.#check(
      weight === 0 || dataPlane.podsOf(CANARY_SERVICE).length > 0,
      'requests for the canary meet a pod',
      weight,
    );
    if (this.#lacksStablePods() === undefined) return;
    // Weights and endpoints reach a proxy on ways of their own.
    this.#world.clock.schedule(ENDPOINTS_MS, () => {
      const lack = this.#isDisturbed ? undefined : this.#lacksStablePods();
      this.#check(lack === undefined, 'stable has the pods of its share', lack);
    });
  }

  #lacksStablePods(): unknown {
    const { dataPlane } = this.#world;
    const weight = dataPlane.canaryWeight ?? 0;
    const stablePods = dataPlane.podsOf(STABLE_SERVICE).length;
    const least = Math.floor((this.#replicasMin * (100 - weight)) / 100);
    return stablePods >= least ? undefined : { weight, stablePods, least };
  }

  /** ReplicaSets against their share, as soon as they are written. */
  #lookAtCapacity(): void {
    const { dataPlane, replicaSets } = this.#world;
    if (!this.#installed || this.#isDisturbed) return;
    const available = replicaSets.reduce((sum, { status }) => sum + (status?.availableReplicas ?? 0), 0);
    const unavailableMax = Math.floor(this.#replicasMin / 4);
    this.#check(available >= this.#replicasMin - unavailableMax, 'enough pods are available', { available });
    const weight = dataPlane.canaryWeight;
    if (weight === undefined || this.#hasOwnScale) return;
    for (const [name, share] of [
      [STABLE_SERVICE, 100 - weight],
      [CANARY_SERVICE, weight],
    ] as const) {
      const service = this.#world.api.store.get('services', NAMESPACE, name) as Service | undefined;
      const aimed = this.#replicaSet(service?.spec.selector?.['rollouts-pod-template-hash']);
      if (aimed === undefined) continue;
      const least = Math.floor((this.#replicasMin * share) / 100);
      this.#check((aimed.spec.replicas ?? 1) >= least, `${name} leads to the pods of its share`, {
        size: aimed.spec.replicas,
        share,
      });
    }
  }
}

/** Who is held up as it starts on old lists goes on with what was so before it started. */
function unheardMs(actions: readonly Action[]): number {
  const heldMs = Math.max(
    0,
    ...actions.map((action) => (action.type === 'hold' || action.type === 'freeze' ? action.ms : 0)),
  );
  const startsOld = actions.some((action) => action.type === 'crash' && (action.staleCommits ?? 0) > 0);
  return heldMs + (heldMs > 0 && startsOld ? OLD_START_MS : 0);
}

function raisedWeight(before: KubeObject | undefined, after: KubeObject | undefined): number | undefined {
  if (after === undefined) return undefined;
  const [old, now] = [before, after].map((object) => (object === undefined ? 0 : shownIn(object)));
  return now !== undefined && old !== undefined && now > old ? now : undefined;
}

function shownIn(object: KubeObject): number | undefined {
  if (object.kind === 'HTTPRoute') return weightIn(object as HttpRoute);
  if (object.kind !== 'Ingress') return undefined;
  return Number((object as Ingress).metadata.annotations?.['nginx.ingress.kubernetes.io/canary-weight'] ?? 0);
}
