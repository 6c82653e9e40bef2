import type { Position } from './position.ts';
import { aimOf, serviceNamed } from './service-aim.ts';
import { hasManagedRoutes } from './shown-routes.ts';
import { shownWeight } from './shown-weight.ts';
import type { World } from './world.ts';

/** The canary Service still leads to an earlier canary that has traffic: that one is drained first. */
export function isSuperseded(world: World, position: Position): boolean {
  const aim = aimOf(serviceNamed(world, world.settings.canaryService));
  if (aim === undefined || aim === position.currentHash || aim === position.stableHash) return false;
  return shownWeight(world) > 0 || hasManagedRoutes(world);
}
