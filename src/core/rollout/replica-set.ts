import type { ReplicaSet } from '../../api/workloads.ts';
import { POD_TEMPLATE_HASH_LABEL } from '../../api/labels.ts';
import type { Side } from './replicas.ts';

/** Size that is asked for; Kubernetes reads an absent one as 1. */
export function sizeOf(replicaSet: ReplicaSet | undefined): number {
  return replicaSet === undefined ? 0 : (replicaSet.spec.replicas ?? 1);
}

export function availableOf(replicaSet: ReplicaSet | undefined): number {
  return replicaSet?.status?.availableReplicas ?? 0;
}

/** Available and meant to stay: a ReplicaSet may still count pods that it was just told to take away. */
export function servingOf(replicaSet: ReplicaSet): number {
  return Math.min(sizeOf(replicaSet), availableOf(replicaSet));
}

export function readyOf(replicaSet: ReplicaSet | undefined): number {
  return replicaSet?.status?.readyReplicas ?? 0;
}

/** Pods that exist, ready or not. */
export function podsOf(replicaSet: ReplicaSet | undefined): number {
  return replicaSet?.status?.replicas ?? 0;
}

/** Its status is about its present size: before that, pods that are on their way out may be counted as those that are wanted. */
export function isCounted({ status, metadata }: ReplicaSet): boolean {
  return (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
}

/** Nothing is taken away on the strength of pods that were not counted yet. */
export function sideOf(replicaSet: ReplicaSet): Side {
  return { spec: sizeOf(replicaSet), available: isCounted(replicaSet) ? servingOf(replicaSet) : 0 };
}

/** The hash that the ReplicaSet carries; it is trusted whatever function once made it. Empty when it carries none. */
export function hashOf(replicaSet: ReplicaSet | undefined): string {
  return replicaSet?.metadata.labels?.[POD_TEMPLATE_HASH_LABEL] ?? '';
}

export function annotationOf(replicaSet: ReplicaSet | undefined, name: string): string | undefined {
  return replicaSet?.metadata.annotations?.[name];
}

export function isDeleting(replicaSet: ReplicaSet): boolean {
  return replicaSet.metadata.deletionTimestamp !== undefined;
}

export function sum(replicaSets: readonly ReplicaSet[], of: (replicaSet: ReplicaSet) => number): number {
  return replicaSets.reduce((total, replicaSet) => total + of(replicaSet), 0);
}
