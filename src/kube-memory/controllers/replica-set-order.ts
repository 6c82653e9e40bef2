import type { KubeObject } from '../../api/kube-object.ts';
import { parseTimestampMs } from '../../lib/timestamp.ts';
import { textAt } from '../builtin/fields.ts';
import { isReady, readySinceMs, restartsOf } from './pod-facts.ts';

/**
 * Pods in the order in which a ReplicaSet gives them up: not on a node first, then pending, then not ready, then cheap by the
 * deletion-cost annotation, then ready for a shorter time, restarted more often, and younger. Order as documented for ReplicaSets.
 */
export function inOrderOfDeletion(pods: readonly KubeObject[]): readonly KubeObject[] {
  return pods.toSorted((left, right) => {
    const leftRank = rankOf(left);
    const rightRank = rankOf(right);
    for (const [index, value] of leftRank.entries()) {
      const difference = value - (rightRank[index] ?? 0);
      if (difference !== 0) return difference;
    }
    return left.metadata.name < right.metadata.name ? -1 : 1;
  });
}

function rankOf(pod: KubeObject): readonly number[] {
  return [
    textAt(pod, 'spec', 'nodeName') === undefined ? 0 : 1,
    ['Pending', 'Unknown', 'Running'].indexOf(textAt(pod, 'status', 'phase') ?? 'Pending'),
    isReady(pod) ? 1 : 0,
    Number(pod.metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? 0) || 0,
    -(readySinceMs(pod) ?? 0),
    -restartsOf(pod),
    -(parseTimestampMs(pod.metadata.creationTimestamp) ?? 0),
  ];
}
