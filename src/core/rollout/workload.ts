import { KINDS } from '../../api/kinds.ts';
import type { KubeWrite } from '../../api/kube-write.ts';
import { countsOf } from './counts.ts';
import type { Position } from './position.ts';
import { currentRevision } from './promotion.ts';
import type { World } from './world.ts';

/** Generation of the workload that this pass is about, as text; undefined without one. */
export function workloadGeneration(world: World): string | undefined {
  const { workload } = world.observation;
  if (world.rollout.spec.workloadRef === undefined || world.problems.length > 0) return undefined;
  if (workload === undefined || workload === null) return undefined;
  return String(workload.metadata.generation ?? 0);
}

/**
 * The size that the Deployment should have now that the Rollout runs its pods, if it should have another one. It is
 * given pods back only while the first version comes, and only what that one loses.
 */
export function planWorkloadScale(world: World, position: Position): KubeWrite | undefined {
  const { workload } = world.observation;
  const scaleDown = world.rollout.spec.workloadRef?.scaleDown;
  if (workload === undefined || workload === null || workload.kind !== KINDS.deployment.kind) return undefined;
  if (world.problems.length > 0 || world.rollout.spec.paused === true) return undefined;
  const size = (workload as { readonly spec?: { readonly replicas?: number } }).spec?.replicas ?? 1;
  const wanted = sizeWanted(world, position, { scaleDown, size });
  if (wanted === undefined || wanted === size) return undefined;
  const { name, namespace = '', resourceVersion } = workload.metadata;
  return {
    verb: 'patch',
    ref: { kind: KINDS.deployment, namespace, name },
    patchType: 'merge',
    body: { metadata: { resourceVersion }, spec: { replicas: wanted } },
  };
}

interface WorkloadSize {
  readonly scaleDown: string | undefined;
  readonly size: number;
}

function sizeWanted(world: World, position: Position, { scaleDown, size }: WorkloadSize): number | undefined {
  switch (scaleDown) {
    case 'onsuccess':
      return isPromoted(world, position) ? 0 : undefined;
    case 'progressively':
      return isPromoted(world, position) ? 0 : progressiveSize(world, position, size);
    default:
      return undefined;
  }
}

/** All pods of a version that is stable are there. */
function isPromoted(world: World, position: Position): boolean {
  if (position.stableHash === '' || position.stableHash !== position.currentHash || position.abort) return false;
  return (countsOf(world, position).availableReplicas ?? 0) >= world.settings.replicas;
}

function progressiveSize(world: World, position: Position, size: number): number | undefined {
  const isFirst = position.stableHash === position.currentHash && currentRevision(world, position) === 1;
  if (!isFirst || size === 0) return undefined;
  const ready = countsOf(world, position).readyReplicas ?? 0;
  const left = Math.max(0, world.settings.replicas - ready);
  const lost = ready < (world.status.readyReplicas ?? 0);
  if (left < size) return ready > 0 ? left : undefined;
  return lost ? left : undefined;
}
