import { findCondition } from '../../api/conditions.ts';
import { KINDS } from '../../api/kinds.ts';
import type { KubeWrite } from '../../api/kube-write.ts';
import type { Rollout } from '../../api/rollout.ts';
import { INSTANCE_ID_LABEL, POD_TEMPLATE_HASH_LABEL } from '../../api/labels.ts';
import type { Pod } from '../../api/workloads.ts';
import { decide } from '../../core/decide.ts';
import { endedUpdate } from '../../core/rollout/ended-update.ts';
import { withFailure } from '../../core/rollout/failure-state.ts';
import type { Decision } from '../../core/decision.ts';
import type { DecisionOptions } from '../../core/observation.ts';
import { phaseLabel } from '../../core/rollout/phase-label.ts';
import { needsPods } from '../../core/rollout/references.ts';
import { withWorkload } from '../../core/rollout/workload-reference.ts';
import { withUnknown } from '../../core/rollout/unknown-status.ts';
import { releaseOf } from '../../core/rollout/service-release.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Kube, QueueAnswer, WorkQueue } from '../../ports/kube.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import type { CurrentObjects } from '../../routers/contract.ts';
import { causeOf, isRetryable } from '../failure.ts';
import { ConfigCaches, type ConfigLook } from '../versioned-config/config-caches.ts';
import { AdditiveStatus } from './additive-status.ts';
import { Arrivals } from './arrivals.ts';
import { showTemplates } from '../template-metrics.ts';
import { BriefNews, TOLD_WITH_STATUS } from './brief-news.ts';
import { Contest, CONTESTED_NOTICE, isTold, withContest } from './contest.ts';
import { keyOf, openRolloutCaches, MANAGER, OWNER, type RolloutCaches } from './caches.ts';
import { carryOutWrites, enact, NameTaken, Unsettled, type Written } from './enact.ts';
import { Failures } from './failures.ts';
import { gather, readRouted, workloadOf } from './gather.ts';
import { strangersIn, writesOfGone, writesOfUnknown, writesToLeave, writesToStrays } from './left-routing.ts';
import { leftTargetOf } from './left-target.ts';
import { withOutcomeLater } from './outcome.ts';
import { routedTargets, watchedOnDemand } from './reads.ts';
import { awaitsCaches, REFUSED_LOOK_MS } from './refusals.ts';
import { statusWrite } from './record.ts';
import { RefusedEvictions } from './refused-evictions.ts';
import { SyncWaits } from './sync-waits.ts';
import { TakenNames } from './taken-names.ts';
import { wakeOnChanges, wakeReaders } from './wake.ts';
import { WeightWatch } from './weight-watch.ts';

export interface RolloutControllerInput {
  readonly kube: Kube;
  readonly queue: WorkQueue;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly options: RolloutControllerOptions;
}

export interface RolloutControllerOptions extends DecisionOptions {
  readonly namespace?: string;
  readonly workers: number;
  /** Only objects that carry this instance id; without one, only objects that carry none. */
  readonly instanceId?: string;
}

/** How long a pass waits for configuration that is still being read. */
const CONFIG_WAIT_MS = 200;
/** Deleted Rollouts whose last pass is still to come; other replicas may be the ones to make it. */
const GONE_MAX = 1_000;

/** What is read only for the Rollouts that need it. */
interface ReadOnDemand {
  readonly routed: CurrentObjects;
  readonly look: ConfigLook;
}

/** Works on Rollouts: gather, decide, record, enact; one pass at a time for each. */
export class RolloutController {
  readonly caches: RolloutCaches;
  readonly #input: RolloutControllerInput;
  readonly #unsettled = new Unsettled();
  readonly #syncWaits = new SyncWaits();
  readonly #refusedEvictions = new RefusedEvictions();
  readonly #additive = new AdditiveStatus();
  readonly #briefNews = new BriefNews();
  readonly #arrivals = new Arrivals();
  readonly #failures = new Failures();
  readonly #takenNames = new TakenNames();
  readonly #weightWatch = new WeightWatch();
  readonly #config: ConfigCaches;
  readonly #contest = new Contest();
  readonly #wokenByKind = new Set<string>();
  /** Rollouts that were deleted, until their last pass. */
  readonly #gone = new Map<string, Rollout>();

  constructor(input: RolloutControllerInput) {
    this.#input = input;
    this.caches = openRolloutCaches(input.kube.caches, { namespace: input.options.namespace });
    const { namespace } = input.options;
    this.#config = new ConfigCaches({ caches: input.kube.caches, namespace, wake: this.#wake });
    // Before anything is woken: a pass may begin at once.
    this.caches.rollouts.subscribe((change) => {
      if (change.type === 'deleted') this.#remember(change.old);
      else {
        this.#gone.delete(keyOf(change.object));
        this.#openRouted(change.object);
      }
    });
    wakeOnChanges(this.caches, this.#wake);
  }

  /** Starts working. Caches fill before that, so that a standby takes over warm. */
  start(): void {
    const { analysisTemplates, clusterAnalysisTemplates } = this.caches;
    for (const cache of [analysisTemplates, clusterAnalysisTemplates])
      if (cache !== undefined) showTemplates(cache, this.#input.telemetry.metrics);
    this.#input.queue.run(this.#input.options.workers, (key) => this.#pass(key));
  }

  readonly #wake = (key: string): void => {
    this.#input.queue.add(key);
  };

  /** Only what others share has to be put right when it goes; of the rest a name is enough to tell of it. */
  #remember(gone: Rollout): void {
    if (!this.#isOurs(gone)) return;
    const { apiVersion, kind } = gone;
    const { namespace, name, uid } = gone.metadata;
    const named: Rollout = { apiVersion, kind, metadata: { namespace, name, uid }, spec: {} };
    this.#gone.set(keyOf(gone), routedTargets(gone).length === 0 ? named : gone);
    const [oldest] = this.#gone.keys();
    if (this.#gone.size > GONE_MAX && oldest !== undefined) this.#gone.delete(oldest);
  }

  /** Kinds that only some Rollouts need are watched from the first of them on. */
  #openRouted(rollout: Rollout): void {
    for (const ref of watchedOnDemand(rollout)) {
      const kind = `${ref.kind.group}/${ref.kind.plural}`;
      if (this.#wokenByKind.has(kind)) continue;
      this.#wokenByKind.add(kind);
      const cache = this.caches.routed(ref.kind);
      wakeReaders(cache, this.caches.rollouts, this.#wake);
      cache.subscribe((change) => {
        if (change.type === 'deleted') return;
        strangersIn(this.caches, change.object, this.#input.options.namespace).forEach(this.#wake);
      });
    }
  }

  async #pass(key: string): Promise<QueueAnswer> {
    const [namespace = '', name = ''] = key.split('/');
    const rollout = this.caches.rollouts.get(namespace, name);
    if (rollout === undefined) return this.#forget(namespace, name);
    if (rollout.metadata.deletionTimestamp !== undefined || !this.#isOurs(rollout)) return {};
    const { writer } = this.#input.kube;
    const unsettled = this.#unsettled.of(key, writer);
    if (unsettled.length > 0) {
      writer.whenFresh(unsettled, () => this.#wake(key));
      return {};
    }
    const nowMs = this.#input.clock.nowMs();
    const isAwaiting = awaitsCaches(this.caches, rollout);
    const syncedMs = isAwaiting ? this.#syncWaits.againAtMs(key, nowMs) : undefined;
    if (syncedMs !== undefined) return { againAtMs: syncedMs };
    if (!isAwaiting) this.#syncWaits.end(key);
    const look = this.#config.look(key, withWorkload(rollout, workloadOf(this.caches, rollout)), nowMs);
    if (look === 'syncing') return { againAtMs: nowMs + CONFIG_WAIT_MS };
    return this.#work(key, rollout, { routed: readRouted(this.caches, rollout), look });
  }

  /** Before anything rests on a Rollout without a router, the one that it had leads to stable alone, and was seen to. */
  async #leave(key: string, rollout: Rollout): Promise<QueueAnswer | undefined> {
    const left = leftTargetOf(rollout);
    if (left === undefined) return undefined;
    const writes = writesToLeave(this.caches, left);
    return writes.length === 0 ? undefined : this.#writeAndReturn(key, writes);
  }

  /** What follows rests on these. */
  async #writeAndReturn(key: string, writes: readonly KubeWrite[]): Promise<QueueAnswer> {
    await carryOutWrites(this.#input.kube.writer, writes, (ref) => this.#unsettled.add(key, ref));
    return { againAtMs: this.#input.clock.nowMs() };
  }

  async #work(key: string, rollout: Rollout, { routed, look }: ReadOnDemand): Promise<QueueAnswer> {
    const { clock, telemetry } = this.#input;
    const { log, metrics } = telemetry;
    const startedMs = clock.nowMs();
    let failed = false;
    let isOfEffect = true;
    let isRecorded = false;
    try {
      const leaving = await this.#leave(key, rollout);
      isOfEffect = false;
      if (leaving !== undefined) return leaving;
      const pods = await this.#podsOf(rollout);
      const observation = gather(this.caches, {
        rollout,
        nowMs: clock.nowMs(),
        pods,
        refusedEvictions: this.#refusedEvictions.of(
          key,
          pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(({ metadata }) => metadata.uid),
        ),
        options: this.#input.options,
        routed,
        takenNames: this.#takenNames.of(rollout),
        weightWatch: this.#weightWatch,
        config: look.config,
      });
      const arrivesMs = this.#arrivals.untilMs(key, observation);
      if (arrivesMs !== undefined) return { againAtMs: arrivesMs };
      const decision = decide(observation);
      const { conditions, abort } = decision.status;
      const isSound = findCondition(conditions, 'InvalidSpec') === undefined && abort !== true;
      const strays = isSound ? writesToStrays(this.caches, rollout) : [];
      if (strays.length > 0) {
        isOfEffect = true;
        return await this.#writeAndReturn(key, strays);
      }
      const failure = this.#failures.lasting(key, clock.nowMs());
      const status = withUnknown(withFailure(decision.status, failure, rollout.status), rollout.status);
      const told = this.#withContest(rollout, { ...decision, status });
      const heldUntilMs = await this.#carryOut(key, rollout, told, {
        routed,
        recorded: () => (isRecorded = isOfEffect = true),
      });
      const wasShown = this.#failures.end(key);
      const refusedMs = observation.refusals === undefined ? undefined : clock.nowMs() + REFUSED_LOOK_MS;
      const againAtMs = earliest(told.wakeAtMs, heldUntilMs, look.againAtMs, refusedMs);
      return {
        againAtMs: wasShown ? clock.nowMs() : againAtMs,
        promised: status.pauseConditions !== undefined,
        resting: status.phase === 'Healthy',
      };
    } catch (error) {
      if (error instanceof NameTaken) {
        await this.#takenNames.ask(rollout, error.ref, { caches: this.caches, reader: this.#input.kube.reader });
        return { retry: true };
      }
      failed = !isRetryable(error);
      if (failed) log.error({ rollout: key, cause: causeOf(error) }, 'pass over a Rollout failed');
      else log.debug({ rollout: key, cause: causeOf(error) }, 'pass over a Rollout starts again');
      this.#failures.add(key, error, { nowMs: clock.nowMs(), isOfEffect });
      const news = this.#failures.news(key, error, clock.nowMs());
      if (news !== undefined) this.#input.kube.events.record(rollout, news);
      if (!isRecorded) await this.#showFailure(key, rollout);
      return { retry: true };
    } finally {
      const { namespace = '', name } = rollout.metadata;
      metrics.reconciled({ kind: 'rollout', namespace, name, seconds: (clock.nowMs() - startedMs) / 1_000, failed });
    }
  }

  /** What fails before a decision is recorded is told all the same. */
  async #showFailure(key: string, rollout: Rollout): Promise<void> {
    const nowMs = this.#input.clock.nowMs();
    const failure = this.#failures.lasting(key, nowMs);
    const shown = failure === undefined ? undefined : withFailure(rollout.status ?? {}, failure, rollout.status);
    const write = shown === undefined ? undefined : statusWrite(rollout, shown);
    if (write === undefined) return;
    try {
      await this.#input.kube.writer.write(write);
      this.#unsettled.add(key, write.ref);
    } catch (error) {
      this.#failures.add(key, error, { nowMs, isOfEffect: false });
    }
  }

  /** Answers when to come back for a status that is not written yet. */
  async #carryOut(
    key: string,
    rollout: Rollout,
    decision: Decision,
    { routed, recorded: statusIsRecorded }: { readonly routed: CurrentObjects; readonly recorded: () => void },
  ): Promise<number | undefined> {
    const { kube, clock } = this.#input;
    let version = rollout.metadata.resourceVersion;
    const written: Written = (ref, answer) => {
      this.#unsettled.add(key, ref);
      if (ref.kind.plural === KINDS.rollout.plural) version = answer?.metadata.resourceVersion;
    };
    const next = this.#additive.kept(decision.status, clock.nowMs());
    const heldUntilMs = this.#briefNews.heldUntilMs(key, {
      before: rollout.status ?? {},
      next,
      nowMs: clock.nowMs(),
      wakeAtMs: decision.wakeAtMs,
      podsWanted: decision.effects.length === 0 ? this.#podsWanted(rollout) : undefined,
    });
    // What was dropped so far goes along with what is written anyway: the CRD may have been replaced.
    const meant = { ...decision.status, conditions: next.conditions };
    const differs = heldUntilMs === undefined && statusWrite(rollout, next) !== undefined;
    // A failure is never put off: the effect that fails would never let it be told.
    const isPutOff = differs && this.#failures.lasting(key, clock.nowMs()) === undefined;
    const first = isPutOff ? withOutcomeLater(rollout.status, meant, decision.effects) : undefined;
    const status = differs ? statusWrite(rollout, first ?? meant) : undefined;
    if (status !== undefined) {
      const answer = await kube.writer.write(status);
      written(status.ref, answer);
      if (this.#additive.learns(first ?? meant, answer)) this.#reportPruning();
      const ended = endedUpdate(rollout.status ?? {}, next);
      if (ended !== undefined) this.#input.telemetry.metrics.updateEnded(ended);
    }
    statusIsRecorded();
    // From here on the intent is recorded: its events tell of it whatever becomes of the effects.
    const recorded = { ...rollout, status: decision.status };
    const input = { rollout: recorded, rolloutResourceVersion: version, effects: decision.effects, routed };
    const left = new Set(decision.effects);
    try {
      await enact(kube.writer, input, {
        written,
        done: (effect) => left.delete(effect),
        refused: (uid, error) => this.#refusedEvictions.add(key, uid, { error, nowMs: clock.nowMs() }),
      });
    } finally {
      // What was not done is told by the pass that does it.
      const untrue = new Set([...left].flatMap((effect) => (effect.type === 'write' ? (effect.tells ?? []) : [])));
      const untold = heldUntilMs === undefined ? [] : TOLD_WITH_STATUS;
      for (const notice of decision.events)
        if (!untrue.has(notice) && !untold.includes(notice.reason)) kube.events.record(rollout, notice);
      this.#reportState(rollout, decision);
    }
    if (first !== undefined) {
      const { metadata } = rollout;
      const reached = { ...rollout, metadata: { ...metadata, resourceVersion: version }, status: first };
      const outcome = statusWrite(reached, meant);
      if (outcome !== undefined) written(outcome.ref, await kube.writer.write(outcome));
    }
    return heldUntilMs;
  }

  #podsWanted({ metadata }: Rollout): number {
    const replicaSets = this.caches.replicaSets.byIndex(OWNER, metadata.uid ?? '');
    return replicaSets.reduce((sum, { spec }) => sum + (spec.replicas ?? 0), 0);
  }

  /** The decision, with what is told where another controller is at work on the same Rollout. */
  #withContest(rollout: Rollout, decision: Decision): Decision {
    const nowMs = this.#input.clock.nowMs();
    const isFirst = this.#contest.isQuiet(nowMs);
    const untilMs = this.#contest.untilMs(rollout, nowMs);
    const status = withContest(decision.status, { isContested: untilMs !== undefined, nowMs });
    if (untilMs === undefined) return { ...decision, status };
    if (isFirst) this.#input.telemetry.log.error({ rollout: keyOf(rollout) }, CONTESTED_NOTICE.message);
    const events = isTold(rollout) ? decision.events : [...decision.events, CONTESTED_NOTICE];
    return { ...decision, status, events, wakeAtMs: earliest(decision.wakeAtMs, untilMs) };
  }

  /** Of the Rollouts that this process works on, how many another controller writes to. */
  get contested(): number {
    return this.#contest.count(this.#input.clock.nowMs());
  }

  /** Each Rollout whose status does not say so yet is looked at again. */
  #reportPruning(): void {
    const { dropped } = this.#additive;
    const { log } = this.#input.telemetry;
    if (dropped.length > 0)
      log.warn(
        { dropped },
        'the CRD of Rollouts drops fields of status: kubectl shows less until the CRDs of Headgate are applied',
      );
    for (const rollout of this.caches.rollouts.list()) if (this.#additive.isUntold(rollout)) this.#wake(keyOf(rollout));
  }

  #reportState(rollout: Rollout, { status }: Decision): void {
    const { strategy } = rollout.spec;
    const desired = rollout.spec.replicas ?? 1;
    const available = status.availableReplicas ?? 0;
    this.#input.telemetry.metrics.rolloutObserved({
      namespace: rollout.metadata.namespace ?? '',
      name: rollout.metadata.name,
      strategy: strategy?.canary !== undefined ? 'canary' : strategy?.blueGreen !== undefined ? 'blueGreen' : 'none',
      trafficRouter: routerLabel(routedTargets(rollout)[0]?.router.id ?? ''),
      phase: phaseLabel(status),
      replicas: {
        desired,
        available,
        updated: status.updatedReplicas ?? 0,
        unavailable: Math.max(0, desired - available),
      },
    });
  }

  /** Pods are looked at only while each of them has to be changed or replaced, so no cache of all pods is kept. */
  async #podsOf(rollout: Rollout): Promise<readonly Pod[]> {
    const replicaSets = this.caches.replicaSets.byIndex(OWNER, rollout.metadata.uid ?? '');
    if (!needsPods(rollout, replicaSets)) return [];
    const labels = Object.entries(rollout.spec.selector?.matchLabels ?? {}).map(
      ([label, value]) => `${label}=${value}`,
    );
    // With the selector of a workload there is none here; the hash leaves at least all other pods out.
    const labelSelector = [...labels, POD_TEMPLATE_HASH_LABEL].join(',');
    const query = { namespace: rollout.metadata.namespace, labelSelector };
    return (await this.#input.kube.reader.list(KINDS.pod, query)) as readonly Pod[];
  }

  #isOurs(rollout: Rollout): boolean {
    return rollout.metadata.labels?.[INSTANCE_ID_LABEL] === this.#input.options.instanceId;
  }

  /** A Rollout that is gone leaves its Services as it found them, or they would lead to none of the pods that follow. */
  async #forget(namespace: string, name: string): Promise<QueueAnswer> {
    for (const service of this.caches.services.byIndex(MANAGER, `${namespace}/${name}`)) {
      await this.#input.kube.writer.write(releaseOf(service));
    }
    const key = `${namespace}/${name}`;
    const gone = this.#gone.get(key);
    const writes = gone === undefined ? writesOfUnknown(this.caches, key) : writesOfGone(this.caches, gone);
    for (const write of writes) await this.#input.kube.writer.write(write);
    this.#gone.delete(key);
    if (gone !== undefined) {
      const message = `Rollout ${name}/${namespace} is deleted.`;
      this.#input.kube.events.record(gone, { type: 'Normal', reason: 'RolloutDeleted', message });
    }
    this.letGo(key);
    return {};
  }

  /** Forgets what is kept of a Rollout that is gone, or is another process's now. */
  letGo(key: string): void {
    const [namespace = '', name = ''] = key.split('/');
    this.#unsettled.forget(key);
    this.#syncWaits.end(key);
    this.#refusedEvictions.forget(key);
    this.#failures.end(key);
    this.#briefNews.forget(key);
    this.#arrivals.forget(key);
    this.#weightWatch.forget(key);
    this.#config.forget(key);
    this.#contest.forget(key);
    this.#input.telemetry.metrics.objectGone({ kind: 'rollout', namespace, name });
  }
}

/** Dashboards know this one with a capital letter. */
function routerLabel(id: string): string {
  return id === 'nginx' ? 'Nginx' : id;
}

function earliest(...moments: readonly (number | undefined)[]): number | undefined {
  const known = moments.filter((moment) => moment !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
