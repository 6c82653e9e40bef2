import type { KubeObject } from '../../api/kube-object.ts';
import { fieldsAt, itemsAt, listAt, numberAt, textAt, type Fields } from '../builtin/fields.ts';

const PREFIX = 'sim.headgate.dev/';

/** Times that hold for pods which say nothing themselves, in milliseconds. */
export interface PodTimes {
  /** From a pod's placement on a node to its containers' start. */
  readonly startMs: number;
  /** From a deletion to the end of its containers, at most the grace period. */
  readonly stopMs: number;
  /** Run time of containers which are to end by themselves and do not say when. */
  readonly runMs: number;
}

/** Everything that a pod's annotations, images and commands say about how its life goes; read anew at each look. */
export interface PodBehaviour {
  readonly startMs: number;
  readonly stopMs: number;
  /** Fixed answer of the readiness probe; undefined lets time or the runtime decide. */
  readonly ready: boolean | undefined;
  /** From start to the first probe that succeeds. */
  readonly readyAfterMs: number;
  readonly probePeriodMs: number;
  readonly hasReadinessProbe: boolean;
  readonly unschedulable: boolean;
}

export function behaviourOf(pod: KubeObject, times: PodTimes): PodBehaviour {
  const probe = firstProbe(pod);
  const graceMs =
    (pod.metadata.deletionGracePeriodSeconds ?? numberAt(pod, 'spec', 'terminationGracePeriodSeconds') ?? 30) * 1_000;
  const ready = annotation(pod, 'ready');
  return {
    startMs: milliseconds(pod, 'start-ms') ?? times.startMs,
    stopMs: Math.min(graceMs, preStopMs(pod) + (milliseconds(pod, 'stop-ms') ?? times.stopMs)),
    ready: ready === 'true' ? true : ready === 'false' ? false : undefined,
    readyAfterMs: milliseconds(pod, 'ready-ms') ?? (numberAt(probe, 'initialDelaySeconds') ?? 0) * 1_000,
    probePeriodMs: Math.max(
      PROBE_PERIOD_MIN_MS,
      milliseconds(pod, 'probe-ms') ?? (numberAt(probe, 'periodSeconds') ?? 10) * 1_000,
    ),
    hasReadinessProbe: probe !== undefined || ready !== undefined || annotation(pod, 'ready-ms') !== undefined,
    unschedulable: annotation(pod, 'unschedulable') === 'true',
  };
}

const PROBE_PERIOD_MIN_MS = 10;

/** How a container ends by itself. */
export interface ContainerEnd {
  readonly afterMs: number;
  readonly exitCode: number;
}

/**
 * The end of a container: by annotations (`crash-after-ms`, `run-ms`, `exit-code`), else by a command of `sleep`, `exit`, `true`
 * and `false`, else - where the pod is meant to end - with 0 after the usual run time. Undefined for one that runs on.
 */
export function containerEnd(pod: KubeObject, container: Fields, times: PodTimes): ContainerEnd | undefined {
  const crashAfterMs = milliseconds(pod, 'crash-after-ms');
  const givenCode = annotation(pod, 'exit-code');
  const exitCode = givenCode === undefined ? undefined : Number(givenCode);
  if (crashAfterMs !== undefined) return { afterMs: crashAfterMs, exitCode: exitCode ?? 1 };
  const runMs = milliseconds(pod, 'run-ms');
  const commanded = endOfCommand(container);
  if (commanded !== undefined) return { afterMs: runMs ?? commanded.afterMs, exitCode: exitCode ?? commanded.exitCode };
  if (runMs === undefined && exitCode === undefined && (textAt(pod, 'spec', 'restartPolicy') ?? 'Always') === 'Always')
    return undefined;
  return { afterMs: runMs ?? times.runMs, exitCode: exitCode ?? 0 };
}

/** Whether the image can never be pulled. */
export function isBadImage(pod: KubeObject, container: Fields): boolean {
  return (textAt(container, 'image') ?? '').includes('does-not-exist') || annotation(pod, 'bad-image') === 'true';
}

/** Reads `sleep 3`, `exit 1`, `true`, `false` and `echo`, alone or joined by `;` and `&&`; undefined when anything else is in it. */
export function endOfCommand(container: Fields): ContainerEnd | undefined {
  const words = [...listAt(container, 'command'), ...listAt(container, 'args')].map(String);
  if (words.length === 0) return undefined;
  const shell = /(^|\/)(ba|a|da)?sh$/.test(words[0] ?? '') && words[1] === '-c';
  const statements = shell ? (words[2] ?? '').split(/;|&&|\n/) : [words.join(' ')];
  let afterMs = 0;
  let exitCode = 0;
  for (const statement of statements.map((each) => each.trim()).filter((each) => each !== '')) {
    const [, verb, argument] =
      /^(?:\/bin\/|\/usr\/bin\/)?(sleep|exit|true|false|echo)(?:\s+(.*))?$/.exec(statement) ?? [];
    if (verb === undefined) return undefined;
    if (verb === 'exit') return { afterMs, exitCode: Number(argument ?? exitCode) || 0 };
    exitCode = verb === 'false' ? 1 : 0;
    if (verb !== 'sleep') continue;
    if (argument === 'infinity') return undefined;
    afterMs += sleepMs(argument ?? '0');
  }
  return { afterMs, exitCode };
}

function sleepMs(argument: string): number {
  const [, amount, unit] = /^([\d.]+)([smh]?)$/.exec(argument) ?? [];
  const scale = unit === 'h' ? 3_600_000 : unit === 'm' ? 60_000 : 1_000;
  return Number(amount ?? 0) * scale;
}

function preStopMs(pod: KubeObject): number {
  const seconds = itemsAt(pod, 'spec', 'containers').map(
    (container) => numberAt(container, 'lifecycle', 'preStop', 'sleep', 'seconds') ?? 0,
  );
  return Math.max(0, ...seconds) * 1_000;
}

function firstProbe(pod: KubeObject): Fields | undefined {
  const probed = itemsAt(pod, 'spec', 'containers').find((container) => container.readinessProbe !== undefined);
  return probed === undefined ? undefined : fieldsAt(probed, 'readinessProbe');
}

function annotation(pod: KubeObject, name: string): string | undefined {
  return pod.metadata.annotations?.[`${PREFIX}${name}`];
}

function milliseconds(pod: KubeObject, name: string): number | undefined {
  const text = annotation(pod, name);
  const value = Number(text);
  return text === undefined || text === '' || Number.isNaN(value) ? undefined : Math.max(0, value);
}

/** Written by the life cycle: the port at which a runtime really listens. */
export const PORT_ANNOTATION = `${PREFIX}port`;
