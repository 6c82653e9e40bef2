import type { Manifest } from './manifest.ts';
import { groupOf } from './manifest.ts';

/** What others need comes first; what starts pods comes last, and Rollouts after what they refer to. Unknown kinds stand before workloads. */
const RANKS: readonly (readonly string[])[] = [
  ['CustomResourceDefinition', 'Namespace'],
  ['PriorityClass', 'StorageClass', 'IngressClass', 'GatewayClass', 'ResourceQuota', 'LimitRange', 'NetworkPolicy'],
  ['ServiceAccount', 'Role', 'ClusterRole'],
  ['RoleBinding', 'ClusterRoleBinding'],
  ['Secret', 'ConfigMap', 'PersistentVolume', 'PersistentVolumeClaim'],
  ['Service', 'AnalysisTemplate', 'ClusterAnalysisTemplate', 'PodDisruptionBudget'],
  ['Gateway', 'HTTPRoute', 'GRPCRoute', 'TCPRoute', 'TLSRoute', 'VirtualService', 'DestinationRule', 'Ingress'],
  [],
  [
    'Pod',
    'PodTemplate',
    'ReplicaSet',
    'ReplicationController',
    'Deployment',
    'StatefulSet',
    'DaemonSet',
    'Job',
    'CronJob',
  ],
  ['Rollout', 'Experiment', 'AnalysisRun'],
  ['HorizontalPodAutoscaler', 'VerticalPodAutoscaler', 'ScaledObject', 'GitSource'],
];
const UNKNOWN_RANK = 7;

/** The manifests in the order in which they are applied; the order of the repository within one rank. */
export function orderForApply<T extends Manifest>(manifests: readonly T[]): readonly T[] {
  return [...manifests].sort((left, right) => rankOf(left) - rankOf(right));
}

function rankOf(manifest: Manifest): number {
  const { kind, apiVersion } = manifest.object;
  // A Knative Service is no Service of the core.
  if (kind === 'Service' && groupOf(apiVersion) !== '') return UNKNOWN_RANK;
  const rank = RANKS.findIndex((kinds) => kinds.includes(kind));
  return rank < 0 ? UNKNOWN_RANK : rank;
}
