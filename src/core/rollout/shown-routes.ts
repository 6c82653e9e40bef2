import { deepEqual } from '../../lib/deep-equal.ts';
import type { ManagedRoute } from '../traffic.ts';
import { isSettledAt } from './shown-weight.ts';
import type { World } from './world.ts';

/** All routers that can have managed routes show exactly these. */
export function showsRoutes(world: World, routes: readonly ManagedRoute[]): boolean {
  return world.traffic.managedRoutes.every((shown) => deepEqual(shown, routes));
}

/** Requests reach the canary Service, whatever its weight. */
export function hasManagedRoutes(world: World): boolean {
  return world.traffic.managedRoutes.some((shown) => shown.length > 0);
}

/** No router sends anything to the canary Service, and the data plane has heard of that. */
export function canaryIsUnrouted(world: World): boolean {
  return isSettledAt(world, 0) && !hasManagedRoutes(world);
}
