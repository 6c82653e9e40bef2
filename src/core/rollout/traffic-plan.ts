import type { TrafficPlan } from '../traffic.ts';
import { planManagedRoutes } from './managed-routes.ts';
import { showsRoutes } from './shown-routes.ts';
import type { Position } from './position.ts';
import { isSettledAt } from './shown-weight.ts';
import { planWeight } from './weights.ts';
import type { World } from './world.ts';

/** What the routers should show now, weight and managed routes; undefined where they are left alone. */
export function planTraffic(world: World, position: Position): TrafficPlan | undefined {
  const weight = planWeight(world, position);
  return weight === undefined ? undefined : { ...weight, managedRoutes: planManagedRoutes(world, position) };
}

/** The routers show the plan, and the data plane had the time, or said, to obey it. */
export function isSettledOn(world: World, { canaryWeight, managedRoutes = [] }: TrafficPlan): boolean {
  return showsRoutes(world, managedRoutes) && isSettledAt(world, canaryWeight);
}
