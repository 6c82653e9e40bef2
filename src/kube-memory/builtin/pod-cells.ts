import type { KubeObject } from '../../api/kube-object.ts';
import { parseTimestampMs } from '../../lib/timestamp.ts';

import { humanDuration } from '../../lib/human-duration.ts';
import { fieldsAt, itemsAt, numberAt, textAt, type Fields } from './fields.ts';

/** The STATUS cell of a pod as `kubectl get pods` shows it: the most telling reason of its containers, else its phase. */
export function podStatusText(pod: KubeObject): string {
  const status = fieldsAt(pod, 'status');
  const phase = textAt(status, 'reason') ?? textAt(status, 'phase') ?? 'Unknown';
  const gated = itemsAt(status, 'conditions').some(
    (condition) => condition.type === 'PodScheduled' && condition.reason === 'SchedulingGated',
  );
  const init = initReason(pod);
  const reason = init ?? containersReason(pod, gated ? 'SchedulingGated' : phase);
  if (pod.metadata.deletionTimestamp === undefined) return reason;
  if (textAt(status, 'reason') === 'NodeLost') return 'Unknown';
  return isTerminalPhase(textAt(status, 'phase')) ? reason : 'Terminating';
}

function isTerminalPhase(phase: string | undefined): boolean {
  return phase === 'Succeeded' || phase === 'Failed';
}

function initReason(pod: KubeObject): string | undefined {
  const total = itemsAt(pod, 'spec', 'initContainers').length;
  for (const [index, status] of itemsAt(pod, 'status', 'initContainerStatuses').entries()) {
    const state = fieldsAt(status, 'state');
    if (numberAt(state, 'terminated', 'exitCode') === 0 || (status.started === true && isSidecar(pod, status.name)))
      continue;
    if (state.terminated !== undefined) return `Init:${terminatedReason(fieldsAt(state, 'terminated'))}`;
    const waiting = textAt(state, 'waiting', 'reason');
    return waiting !== undefined && waiting !== 'PodInitializing' ? `Init:${waiting}` : `Init:${index}/${total}`;
  }
  return undefined;
}

function isSidecar(pod: KubeObject, name: unknown): boolean {
  return itemsAt(pod, 'spec', 'initContainers').some(
    (container) => container.name === name && container.restartPolicy === 'Always',
  );
}

function containersReason(pod: KubeObject, phase: string): string {
  let reason = phase;
  let running = false;
  for (const status of itemsAt(pod, 'status', 'containerStatuses').toReversed()) {
    const state = fieldsAt(status, 'state');
    const waiting = textAt(state, 'waiting', 'reason');
    if (waiting !== undefined && waiting !== '') reason = waiting;
    else if (state.terminated !== undefined) reason = terminatedReason(fieldsAt(state, 'terminated'));
    else if (status.ready === true && state.running !== undefined) running = true;
  }
  if (reason !== 'Completed' || !running) return reason;
  return isReady(pod) ? 'Running' : 'NotReady';
}

function terminatedReason(terminated: Fields): string {
  const reason = textAt(terminated, 'reason');
  if (reason !== undefined && reason !== '') return reason;
  const signal = numberAt(terminated, 'signal') ?? 0;
  return signal === 0 ? `ExitCode:${numberAt(terminated, 'exitCode') ?? 0}` : `Signal:${signal}`;
}

function isReady(pod: KubeObject): boolean {
  return itemsAt(pod, 'status', 'conditions').some(
    (condition) => condition.type === 'Ready' && condition.status === 'True',
  );
}

export function podReadyText(pod: KubeObject): string {
  const ready = itemsAt(pod, 'status', 'containerStatuses').filter(
    (status) => status.ready === true && fieldsAt(status, 'state').running !== undefined,
  );
  return `${ready.length}/${itemsAt(pod, 'spec', 'containers').length}`;
}

/** Restarts of all containers, with the time since the last one: `3 (2m5s ago)`. */
export function podRestartsText(pod: KubeObject, nowMs: number): string {
  let restarts = 0;
  let lastMs: number | undefined;
  for (const status of itemsAt(pod, 'status', 'containerStatuses')) {
    restarts += numberAt(status, 'restartCount') ?? 0;
    const finishedMs = parseTimestampMs(textAt(status, 'lastState', 'terminated', 'finishedAt'));
    if (finishedMs !== undefined && (lastMs === undefined || finishedMs > lastMs)) lastMs = finishedMs;
  }
  return restarts === 0 || lastMs === undefined
    ? String(restarts)
    : `${restarts} (${humanDuration(nowMs - lastMs)} ago)`;
}

export function readinessGatesText(pod: KubeObject): string {
  const gates = itemsAt(pod, 'spec', 'readinessGates').map((gate) => textAt(gate, 'conditionType'));
  if (gates.length === 0) return '<none>';
  const conditions = itemsAt(pod, 'status', 'conditions');
  const met = gates.filter((type) =>
    conditions.some((condition) => condition.type === type && condition.status === 'True'),
  );
  return `${met.length}/${gates.length}`;
}

/** Names and images of a template's containers, for wide tables. */
export function containerNames(template: unknown): string {
  return itemsAt(template, 'spec', 'containers')
    .map((container) => textAt(container, 'name') ?? '')
    .join(',');
}

export function containerImages(template: unknown): string {
  return itemsAt(template, 'spec', 'containers')
    .map((container) => textAt(container, 'image') ?? '')
    .join(',');
}
