import type { KubeObject } from '../../api/kube-object.ts';
import { parseTimestampMs } from '../../lib/timestamp.ts';
import { itemsAt, numberAt, textAt, type Fields } from '../builtin/fields.ts';
import { advanced, ended, isDonePreparing, newContainer, nextChangeMs, type ContainerLife } from './container-life.ts';
import { writeStatus, type Controller, type ControllerContext } from './context.ts';
import { keyOf, splitKey } from './mirror.ts';
import { PodAddresses } from './pod-addresses.ts';
import { behaviourOf, PORT_ANNOTATION, type PodBehaviour, type PodTimes } from './pod-behaviour.ts';
import { isTerminal } from './pod-facts.ts';
import type { PodRuntime, RunningPod } from './pod-runtime.ts';
import { reportedStatus, type PodReport } from './pod-status.ts';
import { placePod } from './scheduler.ts';
import { WorkQueue } from './work-queue.ts';

const COMPONENT = 'kubelet';
export const HOST_IP = '192.0.2.10';

/**
 * Lives the life of every pod: placed on a node, started, probed, restarted, ended.
 *
 *     unscheduled -> creating -> running <-> ready
 *                       |           |
 *                 image missing   exited / crash loop       deletion: drain -> stop -> gone
 */
export function startPodLives(
  context: ControllerContext,
  options: { readonly times: PodTimes; readonly runtime: PodRuntime | undefined },
): Controller {
  const lives = new PodLives(context, options);
  return lives;
}

/** What is known of a pod beyond the API: the program that runs it and its containers' lives. */
interface Life {
  readonly uid: string;
  startedMs: number;
  initContainers: readonly ContainerLife[];
  containers: readonly ContainerLife[];
  isInitialized: boolean;
  ip: string | undefined;
  program: Program | undefined;
  probe: Probe;
  stopAtMs: number | undefined;
  isDraining: boolean;
}

type Program =
  | { readonly is: 'starting' }
  | { readonly is: 'running'; readonly pod: RunningPod }
  | { readonly is: 'failed'; readonly cause: string };

interface Probe {
  readonly ok: boolean;
  readonly nextAtMs: number;
  readonly isAsking: boolean;
}

const NO_PROBE: Probe = { ok: false, nextAtMs: 0, isAsking: false };

class PodLives implements Controller {
  readonly #context: ControllerContext;
  readonly #times: PodTimes;
  readonly #runtime: PodRuntime | undefined;
  readonly #queue: WorkQueue;
  readonly #lives = new Map<string, Life>();
  readonly #addresses: PodAddresses;
  #stopped = false;

  constructor(
    context: ControllerContext,
    options: { readonly times: PodTimes; readonly runtime: PodRuntime | undefined },
  ) {
    this.#context = context;
    this.#times = options.times;
    this.#runtime = options.runtime;
    this.#addresses = new PodAddresses(context.store.list('pods'));
    this.#queue = new WorkQueue({ clock: context.clock, sync: (key) => this.#sync(key), onError: context.onError });
    for (const key of context.pods.keys()) this.#queue.add(key);
    context.pods.onChange(({ object }) => this.#queue.add(keyOf(object)));
  }

  stop(): void {
    this.#stopped = true;
    this.#queue.stop();
    for (const life of this.#lives.values()) this.#stopProgram(life);
    this.#lives.clear();
  }

  #sync(key: string): number | undefined {
    const { namespace, name } = splitKey(key);
    const pod = this.#context.store.get('pods', namespace, name);
    const known = this.#lives.get(key);
    if (known !== undefined && known.uid !== pod?.metadata.uid) this.#forget(key, known);
    if (pod === undefined) return undefined;
    if (isTerminal(pod)) return this.#leaveEnded(key, pod);
    const behaviour = behaviourOf(pod, this.#times);
    const placed = textAt(pod, 'spec', 'nodeName') === undefined ? this.#place(pod, behaviour) : pod;
    if (placed === undefined) return undefined;
    const life = this.#lives.get(key) ?? this.#begin(key, placed, behaviour);
    if (placed.metadata.deletionTimestamp !== undefined) return this.#end(key, placed, { life, behaviour });
    return this.#live(key, placed, { life, behaviour });
  }

  #place(pod: KubeObject, behaviour: PodBehaviour): KubeObject | undefined {
    return pod.metadata.deletionTimestamp === undefined
      ? placePod(this.#context, pod, behaviour.unschedulable)
      : undefined;
  }

  /** A pod that has ended keeps its status; nothing of it runs any more. */
  #leaveEnded(key: string, pod: KubeObject): undefined {
    const life = this.#lives.get(key);
    if (life !== undefined) this.#forget(key, life);
    if (pod.metadata.deletionTimestamp !== undefined && (pod.metadata.deletionGracePeriodSeconds ?? 0) > 0)
      this.#remove(pod);
    return undefined;
  }

  #begin(key: string, pod: KubeObject, behaviour: PodBehaviour): Life {
    const nowMs = this.#context.clock.nowMs();
    const startsAtMs = nowMs + behaviour.startMs;
    const restarts = new Map(
      itemsAt(pod, 'status', 'containerStatuses').map((status) => [status.name, numberAt(status, 'restartCount') ?? 0]),
    );
    const life: Life = {
      uid: pod.metadata.uid ?? '',
      startedMs: nowMs,
      initContainers: itemsAt(pod, 'spec', 'initContainers').map((container) =>
        newContainer(textAt(container, 'name') ?? '', startsAtMs),
      ),
      containers: itemsAt(pod, 'spec', 'containers').map((container) => {
        const fresh = newContainer(textAt(container, 'name') ?? '', startsAtMs);
        return { ...fresh, restarts: restarts.get(container.name) ?? 0 };
      }),
      isInitialized: false,
      ip: undefined,
      program: undefined,
      probe: NO_PROBE,
      stopAtMs: undefined,
      isDraining: false,
    };
    this.#lives.set(key, life);
    return life;
  }

  #live(
    key: string,
    pod: KubeObject,
    about: { readonly life: Life; readonly behaviour: PodBehaviour },
  ): number | undefined {
    const { life, behaviour } = about;
    const nowMs = this.#context.clock.nowMs();
    this.#advanceContainers(key, pod, life);
    this.#probe(key, pod, about);
    this.#report(pod, life);
    const wakes = this.#wakes(pod, life);
    if (isRunning(life) && behaviour.hasReadinessProbe && !life.probe.isAsking) wakes.push(life.probe.nextAtMs);
    return soonest(wakes, nowMs);
  }

  #advanceContainers(key: string, pod: KubeObject, life: Life): void {
    const nowMs = this.#context.clock.nowMs();
    const advance = (list: string, containers: readonly ContainerLife[]): readonly ContainerLife[] =>
      containers.map((each) => {
        const next = advanced(each, {
          pod,
          container: containerOf(pod, list, each.name),
          isInit: list === 'initContainers',
          times: this.#times,
          nowMs,
        });
        this.#tell(pod, each, next);
        return next;
      });
    life.initContainers = advance('initContainers', life.initContainers);
    life.isInitialized = life.initContainers.every((each) =>
      isDonePreparing(each, containerOf(pod, 'initContainers', each.name)),
    );
    if (!life.isInitialized) return;
    const before = life.containers;
    life.containers = advance('containers', before);
    const restarted = life.containers.some((each, index) => each.state.is === 'running' && each !== before[index]);
    const over = life.containers.some(
      (each, index) => each !== before[index] && each.lastExit !== before[index]?.lastExit,
    );
    if (over) this.#stopProgram(life);
    if (restarted) this.#startProgram(key, pod, life);
  }

  /** Events that a kubelet records when a container moves on. */
  #tell(pod: KubeObject, before: ContainerLife, after: ContainerLife): void {
    if (after.state === before.state) return;
    const { name } = after;
    const image = textAt(containerOf(pod, 'containers', name), 'image') ?? '';
    const record = (type: 'Normal' | 'Warning', reason: string, message: string): void =>
      this.#context.events.record(pod, { type, reason, message, component: COMPONENT });
    if (after.state.is === 'running') {
      record('Normal', 'Pulled', `Successfully pulled image "${image}"`);
      record('Normal', 'Created', `Created container: ${name}`);
      record('Normal', 'Started', `Started container ${name}`);
    }
    if (after.state.is === 'imageMissing') record('Warning', 'Failed', `Failed to pull image "${image}": not found`);
    if (after.state.is === 'backingOff')
      record('Warning', 'BackOff', `Back-off restarting failed container ${name} in pod ${pod.metadata.name}`);
  }

  #startProgram(key: string, pod: KubeObject, life: Life): void {
    life.probe = NO_PROBE;
    if (this.#runtime === undefined) {
      life.ip ??= textAt(pod, 'status', 'podIP') ?? this.#addresses.take();
      return;
    }
    this.#stopProgram(life);
    const starting: Program = { is: 'starting' };
    life.program = starting;
    Promise.resolve()
      .then(() => this.#runtime?.start(pod))
      .then(
        (running) => {
          if (running === undefined) return;
          if (life.program !== starting || this.#stopped) {
            stopped(running, this.#context.onError);
            return;
          }
          life.program = { is: 'running', pod: running };
          life.ip = running.ip;
          this.#watchExit(key, life, running);
          this.#queue.add(key);
        },
        (cause: unknown) => {
          if (life.program !== starting) return;
          life.program = { is: 'failed', cause: cause instanceof Error ? cause.message : String(cause) };
          this.#exit(key, life, 128);
        },
      )
      .catch(this.#context.onError);
  }

  #watchExit(key: string, life: Life, running: RunningPod): void {
    running.exited?.then(
      (exitCode) => {
        if (life.program?.is === 'running' && life.program.pod === running) this.#exit(key, life, exitCode);
      },
      () => this.#exit(key, life, 1),
    );
  }

  #exit(key: string, life: Life, exitCode: number): void {
    const pod = this.#context.pods.get(key);
    if (pod === undefined || pod.metadata.uid !== life.uid || this.#stopped) return;
    const nowMs = this.#context.clock.nowMs();
    life.containers = life.containers.map((each) =>
      each.state.is === 'running' ? ended(each, { pod, isInit: false }, { exitCode, nowMs }) : each,
    );
    this.#stopProgram(life);
    this.#queue.add(key);
  }

  /** Asks the program, or the pod's annotations, whether it is ready; an answer that takes time comes back through the queue. */
  #probe(key: string, pod: KubeObject, about: { readonly life: Life; readonly behaviour: PodBehaviour }): void {
    const { life, behaviour } = about;
    const nowMs = this.#context.clock.nowMs();
    const sinceMs = runningSinceMs(life);
    if (sinceMs === undefined) {
      life.probe = NO_PROBE;
      return;
    }
    const program = life.program?.is === 'running' ? life.program.pod : undefined;
    if (behaviour.ready !== undefined || !behaviour.hasReadinessProbe) {
      life.probe = {
        ok: (behaviour.ready ?? true) && nowMs >= sinceMs + behaviour.readyAfterMs,
        nextAtMs: sinceMs + behaviour.readyAfterMs,
        isAsking: false,
      };
      if (nowMs >= life.probe.nextAtMs) life.probe = { ...life.probe, nextAtMs: Number.POSITIVE_INFINITY };
      return;
    }
    if (life.probe.isAsking) return;
    const dueMs = Math.max(life.probe.nextAtMs, sinceMs + behaviour.readyAfterMs);
    if (nowMs < dueMs) {
      life.probe = { ...life.probe, nextAtMs: dueMs };
      return;
    }
    const ask = program?.isReady;
    if (ask === undefined) {
      life.probe = { ok: true, nextAtMs: Number.POSITIVE_INFINITY, isAsking: false };
      return;
    }
    this.#ask(key, pod, { life, ask: ask.bind(program), againAtMs: nowMs + behaviour.probePeriodMs });
  }

  #ask(
    key: string,
    pod: KubeObject,
    question: { readonly life: Life; readonly ask: () => boolean | Promise<boolean>; readonly againAtMs: number },
  ): void {
    const { life, ask, againAtMs } = question;
    const program = life.program;
    life.probe = { ...life.probe, isAsking: true };
    const answered = (ok: boolean): void => {
      if (life.program !== program) return;
      if (!ok && life.probe.ok) {
        const message = 'Readiness probe failed';
        this.#context.events.record(pod, { type: 'Warning', reason: 'Unhealthy', message, component: COMPONENT });
      }
      life.probe = { ok, nextAtMs: againAtMs, isAsking: false };
      this.#queue.add(key);
    };
    Promise.resolve()
      .then(ask)
      .then(answered, () => answered(false))
      .catch(this.#context.onError);
  }

  #report(pod: KubeObject, life: Life): void {
    const port = life.program?.is === 'running' ? life.program.pod.port : undefined;
    const current = port === undefined ? pod : this.#withPort(pod, String(port));
    writeStatus(
      this.#context,
      'pods',
      current,
      reportedStatus(current, this.#reportOf(life), this.#context.clock.nowMs()),
    );
    this.#context.pods.refresh(pod.metadata.namespace, pod.metadata.name);
  }

  #withPort(pod: KubeObject, port: string): KubeObject {
    if (pod.metadata.annotations?.[PORT_ANNOTATION] === port) return pod;
    const annotations = { ...pod.metadata.annotations, [PORT_ANNOTATION]: port };
    return this.#context.store.update('pods', { ...pod, metadata: { ...pod.metadata, annotations } });
  }

  #reportOf(life: Life): PodReport {
    const { initContainers, containers, isInitialized, ip, startedMs } = life;
    return {
      initContainers,
      containers,
      isInitialized,
      ip,
      hostIp: HOST_IP,
      startedMs,
      probeOk: life.probe.ok && isRunning(life),
    };
  }

  #wakes(pod: KubeObject, life: Life): number[] {
    const nowMs = this.#context.clock.nowMs();
    const lists = [
      ['initContainers', life.initContainers] as const,
      ...(life.isInitialized ? [['containers', life.containers] as const] : []),
    ];
    return lists.flatMap(([list, containers]) =>
      containers.flatMap((each) => {
        const atMs = nextChangeMs(each, {
          pod,
          container: containerOf(pod, list, each.name),
          isInit: list === 'initContainers',
          times: this.#times,
          nowMs,
        });
        return atMs === undefined ? [] : [atMs];
      }),
    );
  }

  /** Told to drain at once, stopped after its time, then gone. */
  #end(
    key: string,
    pod: KubeObject,
    about: { readonly life: Life; readonly behaviour: PodBehaviour },
  ): number | undefined {
    const { life, behaviour } = about;
    const nowMs = this.#context.clock.nowMs();
    if (!life.isDraining) {
      life.isDraining = true;
      const message = 'Stopping containers';
      this.#context.events.record(pod, { type: 'Normal', reason: 'Killing', message, component: COMPONENT });
      if (life.program?.is === 'running') life.program.pod.drain?.();
    }
    const dueMs = nowMs + behaviour.stopMs;
    const latestMs = parseTimestampMs(pod.metadata.deletionTimestamp) ?? dueMs;
    life.stopAtMs = Math.min(life.stopAtMs ?? dueMs, Math.max(nowMs, latestMs), dueMs);
    if (life.stopAtMs > nowMs && isRunning(life)) return life.stopAtMs - nowMs;
    this.#forget(key, life);
    this.#remove(pod);
    return undefined;
  }

  #remove(pod: KubeObject): void {
    const { namespace, name, uid } = pod.metadata;
    this.#context.store.delete('pods', namespace, name, {
      gracePeriodSeconds: 0,
      ...(uid === undefined ? {} : { uid }),
    });
    this.#context.pods.refresh(namespace, name);
  }

  #forget(key: string, life: Life): void {
    this.#stopProgram(life);
    if (this.#runtime === undefined && life.ip !== undefined) this.#addresses.release(life.ip);
    this.#lives.delete(key);
  }

  #stopProgram(life: Life): void {
    const { program } = life;
    life.program = undefined;
    if (program?.is === 'running') stopped(program.pod, this.#context.onError);
  }
}

function stopped(pod: RunningPod, onError: (error: unknown) => void): void {
  Promise.resolve()
    .then(() => pod.stop())
    .catch(onError);
}

/** Its containers run, and where there is a runtime, its program too. */
function isRunning(life: Life): boolean {
  return runningSinceMs(life) !== undefined;
}

function runningSinceMs(life: Life): number | undefined {
  if (life.ip === undefined || life.program?.is === 'starting') return undefined;
  let latest: number | undefined;
  for (const { state } of life.containers) {
    if (state.is !== 'running') return undefined;
    latest = Math.max(latest ?? 0, state.sinceMs);
  }
  return latest;
}

function containerOf(pod: KubeObject, list: string, name: string): Fields {
  return itemsAt(pod, 'spec', list).find((container) => container.name === name) ?? {};
}

function soonest(atMs: readonly number[], nowMs: number): number | undefined {
  const finite = atMs.filter((each) => Number.isFinite(each));
  return finite.length === 0 ? undefined : Math.max(0, Math.min(...finite) - nowMs);
}
