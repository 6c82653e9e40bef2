import type { ResourceDefinition } from '../resource.ts';
import { autoscalerResource } from './autoscalers.ts';
import {
  configMapResource,
  endpointsResource,
  namespaceResource,
  persistentVolumeClaimResource,
  podTemplateResource,
  secretResource,
  serviceAccountResource,
} from './core-kinds.ts';
import { deploymentResource } from './deployments.ts';
import { disruptionBudgetResource } from './disruption-budgets.ts';
import { endpointSliceResource } from './endpoint-slices.ts';
import { eventResource } from './events.ts';
import { ingressClassResource, ingressResource, networkPolicyResource } from './ingresses.ts';
import { jobResource } from './jobs.ts';
import { leaseResource } from './leases.ts';
import { nodeResource } from './nodes.ts';
import { podResource } from './pods.ts';
import { replicaSetResource } from './replica-sets.ts';
import { clusterRoleBindingResource, clusterRoleResource, roleBindingResource, roleResource } from './roles.ts';
import { serviceResource } from './services.ts';

/** Every built-in kind that the embedded server serves, in the order in which discovery lists them. */
export const builtinResources: readonly ResourceDefinition[] = [
  configMapResource,
  endpointsResource,
  eventResource,
  namespaceResource,
  nodeResource,
  persistentVolumeClaimResource,
  podResource,
  podTemplateResource,
  secretResource,
  serviceAccountResource,
  serviceResource,
  deploymentResource,
  replicaSetResource,
  jobResource,
  ingressClassResource,
  ingressResource,
  networkPolicyResource,
  endpointSliceResource,
  leaseResource,
  autoscalerResource,
  disruptionBudgetResource,
  clusterRoleBindingResource,
  clusterRoleResource,
  roleBindingResource,
  roleResource,
];
