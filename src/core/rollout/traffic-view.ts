import type { AdditionalDestination, ShownRoute, TrafficObservation } from '../traffic.ts';

/** What all routers of a Rollout show together, in the Rollout's own unit of weight. */
export interface TrafficView {
  readonly routers: readonly TrafficObservation[];
  /** Lowest and highest canary weight that any router shows; undefined when one of them cannot tell. */
  readonly shown: { readonly min: number; readonly max: number } | undefined;
  readonly acceptance: 'accepted' | 'pending' | 'unknown';
  /** Managed routes that are there, one list for each router that can have some. */
  readonly managedRoutes: readonly (readonly ShownRoute[])[];
  /** Who else has which part, one list for each router that can give some. */
  readonly additional: readonly (readonly AdditionalDestination[])[];
  /** Owned leaves other than the weight are not as they should be. */
  readonly drifted: boolean;
  /** Why a router cannot be used. */
  readonly unusable: readonly string[];
}

export function viewTraffic(routers: readonly TrafficObservation[], weightTotal: number): TrafficView {
  const weights: number[] = [];
  const unusable: string[] = [];
  const managedRoutes: (readonly ShownRoute[])[] = [];
  const additional: (readonly AdditionalDestination[])[] = [];
  let acceptance: TrafficView['acceptance'] = 'accepted';
  let drifted = false;
  for (const router of routers) {
    switch (router.state) {
      case 'known':
        weights.push((router.canaryWeight * weightTotal) / router.weightTotal);
        if (router.acceptance === 'pending' || acceptance === 'accepted') acceptance = router.acceptance;
        drifted ||= router.drifted === true;
        if (router.managedRoutes !== undefined) managedRoutes.push(router.managedRoutes);
        if (router.additional !== undefined) additional.push(router.additional);
        break;
      case 'absent':
        weights.push(0);
        break;
      case 'unusable':
        unusable.push(router.message);
        break;
    }
  }
  const known = weights.length > 0 && unusable.length === 0;
  const shown = known ? { min: Math.min(...weights), max: Math.max(...weights) } : undefined;
  return { routers, shown, acceptance, managedRoutes, additional, drifted, unusable };
}
