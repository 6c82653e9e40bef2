import { POD_TEMPLATE_HASH_LABEL } from '../../api/labels.ts';
import type { ReplicaSet, Service } from '../../api/workloads.ts';
import { availableOf } from './replica-set.ts';
import type { World } from './world.ts';

/** The Service of this name; undefined when the Rollout names none or it does not exist. */
export function serviceNamed(world: World, name: string | undefined): Service | undefined {
  return name === undefined ? undefined : (world.observation.services[name] ?? undefined);
}

/** Hash that the Service selects; undefined when it selects pods of every version. */
export function aimOf(service: Service | undefined): string | undefined {
  return service?.spec.selector?.[POD_TEMPLATE_HASH_LABEL];
}

/** Ready endpoints of the Service that are pods of this ReplicaSet. */
export function readyEndpoints(world: World, serviceName: string, replicaSet: ReplicaSet): number {
  const prefix = `${replicaSet.metadata.name}-`;
  const names = new Set<string>();
  for (const slice of world.observation.endpointSlices[serviceName] ?? []) {
    for (const endpoint of slice.endpoints ?? []) {
      if (endpoint.conditions?.ready === false) continue;
      const name = endpoint.targetRef?.name ?? '';
      if (name.startsWith(prefix) && !name.slice(prefix.length).includes('-')) names.add(name);
    }
  }
  return names.size;
}

/**
 * True when the Service selects this ReplicaSet alone and the data plane has been told of its pods: the endpoints are
 * what proxies see, and they follow a selector with a delay. A Rollout without such a Service has nothing to wait for.
 */
export function reaches(world: World, serviceName: string | undefined, replicaSet: ReplicaSet | undefined): boolean {
  if (serviceName === undefined) return true;
  if (replicaSet === undefined) return false;
  const service = serviceNamed(world, serviceName);
  if (service === undefined) return false;
  if (aimOf(service) !== replicaSet.metadata.labels?.[POD_TEMPLATE_HASH_LABEL]) return false;
  return readyEndpoints(world, serviceName, replicaSet) >= Math.min(availableOf(replicaSet), world.settings.replicas);
}
