import type { TrafficPlan } from '../traffic.ts';
import { planAdditional, showsAdditional } from './experiment-weights.ts';
import { planManagedRoutes } from './managed-routes.ts';
import { showsRoutes } from './shown-routes.ts';
import type { Position } from './position.ts';
import { isSettledAt } from './shown-weight.ts';
import { planWeight } from './weights.ts';
import type { World } from './world.ts';

/** What the routers should show now, weight and managed routes; undefined where they are left alone. */
export function planTraffic(world: World, position: Position): TrafficPlan | undefined {
  const weight = planWeight(world, position);
  if (weight === undefined) return undefined;
  return {
    ...weight,
    managedRoutes: planManagedRoutes(world, position),
    additional: planAdditional(world, position, weight.canaryWeight),
  };
}

/** Every router shows the plan. */
export function showsPlan(world: World, { canaryWeight, managedRoutes = [], additional = [] }: TrafficPlan): boolean {
  const { shown } = world.traffic;
  if (shown?.min !== canaryWeight || shown.max !== canaryWeight) return false;
  return showsRoutes(world, managedRoutes) && showsAdditional(world, additional);
}

/** The routers show the plan, and the data plane had the time, or said, to obey it. */
export function isSettledOn(world: World, plan: TrafficPlan): boolean {
  return showsPlan(world, plan) && isSettledAt(world, plan.canaryWeight);
}
