import type { CanaryStep, CanaryStrategy } from '../../api/rollout.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import type { ManagedRoute } from '../traffic.ts';
import type { Position } from './position.ts';
import { isWithinRollbackWindow } from './promotion.ts';
import { availableOf } from './replica-set.ts';
import { reaches } from './service-aim.ts';
import { indexOf } from './step-weights.ts';
import { isSuperseded } from './superseded.ts';
import { goesBack } from './weights.ts';
import { rolesOf, type World } from './world.ts';

/** The managed route that a step asks for; undefined for other steps, and for those that take one away. */
export function routeOfStep({ setHeaderRoute, setMirrorRoute }: CanaryStep): readonly ManagedRoute[] {
  const routes: ManagedRoute[] = [];
  if (hasMatch(setHeaderRoute))
    routes.push({ kind: 'header', name: setHeaderRoute.name ?? '', match: setHeaderRoute.match });
  if (hasMatch(setMirrorRoute)) {
    const { name, match, percentage } = setMirrorRoute;
    routes.push({ kind: 'mirror', name, match, percentage: percentage ?? 100 });
  }
  return routes;
}

function hasMatch<Route extends { readonly match?: readonly unknown[] }>(
  route: Route | undefined,
): route is Route & { readonly match: NonNullable<Route['match']> } {
  return (route?.match ?? []).length > 0;
}

/** Every managed route that some step asks for. */
export function routesOfSteps(canary: CanaryStrategy): readonly ManagedRoute[] {
  return (canary.steps ?? []).flatMap(routeOfStep);
}

/** Names that managed routes may have, those with precedence first. */
export function managedNames(canary: CanaryStrategy): readonly string[] {
  return (canary.trafficRouting?.managedRoutes ?? []).map(({ name }) => name);
}

/**
 * The managed routes that belong to this position: what the steps so far have set and not taken away again, like the
 * weight. Without pods of the new version, on the way back and in a full promotion there are none.
 */
export function routesWanted(world: World, position: Position): readonly ManagedRoute[] {
  const { current } = rolesOf(world, position);
  if (goesBack(position) || position.promoteFull || position.stableHash === '') return [];
  if (isSuperseded(world, position) || availableOf(current) === 0) return [];
  if (isWithinRollbackWindow(world, position)) return [];
  const { steps } = world.settings;
  const byName = new Map<string, ManagedRoute>();
  for (const step of steps.slice(0, indexOf(position, steps) + 1)) {
    for (const route of [step.setHeaderRoute, step.setMirrorRoute]) byName.delete(route?.name ?? '');
    for (const route of routeOfStep(step)) byName.set(route.name, route);
  }
  return namesOf(world).flatMap((name) => byName.get(name) ?? []);
}

/** Those that the routers should show now: a new one waits until the canary Service leads to the new version. */
export function planManagedRoutes(world: World, position: Position): readonly ManagedRoute[] {
  const wanted = routesWanted(world, position);
  const { current } = rolesOf(world, position);
  if (wanted.length === 0 || reaches(world, world.settings.canaryService, current)) return wanted;
  return wanted.filter((route) => world.traffic.managedRoutes.every((shown) => shown.some(same(route))));
}

function namesOf(world: World): readonly string[] {
  return [...new Set(managedNames(world.rollout.spec.strategy?.canary ?? {}))];
}

function same(route: ManagedRoute): (shown: unknown) => boolean {
  return (shown) => deepEqual(shown, route);
}
