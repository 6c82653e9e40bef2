import type { TrafficPlan } from '../traffic.ts';
import { carriedWeight, hasCapacity, isFullyAvailable } from './capacity.ts';
import type { Position } from './position.ts';
import { availableOf, hashOf } from './replica-set.ts';
import { aimOf, reaches, serviceNamed } from './service-aim.ts';
import { abortStepWeight, indexOf, stepWeight, stepWeightAt } from './step-weights.ts';
import { shownWeight } from './shown-weight.ts';
import { isSuperseded } from './superseded.ts';
import { rolesOf, stableReplicaSet, type Roles, type World } from './world.ts';

/**
 * The canary weight that the routers should show now. Raising waits for capacity; lowering never does, except for the
 * capacity of the side that the traffic goes back to. Undefined where routers are left alone: without routing, before
 * a first version is stable, and while the spec is invalid (unless traffic has to go back).
 */
export function planWeight(world: World, position: Position): TrafficPlan | undefined {
  const { settings } = world;
  if (settings.routing === undefined || position.stableHash === '') return undefined;
  if (world.problems.length > 0 && !goesBack(position)) return undefined;
  return { canaryWeight: weightWanted(world, position), weightTotal: settings.weightTotal };
}

/** Everything belongs to stable: nothing is under way, or the update was aborted. */
export function goesBack(position: Position): boolean {
  return position.abort || position.currentHash === position.stableHash;
}

function weightWanted(world: World, position: Position): number {
  const roles = rolesOf(world, position);
  if (goesBack(position)) return drainWeight(world, position);
  if (isSuperseded(world, position) || isOfStable(world, position)) return drainWeight(world, position);
  if (availableOf(roles.current) === 0) return 0;
  if (position.promoteFull) return fastWeight(world, roles);
  return forwardWeight(world, position, roles);
}

/** Right after a promotion the canary Service still leads to stable, and may do so with all traffic. */
function isOfStable(world: World, position: Position): boolean {
  const aim = aimOf(serviceNamed(world, world.settings.canaryService));
  return aim === position.stableHash && shownWeight(world) > 0;
}

/** The weight that routers show, if any, goes to the new version. */
export function weightIsOfCurrent(world: World, position: Position): boolean {
  const { canaryService } = world.settings;
  if (canaryService === undefined || shownWeight(world) === 0) return true;
  return aimOf(serviceNamed(world, canaryService)) === position.currentHash;
}

function forwardWeight(world: World, position: Position, roles: Roles): number {
  const { steps } = world.settings;
  const wanted = stepWeight(world, position);
  if (wanted <= shownWeight(world)) return wanted;
  if (mayRaise(world, position, roles)) return wanted;
  const before = stepWeightAt(steps, indexOf(position, steps) - 1);
  // Where the number of all pods is bounded, stable makes room only as its traffic goes.
  return covered(world, world.settings.podsMax === undefined ? before : wanted, roles);
}

/** As much of a weight as the pods carry that are there; one that is shown already is not questioned. */
function covered(world: World, weight: number, roles: Roles): number {
  const { settings } = world;
  const shown = shownWeight(world);
  if (weight <= shown) return weight;
  if (!reaches(world, settings.canaryService, roles.current)) return shown;
  return Math.max(shown, Math.min(weight, carriedWeight(world, roles.current)));
}

/** Pods that the spec asks for at this step are there, and the canary Service leads to them. */
function mayRaise(world: World, position: Position, roles: Roles): boolean {
  const { steps, canaryService } = world.settings;
  if (!reaches(world, canaryService, roles.current)) return false;
  return indexOf(position, steps) >= steps.length
    ? isFullyAvailable(world, roles.current)
    : hasCapacity(world, position);
}

/** promoteFull: with a shrinking stable side, traffic follows the pods; else it stays until all pods are there. */
function fastWeight(world: World, roles: Roles): number {
  const { settings } = world;
  const shown = shownWeight(world);
  if (!reaches(world, settings.canaryService, roles.current)) return shown;
  if (isFullyAvailable(world, roles.current)) return settings.weightTotal;
  if (!settings.dynamicStableScale) return shown;
  return Math.max(shown, carriedWeight(world, roles.current));
}

/**
 * On the way back to stable: as low as the capacity of the stable pods allows, never higher than it is, and at once to 0
 * when the pods behind the canary Service are gone, because then any other place is better.
 */
function drainWeight(world: World, position: Position): number {
  const { settings } = world;
  const shown = shownWeight(world);
  if (shown === 0 || settings.replicas === 0) return 0;
  const stable = stableReplicaSet(world, position);
  if (!canaryServes(world)) return 0;
  if (stable === undefined || !reaches(world, settings.stableService, stable)) return shown;
  const available = availableOf(stable);
  if (!settings.dynamicStableScale) {
    const enough = Math.max(1, settings.replicas - settings.maxUnavailable);
    return Math.min(shown, uncovered(settings.weightTotal, available, enough));
  }
  const floor = uncovered(settings.weightTotal, available, settings.replicas);
  const step = position.abort ? abortStepWeight(world, position) : 0;
  if (step <= 0) return Math.min(shown, floor);
  const capacity = Math.floor((settings.weightTotal * available) / settings.replicas);
  return capacity < settings.weightTotal - step ? shown : Math.min(step, shown);
}

/** Share of the traffic that so many pods cannot carry yet, of those that carry all of it. */
function uncovered(weightTotal: number, available: number, enough: number): number {
  return Math.max(0, Math.ceil(weightTotal - (weightTotal * available) / enough));
}

/** Some pod behind the canary Service is available. */
function canaryServes(world: World): boolean {
  const aim = aimOf(serviceNamed(world, world.settings.canaryService));
  if (aim === undefined) return true;
  return world.replicaSets.some((replicaSet) => hashOf(replicaSet) === aim && availableOf(replicaSet) > 0);
}
