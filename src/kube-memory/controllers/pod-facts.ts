import type { KubeObject } from '../../api/kube-object.ts';
import { parseTimestampMs } from '../../lib/timestamp.ts';
import { itemsAt, numberAt, textAt } from '../builtin/fields.ts';
import { conditionOf } from './conditions.ts';

export function isReady(pod: KubeObject): boolean {
  return conditionOf(pod, 'Ready')?.status === 'True';
}

/** When the pod became ready, in milliseconds; undefined while it is not. */
export function readySinceMs(pod: KubeObject): number | undefined {
  const condition = conditionOf(pod, 'Ready');
  return condition?.status === 'True' ? parseTimestampMs(textAt(condition, 'lastTransitionTime')) : undefined;
}

export function isTerminal(pod: KubeObject): boolean {
  const phase = textAt(pod, 'status', 'phase');
  return phase === 'Succeeded' || phase === 'Failed';
}

/** Neither ended nor on its way out. */
export function isActive(pod: KubeObject): boolean {
  return !isTerminal(pod) && pod.metadata.deletionTimestamp === undefined;
}

/** Milliseconds until the pod counts as available: 0 when it does, undefined while it is not ready. */
export function availableInMs(pod: KubeObject, minReadySeconds: number, nowMs: number): number | undefined {
  const sinceMs = readySinceMs(pod);
  if (sinceMs === undefined) return undefined;
  return Math.max(0, sinceMs + minReadySeconds * 1_000 - nowMs);
}

export function restartsOf(pod: KubeObject): number {
  return itemsAt(pod, 'status', 'containerStatuses').reduce(
    (sum, status) => sum + (numberAt(status, 'restartCount') ?? 0),
    0,
  );
}
