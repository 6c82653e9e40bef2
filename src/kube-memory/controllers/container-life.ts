import type { KubeObject } from '../../api/kube-object.ts';
import { textAt, type Fields } from '../builtin/fields.ts';
import { containerEnd, endOfCommand, isBadImage, type ContainerEnd, type PodTimes } from './pod-behaviour.ts';

/**
 * The life of one container, moved on by time:
 *
 *     creating -> running -> exited -> (backing off -> running ...)
 *        |  ^
 *        v  | image changed, or tried again
 *     image missing
 */
export interface ContainerLife {
  readonly name: string;
  readonly state: ContainerState;
  readonly restarts: number;
  readonly lastExit: ContainerExit | undefined;
}

export type ContainerState =
  | { readonly is: 'creating'; readonly untilMs: number }
  | {
      readonly is: 'imageMissing';
      readonly attempt: number;
      readonly sinceMs: number;
      readonly retryAtMs: number;
      readonly image: string;
    }
  | { readonly is: 'running'; readonly sinceMs: number }
  | { readonly is: 'backingOff'; readonly untilMs: number }
  | { readonly is: 'exited'; readonly exit: ContainerExit };

export interface ContainerExit {
  readonly exitCode: number;
  readonly startedMs: number;
  readonly finishedMs: number;
}

/** Where a container lives: its pod, its own spec, and whether it only prepares the pod for the others. */
export interface ContainerContext {
  readonly pod: KubeObject;
  readonly container: Fields;
  readonly isInit: boolean;
  readonly times: PodTimes;
  readonly nowMs: number;
}

/** How long a failed pull is shown as such before it counts as backing off. */
export const PULL_ERROR_SHOWN_MS = 1_000;
const BACKOFF_FIRST_MS = 10_000;
const BACKOFF_MAX_MS = 300_000;

export function newContainer(name: string, startsAtMs: number): ContainerLife {
  return { name, state: { is: 'creating', untilMs: startsAtMs }, restarts: 0, lastExit: undefined };
}

/** The container after everything that is due at `nowMs`. */
export function advanced(life: ContainerLife, about: ContainerContext): ContainerLife {
  let current = life;
  for (let step = 0; step < STEPS_MAX; step++) {
    const next = stepped(current, about);
    if (next === current) return current;
    current = next;
  }
  return current;
}

/** A container that ends at once again and again stands still for this look after so many steps. */
const STEPS_MAX = 8;

function stepped(life: ContainerLife, about: ContainerContext): ContainerLife {
  const { pod, container, nowMs } = about;
  const { state } = life;
  switch (state.is) {
    case 'creating':
      if (nowMs < state.untilMs) return life;
      return isBadImage(pod, container) ? pullFailed(life, container, { attempt: 1, nowMs }) : running(life, nowMs);
    case 'imageMissing': {
      const changed = textAt(container, 'image') !== state.image;
      if (!changed && nowMs < state.retryAtMs) return life;
      if (!isBadImage(pod, container)) return running(life, nowMs);
      return pullFailed(life, container, { attempt: changed ? 1 : state.attempt + 1, nowMs });
    }
    case 'running': {
      const end = endOf(about);
      if (end === undefined || nowMs < state.sinceMs + end.afterMs) return life;
      return ended(life, about, { exitCode: end.exitCode, nowMs: state.sinceMs + end.afterMs });
    }
    case 'backingOff':
      return nowMs < state.untilMs ? life : running(life, nowMs);
    case 'exited':
      return life;
  }
}

/** When the container's state changes by time alone; undefined when it does not. */
export function nextChangeMs(life: ContainerLife, about: ContainerContext): number | undefined {
  const { state } = life;
  switch (state.is) {
    case 'creating':
    case 'backingOff':
      return state.untilMs;
    case 'imageMissing':
      return about.nowMs < state.sinceMs + PULL_ERROR_SHOWN_MS ? state.sinceMs + PULL_ERROR_SHOWN_MS : state.retryAtMs;
    case 'running': {
      const end = endOf(about);
      return end === undefined ? undefined : state.sinceMs + end.afterMs;
    }
    case 'exited':
      return undefined;
  }
}

/** A container that prepares the pod ends by itself at once when nothing else is said; a sidecar among them runs on. */
function endOf(about: ContainerContext): ContainerEnd | undefined {
  const { pod, container, isInit, times } = about;
  if (!isInit) return containerEnd(pod, container, times);
  return isSidecar(container) ? undefined : (endOfCommand(container) ?? { afterMs: 0, exitCode: 0 });
}

/** The container after its program ended: over for good, or to be run again after a pause that doubles each time. */
export function ended(
  life: ContainerLife,
  about: Pick<ContainerContext, 'pod' | 'isInit'>,
  how: { readonly exitCode: number; readonly nowMs: number },
): ContainerLife {
  const startedMs = life.state.is === 'running' ? life.state.sinceMs : how.nowMs;
  const exit = { exitCode: how.exitCode, startedMs, finishedMs: how.nowMs };
  if (about.pod.metadata.deletionTimestamp !== undefined || !runsAgain(about, how.exitCode)) {
    return { ...life, state: { is: 'exited', exit }, lastExit: exit };
  }
  const pauseMs = life.restarts === 0 ? 0 : Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** (life.restarts - 1));
  return { ...life, state: { is: 'backingOff', untilMs: how.nowMs + pauseMs }, lastExit: exit };
}

function runsAgain(about: Pick<ContainerContext, 'pod' | 'isInit'>, exitCode: number): boolean {
  const policy = textAt(about.pod, 'spec', 'restartPolicy') ?? 'Always';
  if (policy === 'Never') return false;
  return exitCode !== 0 || (policy === 'Always' && !about.isInit);
}

/** Whether the container lets the next ones start: it has prepared what it should, or it is a sidecar that runs. */
export function isDonePreparing(life: ContainerLife, container: Fields): boolean {
  if (isSidecar(container)) return life.state.is === 'running';
  return life.state.is === 'exited' && life.state.exit.exitCode === 0;
}

function isSidecar(container: Fields): boolean {
  return container.restartPolicy === 'Always';
}

function running(life: ContainerLife, nowMs: number): ContainerLife {
  const restarts = life.state.is === 'backingOff' ? life.restarts + 1 : life.restarts;
  return { ...life, restarts, state: { is: 'running', sinceMs: nowMs } };
}

function pullFailed(
  life: ContainerLife,
  container: Fields,
  at: { readonly attempt: number; readonly nowMs: number },
): ContainerLife {
  const retryAtMs = at.nowMs + Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** (at.attempt - 1));
  const image = textAt(container, 'image') ?? '';
  return { ...life, state: { is: 'imageMissing', attempt: at.attempt, sinceMs: at.nowMs, retryAtMs, image } };
}
