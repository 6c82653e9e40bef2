import type { ObjectRef } from '../api/kube-object.ts';

/** Which Rollout's traffic is meant, and the Services that stand for its two sides. */
export interface TrafficTarget {
  readonly namespace: string;
  readonly rolloutName: string;
  readonly rolloutUid: string;
  readonly stableService: string;
  readonly canaryService: string;
  /** The router's own block of the spec, e.g. `spec.strategy.canary.trafficRouting.nginx`. */
  readonly config: unknown;
}

/** What the routers should show, decided by the core. */
export interface TrafficPlan {
  /** Canary's share, 0..weightTotal. */
  readonly canaryWeight: number;
  readonly weightTotal: number;
}

/** What a router's objects show now. */
export type TrafficObservation =
  | {
      readonly routerId: string;
      readonly state: 'known';
      readonly canaryWeight: number;
      readonly weightTotal: number;
      /**
       * `accepted`: the data plane says that it works with exactly these objects. `pending`: it says that it does not yet.
       * `unknown`: it says nothing that can be trusted, so a propagation delay counts instead.
       */
      readonly acceptance: 'accepted' | 'pending' | 'unknown';
      /** Why the acceptance is `pending`. */
      readonly message?: string;
      /** The weight is shown, but something else that the router owns is not as it should be. */
      readonly drifted?: boolean;
    }
  /** An object that the router needs is missing or unusable; `message` says which and what to do. */
  | { readonly routerId: string; readonly state: 'unusable'; readonly message: string }
  /** No canary side is set up yet; all traffic goes to stable. */
  | { readonly routerId: string; readonly state: 'absent' };

export interface TrafficReads {
  readonly refs: readonly ObjectRef[];
}
