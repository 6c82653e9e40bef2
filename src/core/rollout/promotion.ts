import { createdMs } from '../../api/kube-object.ts';
import type { Position } from './position.ts';
import { availableOf } from './replica-set.ts';
import { nextRevision } from './revisions.ts';
import { rolesOf, type World } from './world.ts';

/** Going back to a version that is only a few versions old needs no steps. */
export function isWithinRollbackWindow(world: World, position: Position): boolean {
  const revisions = world.rollout.spec.rollbackWindow?.revisions;
  const { current, stable } = rolesOf(world, position);
  if (revisions === undefined || current === undefined || stable === undefined) return false;
  if (createdMs(current) >= createdMs(stable)) return false;
  const between = world.replicaSets.filter(
    (replicaSet) => createdMs(replicaSet) > createdMs(current) && createdMs(replicaSet) < createdMs(stable),
  );
  return between.length < revisions;
}

/**
 * Nothing is there that the new version could be compared with or go back to: it is stable at once. In blue-green that is
 * so until a version had pods that the active Service could lead to.
 */
export function isFirstVersion(world: World, position: Position): boolean {
  if (position.stableHash === '') return true;
  if (world.blueGreen === undefined || (world.status.blueGreen?.activeSelector ?? '') !== '') return false;
  return availableOf(rolesOf(world, position).stable) === 0;
}

/** Why the new version became the stable one, in the words of the event. */
export function promotionReason(world: World, position: Position): string {
  if (isFirstVersion(world, position) || isStableGone(world, position)) return 'Initial deploy';
  if (position.promoteFull) return 'Full promotion requested';
  if (isWithinRollbackWindow(world, position)) return 'Rollback within window';
  if (world.blueGreen !== undefined) return 'Completed blue-green update';
  return `Completed all ${world.settings.steps.length} canary steps`;
}

/** The ReplicaSet of the stable version, which status names, is not there any more. */
export function isStableGone(world: World, position: Position): boolean {
  const { current, stable } = rolesOf(world, position);
  return current !== undefined && stable === undefined && position.currentHash !== position.stableHash;
}

/** Number of the version that the position is about. */
export function currentRevision(world: World, position: Position): number {
  const { current } = rolesOf(world, position);
  return nextRevision(
    current,
    world.replicaSets.filter((replicaSet) => replicaSet !== current),
  );
}
