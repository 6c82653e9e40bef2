import type { KubeObject } from '../../api/kube-object.ts';
import { formatTimestamp } from '../../lib/timestamp.ts';
import { fieldsAt, itemsAt, textAt, type Fields } from '../builtin/fields.ts';
import { withCondition, type ConditionWords } from './conditions.ts';
import { PULL_ERROR_SHOWN_MS, type ContainerExit, type ContainerLife } from './container-life.ts';

/** What a kubelet would report of a pod on a node. */
export interface PodReport {
  readonly initContainers: readonly ContainerLife[];
  readonly containers: readonly ContainerLife[];
  readonly ip: string | undefined;
  readonly hostIp: string;
  readonly startedMs: number;
  readonly isInitialized: boolean;
  /** The answer of the readiness probe. */
  readonly probeOk: boolean;
}

export function reportedStatus(pod: KubeObject, report: PodReport, nowMs: number): Fields {
  const phase = phaseOf(report);
  const ready = isReady(report);
  const { isInitialized } = report;
  const ended = phase === 'Succeeded' ? 'PodCompleted' : phase === 'Failed' ? 'PodFailed' : undefined;
  const unready = report.containers
    .filter((life) => life.state.is !== 'running' || !report.probeOk)
    .map((life) => life.name);
  const notReady = {
    reason: ended ?? 'ContainersNotReady',
    message: `containers with unready status: [${unready.join(' ')}]`,
  };
  const words: readonly ConditionWords[] = [
    { type: 'PodReadyToStartContainers', status: report.ip === undefined || ended !== undefined ? 'False' : 'True' },
    {
      type: 'Initialized',
      status: isInitialized ? 'True' : 'False',
      ...(ended === 'PodCompleted' ? { reason: ended } : {}),
    },
    { type: 'Ready', ...(ready && gatesMet(pod) ? { status: 'True' } : { status: 'False', ...notReady }) },
    { type: 'ContainersReady', ...(ready ? { status: 'True' } : { status: 'False', ...notReady }) },
    { type: 'PodScheduled', status: 'True' },
  ];
  const before = itemsAt(pod, 'status', 'conditions');
  const conditions = words.reduce((list, each) => withCondition(list, each, nowMs, { lastProbeTime: null }), before);
  const { phase: _phase, conditions: _conditions, ...kept } = fieldsAt(pod, 'status');
  return {
    ...kept,
    phase,
    conditions,
    hostIP: report.hostIp,
    hostIPs: [{ ip: report.hostIp }],
    startTime: textAt(pod, 'status', 'startTime') ?? formatTimestamp(report.startedMs),
    ...(report.ip === undefined ? {} : { podIP: report.ip, podIPs: [{ ip: report.ip }] }),
    ...(report.initContainers.length === 0
      ? {}
      : {
          initContainerStatuses: report.initContainers.map((life) =>
            containerStatus(pod, life, { list: 'initContainers', ready: true, isInitialized, nowMs }),
          ),
        }),
    containerStatuses: report.containers.map((life) =>
      containerStatus(pod, life, { list: 'containers', ready: report.probeOk, isInitialized, nowMs }),
    ),
  };
}

export function isReady(report: PodReport): boolean {
  return (
    report.probeOk && report.containers.length > 0 && report.containers.every((life) => life.state.is === 'running')
  );
}

export function phaseOf(report: PodReport): 'Pending' | 'Running' | 'Succeeded' | 'Failed' {
  const failedInit = report.initContainers.some((life) => life.state.is === 'exited' && life.state.exit.exitCode !== 0);
  if (failedInit) return 'Failed';
  const exits = report.containers.flatMap((life) => (life.state.is === 'exited' ? [life.state.exit.exitCode] : []));
  if (report.containers.length > 0 && exits.length === report.containers.length)
    return exits.every((code) => code === 0) ? 'Succeeded' : 'Failed';
  const begun = report.containers.every((life) => life.state.is !== 'creating' && life.state.is !== 'imageMissing');
  return begun ? 'Running' : 'Pending';
}

function gatesMet(pod: KubeObject): boolean {
  const conditions = itemsAt(pod, 'status', 'conditions');
  return itemsAt(pod, 'spec', 'readinessGates').every((gate) =>
    conditions.some((condition) => condition.type === gate.conditionType && condition.status === 'True'),
  );
}

function containerStatus(
  pod: KubeObject,
  life: ContainerLife,
  about: { readonly list: string; readonly ready: boolean; readonly isInitialized: boolean; readonly nowMs: number },
): Fields {
  const image =
    textAt(
      itemsAt(pod, 'spec', about.list).find((container) => container.name === life.name),
      'image',
    ) ?? '';
  const begun = life.state.is !== 'creating' && life.state.is !== 'imageMissing';
  const isRunning = life.state.is === 'running';
  const exitedWell = life.state.is === 'exited' && life.state.exit.exitCode === 0;
  return {
    name: life.name,
    state: stateOf(life, { image, isInitialized: about.isInitialized, nowMs: about.nowMs }),
    lastState:
      life.lastExit === undefined || life.state.is === 'exited' ? {} : { terminated: terminated(life.lastExit) },
    ready: about.list === 'initContainers' ? exitedWell : isRunning && about.ready,
    restartCount: life.restarts,
    image,
    imageID: begun ? `sim://${image}` : '',
    ...(begun ? { containerID: `sim://${pod.metadata.uid ?? ''}/${life.name}/${life.restarts}` } : {}),
    started: isRunning,
  };
}

function stateOf(
  life: ContainerLife,
  about: { readonly image: string; readonly isInitialized: boolean; readonly nowMs: number },
): Fields {
  const { state } = life;
  const { image, isInitialized, nowMs } = about;
  switch (state.is) {
    case 'creating':
      return { waiting: { reason: isInitialized ? 'ContainerCreating' : 'PodInitializing' } };
    case 'imageMissing':
      return nowMs < state.sinceMs + PULL_ERROR_SHOWN_MS
        ? { waiting: { reason: 'ErrImagePull', message: `failed to pull and unpack image "${image}": not found` } }
        : { waiting: { reason: 'ImagePullBackOff', message: `Back-off pulling image "${image}"` } };
    case 'running':
      return { running: { startedAt: formatTimestamp(state.sinceMs) } };
    case 'backingOff':
      return { waiting: { reason: 'CrashLoopBackOff', message: `back-off restarting failed container=${life.name}` } };
    case 'exited':
      return { terminated: terminated(state.exit) };
  }
}

function terminated(exit: ContainerExit): Fields {
  return {
    exitCode: exit.exitCode,
    reason: exit.exitCode === 0 ? 'Completed' : 'Error',
    startedAt: formatTimestamp(exit.startedMs),
    finishedAt: formatTimestamp(exit.finishedMs),
  };
}
