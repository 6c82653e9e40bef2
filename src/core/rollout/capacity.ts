import type { ReplicaSet } from '../../api/workloads.ts';
import { DESIRED_REPLICAS_ANNOTATION } from '../../api/labels.ts';
import type { Position } from './position.ts';
import { annotationOf, availableOf, hashOf, isCounted, podsOf, servingOf, sideOf, sizeOf, sum } from './replica-set.ts';
import { moveAsFarAsPossible, splitByRatio, splitByRouter, type Split } from './replicas.ts';
import { aimOf, serviceNamed } from './service-aim.ts';
import { canaryScaleAt, indexOf, scaleWeight, stepWeightAt } from './step-weights.ts';
import { isSettledAt, shownWeight } from './shown-weight.ts';
import { isSuperseded } from './superseded.ts';
import { isHeld, rolesOf, type Roles, type World } from './world.ts';

/** How many pods both sides should have at this position, once everything has moved there. */
export function capacityTarget(world: World, position: Position): Split {
  const { settings } = world;
  const { replicas, weightTotal } = settings;
  const roles = rolesOf(world, position);
  if (roles.stable === undefined) return { canary: replicas, stable: 0 };
  const weight = scaleWeight(world, position);
  if (settings.routing === undefined)
    return splitByRatio({ weight, weightTotal, replicas, maxSurge: settings.maxSurge });
  return splitByRouter({
    replicas,
    weightTotal,
    scaleWeight: weight,
    scaleReplicas: canaryScaleAt(world, position)?.replicas,
    minPodsPerReplicaSet: settings.minPodsPerReplicaSet,
    dynamicStableScale: settings.dynamicStableScale,
    stableMin: settings.stableMin,
    observed: observedShares(world, position),
    aborted: position.abort,
  });
}

/**
 * What either side may get of the traffic. All of it is stable's while the canary Service leads there, as it does right after a
 * promotion; and what an earlier canary has to give back, stable has to be able to carry first.
 */
function observedShares(
  world: World,
  position: Position,
): { readonly canary: number; readonly stable: number } | undefined {
  const { shown } = world.traffic;
  if (shown === undefined) return undefined;
  const { weightTotal, canaryService } = world.settings;
  const leadsToStable = aimOf(serviceNamed(world, canaryService)) === position.stableHash;
  if (leadsToStable || isSuperseded(world, position)) return { canary: 0, stable: weightTotal };
  return { canary: shown.max, stable: weightTotal - shown.min };
}

/** True when the pods that this position asks for are there: sizes as asked, and the canary's pods available. */
export function hasCapacity(world: World, position: Position): boolean {
  const roles = rolesOf(world, position);
  const target = capacityTarget(world, position);
  const { settings } = world;
  const wanted = target.canary;
  // What carries traffic stays, also where a step asks for fewer.
  const canary = settings.routing === undefined ? wanted : routedCurrentSize(world, position, { roles, wanted });
  if (!meetsTarget(world, roles.current, canary)) return false;
  if (!settings.dynamicStableScale && roles.stable !== undefined) {
    if (sizeOf(roles.stable) !== target.stable || podsOf(roles.stable) !== target.stable) return false;
  }
  return settings.routing !== undefined || sum(roles.others, availableOf) === 0;
}

/** How much of the traffic its pods can carry; nothing where no pods are wanted, whatever is left of them. */
export function carriedWeight(
  { settings: { replicas, weightTotal } }: World,
  replicaSet: ReplicaSet | undefined,
): number {
  return replicas === 0 ? 0 : Math.min(weightTotal, Math.floor((weightTotal * availableOf(replicaSet)) / replicas));
}

/** All pods of a full promotion are there, or as many as the user wants to wait for. */
export function isFullyAvailable(world: World, current: ReplicaSet | undefined): boolean {
  if (current === undefined) return false;
  const { replicas } = world.settings;
  const hasAll = availableOf(current) >= replicas && isCounted(current);
  return hasAll || meetsThreshold(world, current, replicas);
}

function meetsTarget(world: World, current: ReplicaSet | undefined, target: number): boolean {
  if (current === undefined) return target === 0;
  if (world.settings.threshold !== undefined) return meetsThreshold(world, current, target);
  return sizeOf(current) === target && availableOf(current) === target && isCounted(current);
}

function meetsThreshold(world: World, current: ReplicaSet, target: number): boolean {
  const { threshold } = world.settings;
  if (threshold === undefined) return false;
  const available = availableOf(current);
  if (!threshold.percent) return available >= threshold.value;
  return target === 0 || (100 * available) / target >= threshold.value;
}

/** Sizes that this pass asks for, by name of the ReplicaSet; `current` also when it does not exist yet. */
export interface Sizes {
  readonly current: number;
  readonly byName: ReadonlyMap<string, number>;
}

export function planSizes(world: World, position: Position): Sizes {
  const roles = rolesOf(world, position);
  if (isFrozen(world, position, roles)) return { current: sizeOf(roles.current), byName: new Map() };
  return world.settings.routing === undefined
    ? ratioSizes(world, position, roles)
    : routedSizes(world, position, roles);
}

/**
 * While the update is held or its spec is invalid, sizes stay; a change of spec.replicas while held still counts, and
 * nothing keeps an abort from scaling stable up and draining the canary.
 */
function isFrozen(world: World, position: Position, roles: Roles): boolean {
  if (position.abort) return false;
  if (world.problems.length > 0) return true;
  if (!isHeld(world, position.pauses)) return false;
  const wanted = String(world.settings.replicas);
  return [roles.current, roles.stable].every(
    (replicaSet) => sizeOf(replicaSet) === 0 || annotationOf(replicaSet, DESIRED_REPLICAS_ANNOTATION) === wanted,
  );
}

function ratioSizes(world: World, position: Position, roles: Roles): Sizes {
  const { settings } = world;
  const target = capacityTarget(world, position);
  const moved = moveAsFarAsPossible({
    target,
    canary: roles.current === undefined ? undefined : sideOf(roles.current),
    stable: roles.stable === undefined ? undefined : sideOf(roles.stable),
    others: { spec: sum(roles.others, sizeOf), available: sum(roles.others, availableOf) },
    replicas: settings.replicas,
    maxSurge: settings.maxSurge,
    maxUnavailable: settings.maxUnavailable,
  });
  const byName = new Map<string, number>();
  if (roles.stable !== undefined) byName.set(roles.stable.metadata.name, moved.stable);
  for (const [name, size] of drainedOthers(world, roles)) byName.set(name, size);
  return { current: moved.canary, byName };
}

/** Older ReplicaSets give way as far as availability allows: first pods that do not serve, then the newest first. */
function drainedOthers(world: World, roles: Roles): ReadonlyMap<string, number> {
  const { replicas, maxUnavailable } = world.settings;
  const all = [roles.current, roles.stable, ...roles.others].filter((one) => one !== undefined);
  let spare = Math.max(0, sum(all.filter(isCounted), servingOf) - (replicas - maxUnavailable));
  const sizes = new Map<string, number>();
  for (const replicaSet of roles.others.filter(isCounted)) {
    const kept = servingOf(replicaSet);
    const given = Math.min(kept, spare);
    spare -= given;
    if (kept - given !== sizeOf(replicaSet)) sizes.set(replicaSet.metadata.name, kept - given);
  }
  return sizes;
}

function routedSizes(world: World, position: Position, roles: Roles): Sizes {
  const target = capacityTarget(world, position);
  const byName = new Map<string, number>();
  const { dynamicStableScale } = world.settings;
  const stableMin = dynamicStableScale && weightIsOnItsWay(world) ? sizeOf(roles.stable) : 0;
  if (roles.stable !== undefined) byName.set(roles.stable.metadata.name, Math.max(target.stable, stableMin));
  const wanted = routedCurrentSize(world, position, { roles, wanted: target.canary });
  if (roles.stable === undefined) return { current: wanted, byName };
  const stable = Math.max(target.stable, stableMin);
  return { current: withinSurge(world, position, { roles, wanted, stable }), byName };
}

interface Growth {
  readonly roles: Roles;
  readonly wanted: number;
  /** Pods that the stable version is left with. */
  readonly stable: number;
}

/**
 * A user's maxSurge bounds how many new pods start at once: a database may not bear that all of them connect at the same
 * moment. What a threshold lets a step do without is on top, so that pods which never become available hold nobody up. With
 * a stable side that shrinks it bounds all pods, as long as traffic that moves makes room.
 */
function withinSurge(world: World, position: Position, { roles, wanted, stable }: Growth): number {
  const { unreadyMax, podsMax } = world.settings;
  const size = sizeOf(roles.current);
  if (unreadyMax === undefined || wanted <= size) return wanted;
  const started = Math.max(size, availableOf(roles.current) + unreadyMax + dispensable(world, wanted));
  // Versions before it go in any case: as soon as the canary Service leads to the first pod of this one.
  const before = sum(roles.others, sizeOf);
  const makesRoom =
    podsMax !== undefined && (before > 0 || stableMakesRoom(world, position, { roles, wanted, stable }));
  return Math.min(wanted, started, makesRoom ? Math.max(size, Math.min(before, 1), podsMax - stable - before) : wanted);
}

/** Stable is about to shrink, or the weight to move on, after which it will. */
function stableMakesRoom(world: World, position: Position, { roles, stable }: Growth): boolean {
  const { steps, weightTotal } = world.settings;
  if (sizeOf(roles.stable) !== stable) return true;
  const shown = shownWeight(world);
  if (!isSettledAt(world, shown)) return true;
  const index = indexOf(position, steps);
  const isLast = position.promoteFull || index >= steps.length;
  return shown < Math.min(carriedWeight(world, roles.current), isLast ? weightTotal : stepWeightAt(steps, index));
}

/** Of so many pods, those that nothing waits for. */
function dispensable(world: World, wanted: number): number {
  const { threshold } = world.settings;
  if (threshold === undefined) return 0;
  const needed = threshold.percent ? Math.ceil((wanted * threshold.value) / 100) : threshold.value;
  return Math.max(0, wanted - needed);
}

/** Until the proxies have heard of a weight, either side may still be sent what it was sent before. */
function weightIsOnItsWay(world: World): boolean {
  return world.traffic.shown !== undefined && !isSettledAt(world, shownWeight(world));
}

/** The canary never falls under the share of the traffic that it may get, and an aborted one is drained by its deadline. */
function routedCurrentSize(
  world: World,
  position: Position,
  { roles, wanted }: { readonly roles: Roles; readonly wanted: number },
): number {
  const { settings } = world;
  if (roles.stable === undefined) return wanted;
  const size = sizeOf(roles.current);
  if (position.abort && !settings.dynamicStableScale) return size;
  if (position.abort && settings.abortDelayIsExplicit) return size;
  if (canaryScaleAt(world, position)?.replicas !== undefined) return wanted;
  const aimed = aimOf(serviceNamed(world, settings.canaryService));
  const carries = aimed === undefined || aimed === hashOf(roles.current);
  if (!carries) return wanted;
  if (weightIsOnItsWay(world)) return Math.max(wanted, size);
  const share = Math.ceil((settings.replicas * shownWeight(world)) / settings.weightTotal);
  return Math.max(wanted, Math.min(size, share));
}
