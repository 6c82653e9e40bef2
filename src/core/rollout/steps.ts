import type { CanaryStep } from '../../api/rollout.ts';
import { servicesAreSettled, stableHasTraffic } from './blue-green.ts';
import { capacityTarget, hasCapacity, isFullyAvailable } from './capacity.ts';
import type { Position } from './position.ts';
import { hashOf, sizeOf } from './replica-set.ts';
import { aimOf, serviceNamed } from './service-aim.ts';
import { routesWanted } from './managed-routes.ts';
import { canaryIsUnrouted, hasManagedRoutes, showsRoutes } from './shown-routes.ts';
import { isSettledAt, settlesAtMs } from './shown-weight.ts';
import { indexOf, stepWeight } from './step-weights.ts';
import { planWeight, weightIsOfCurrent } from './weights.ts';
import { isHeld, rolesOf, stableReplicaSet, type World } from './world.ts';

export type StepKind = 'weight' | 'scale' | 'pause' | 'analysis' | 'experiment' | 'route' | 'unsupported';

export function currentStep(world: World, position: Position): CanaryStep | undefined {
  return world.settings.steps[indexOf(position, world.settings.steps)];
}

export function stepKind(step: CanaryStep | undefined): StepKind {
  if (step?.setWeight !== undefined) return 'weight';
  if (step?.setCanaryScale !== undefined) return 'scale';
  if (step?.pause !== undefined) return 'pause';
  if (step?.analysis !== undefined) return 'analysis';
  if (step?.experiment !== undefined) return 'experiment';
  if (routes(step)) return 'route';
  return 'unsupported';
}

export function allStepsDone(world: World, position: Position): boolean {
  return indexOf(position, world.settings.steps) >= world.settings.steps.length;
}

/** Forward moves are allowed: nobody holds the update and nothing is wrong with its spec. */
export function mayMove(world: World, position: Position): boolean {
  return !position.abort && world.problems.length === 0 && !isHeld(world, position.pauses);
}

/** The pods that the step asks for are there. Steps that neither scale nor shift need none. */
export function stepIsScaled(world: World, position: Position): boolean {
  const kind = stepKind(currentStep(world, position));
  return kind === 'weight' || kind === 'scale' ? hasCapacity(world, position) : true;
}

/** The routers obey what the step asks for; routes to a version without pods wait until a later step brings pods. */
export function stepIsShifted(world: World, position: Position): boolean {
  const step = currentStep(world, position);
  const shifts = stepKind(step) === 'weight' || routes(step);
  if (world.settings.routing === undefined || !shifts || hasNoPods(world, position)) return true;
  if (!showsRoutes(world, routesWanted(world, position))) return false;
  if (!weightIsOfCurrent(world, position)) return false;
  const plan = stepKind(step) === 'weight' ? stepWeight(world, position) : planWeight(world, position)?.canaryWeight;
  return plan === undefined || isSettledAt(world, plan);
}

/** Nobody wants pods of the new version at this step, all of them or these, so there is no traffic to move to it. */
function hasNoPods(world: World, position: Position): boolean {
  return sizeOf(rolesOf(world, position).current) === 0 && capacityTarget(world, position).canary === 0;
}

function routes(step: CanaryStep | undefined): boolean {
  return step?.setHeaderRoute !== undefined || step?.setMirrorRoute !== undefined;
}

export function updateIsScaled(world: World, position: Position): boolean {
  return isFullyAvailable(world, rolesOf(world, position).current);
}

/** All traffic was seen on the new version, so it may become the stable one. Nothing routed needs no proof. */
export function updateIsShifted(world: World, position: Position): boolean {
  const { replicas, weightTotal } = world.settings;
  if (position.stableHash === '' || replicas === 0) return true;
  return weightIsOfCurrent(world, position) && isSettledAt(world, weightTotal);
}

/** After a promotion or a way back: the stable Service leads to stable and no router sends anything elsewhere. */
export function stableIsSettled(world: World, position: Position): boolean {
  if (world.blueGreen !== undefined) return servicesAreSettled(world, position);
  const { routing, stableService, replicas } = world.settings;
  if (routing === undefined || replicas === 0) return true;
  if (!canaryIsUnrouted(world)) return false;
  // Weight 0 was set only when the endpoints had followed; pods that come later need no new proof.
  return (
    stableService === undefined ||
    aimOf(serviceNamed(world, stableService)) === hashOf(stableReplicaSet(world, position))
  );
}

/** When the stable version will count as settled, where nothing but time is missing for that. */
export function stableSettlesAtMs(world: World, position: Position): number | undefined {
  const { shown } = world.traffic;
  if (world.blueGreen !== undefined || shown?.min !== 0 || shown.max !== 0 || hasManagedRoutes(world)) return undefined;
  const aim = aimOf(serviceNamed(world, world.settings.stableService));
  return aim === hashOf(stableReplicaSet(world, position)) ? settlesAtMs(world, 0) : undefined;
}

/** An aborted version gets no traffic any more. */
export function abortedVersionIsIdle(world: World, position: Position): boolean {
  return world.blueGreen === undefined ? canaryIsUnrouted(world) : stableHasTraffic(world, position);
}
