import { PROMOTED_ANNOTATION, SCALE_DOWN_DEADLINE_ANNOTATION } from '../../api/labels.ts';
import type { ReplicaSet } from '../../api/workloads.ts';
import { isStableGone, isWithinRollbackWindow } from './promotion.ts';
import type { Position } from './position.ts';
import { annotationOf, availableOf, hashOf, isCounted, sizeOf } from './replica-set.ts';
import { aimOf, reaches, serviceNamed } from './service-aim.ts';
import { rolesOf, type World } from './world.ts';

/* What is so in a blue-green update. The active Service is the traffic, so its selector is what tells how far it is. */

/** Hash behind the active Service; empty when it selects pods of every version, or is not there. */
export function activeHash(world: World): string {
  return aimOf(serviceNamed(world, world.blueGreen?.activeService)) ?? '';
}

/** Hash behind the preview Service; empty as above. */
export function previewHash(world: World): string {
  return aimOf(serviceNamed(world, world.blueGreen?.previewService)) ?? '';
}

/** The version behind the active Service. */
export function activeReplicaSet(world: World): ReplicaSet | undefined {
  const hash = activeHash(world);
  return hash === '' ? undefined : world.replicaSets.find((replicaSet) => hashOf(replicaSet) === hash);
}

/** The new version has the traffic; without pods there is none to have, and a Service of others is left to them. */
export function isCutOver(world: World, position: Position): boolean {
  const active = activeHash(world);
  if (active === '') return world.settings.replicas === 0;
  return active === position.currentHash;
}

/** Proxies were told: the endpoints of the active Service are pods of the new version. */
export function cutOverIsSettled(world: World, position: Position): boolean {
  if (!isCutOver(world, position)) return false;
  return (
    world.settings.replicas === 0 || reaches(world, world.blueGreen?.activeService, rolesOf(world, position).current)
  );
}

/**
 * Going back to a version that was promoted before, and that still has its pods or is only a few versions old, needs
 * neither a pause nor a measurement; nor does one that a user promotes in full, or that is all that is left.
 */
export function isFastTracked(world: World, position: Position): boolean {
  if (position.abort) return false;
  if (position.promoteFull) return true;
  const { current } = rolesOf(world, position);
  if (current === undefined || position.currentHash === position.stableHash) return false;
  return isStableGone(world, position) || isKept(current) || isWithinRollbackWindow(world, position);
}

/** A version that was promoted once, on its way out but with its pods. */
function isKept(replicaSet: ReplicaSet): boolean {
  return (
    sizeOf(replicaSet) > 0 &&
    annotationOf(replicaSet, PROMOTED_ANNOTATION) !== undefined &&
    annotationOf(replicaSet, SCALE_DOWN_DEADLINE_ANNOTATION) !== undefined
  );
}

/** How many pods the new version should have: fewer, if the user wants so, until it is clear that it gets the traffic. */
export function previewSize(world: World, position: Position): number {
  const { replicas } = world.settings;
  const { previewReplicas } = world.blueGreen ?? {};
  if (previewReplicas === undefined || isCutOver(world, position)) return replicas;
  const passed = position.previewCheckPoint && world.rollout.spec.paused !== true;
  return passed || isFastTracked(world, position) ? replicas : previewReplicas;
}

/** All pods that the new version should have now are available, no others are there, and the preview Service leads there. */
export function previewIsReady(world: World, position: Position): boolean {
  const { current } = rolesOf(world, position);
  return hasExactly(current, previewSize(world, position)) && reaches(world, world.blueGreen?.previewService, current);
}

/** The new version could carry all traffic. */
export function canCarryAll(world: World, position: Position): boolean {
  return hasExactly(rolesOf(world, position).current, world.settings.replicas);
}

function hasExactly(replicaSet: ReplicaSet | undefined, pods: number): boolean {
  if (replicaSet === undefined || !isCounted(replicaSet)) return false;
  return sizeOf(replicaSet) === pods && availableOf(replicaSet) >= pods;
}

/** The traffic is where the stable version is; without pods it is nowhere. */
export function stableHasTraffic(world: World, position: Position): boolean {
  if (world.settings.replicas === 0 || activeHash(world) === position.stableHash) return true;
  return serviceNamed(world, world.blueGreen?.activeService) === undefined;
}

/** After a promotion or a way back: both Services lead to the stable version. */
export function servicesAreSettled(world: World, position: Position): boolean {
  if (!stableHasTraffic(world, position)) return false;
  const preview = world.blueGreen?.previewService;
  return serviceNamed(world, preview) === undefined || previewHash(world) === position.stableHash;
}
