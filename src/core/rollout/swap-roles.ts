import { roleServicesOf, swappedPingPong } from '../../api/role-services.ts';
import type { TrafficWeights } from '../../api/rollout.ts';
import type { TrafficObservation } from '../traffic.ts';
import type { Position } from './position.ts';
import type { World } from './world.ts';

/**
 * Ping-pong Services at the end of an update: the one with all the traffic is now the stable one. No selector and no
 * weight changes by that; what was the canary's share is stable's, in everything that the pass still looks at.
 */
export function swapRoles(world: World, position: Position): { readonly world: World; readonly position: Position } {
  const stablePingPong = swappedPingPong(position.stablePingPong);
  const { settings, traffic, status } = world;
  const { stable, canary } = roleServicesOf(world.rollout.spec.strategy?.canary ?? {}, stablePingPong);
  const { weightTotal } = settings;
  const shown =
    traffic.shown === undefined
      ? undefined
      : { min: weightTotal - traffic.shown.max, max: weightTotal - traffic.shown.min };
  const weights = status.canary?.weights ?? undefined;
  return {
    position: { ...position, stablePingPong },
    world: {
      ...world,
      settings: { ...settings, stableService: stable, canaryService: canary },
      traffic: { ...traffic, shown, routers: traffic.routers.map(swapped) },
      ...(weights === undefined
        ? {}
        : { status: { ...status, canary: { ...status.canary, weights: swappedWeights(weights) } } }),
    },
  };
}

function swapped(router: TrafficObservation): TrafficObservation {
  return router.state === 'known' ? { ...router, canaryWeight: router.weightTotal - router.canaryWeight } : router;
}

function swappedWeights(weights: TrafficWeights): TrafficWeights {
  return { ...weights, canary: weights.stable, stable: weights.canary };
}
