import { activeReplicaSet, previewSize } from './blue-green.ts';
import type { Sizes } from './capacity.ts';
import type { Position } from './position.ts';
import { hashOf, sizeOf } from './replica-set.ts';
import { rolesOf, type World } from './world.ts';

/**
 * Sizes in a blue-green update: what has the traffic, and what it goes back to, always have all their pods. An invalid
 * spec leaves everything as it is; a pause does not, because pods of the new version harm nobody before the switch.
 */
export function blueGreenSizes(world: World, position: Position): Sizes {
  const roles = rolesOf(world, position);
  const { replicas } = world.settings;
  const size = sizeOf(roles.current);
  if (world.problems.length > 0 && !position.abort) return { current: size, byName: new Map() };
  const byName = new Map<string, number>();
  if (roles.stable !== undefined) byName.set(roles.stable.metadata.name, replicas);
  const active = activeReplicaSet(world);
  if (active !== undefined && active !== roles.current) byName.set(active.metadata.name, replicas);
  return { current: currentSize(), byName };

  function currentSize(): number {
    if (active !== undefined && hashOf(active) === position.currentHash) return replicas;
    if (position.abort) return size;
    return roles.stable === undefined ? replicas : previewSize(world, position);
  }
}
