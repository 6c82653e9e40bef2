import type { CanaryStep } from '../api/rollout.ts';
import type { Problem } from '../api/validation/problem.ts';

/** A route that a step asks for beside the split by weight, under a name of `trafficRouting.managedRoutes`. */
export type ManagedRoute =
  /** Requests with these headers go to the canary. */
  | { readonly kind: 'header'; readonly name: string; readonly match: readonly HeaderMatch[] }
  /** Of requests that fit one of these, this percentage is copied to the canary; who answers them stays as it is. */
  | {
      readonly kind: 'mirror';
      readonly name: string;
      readonly match: readonly MirrorMatch[];
      readonly percentage: number;
    };

export type HeaderMatch = NonNullable<NonNullable<CanaryStep['setHeaderRoute']>['match']>[number];
export type MirrorMatch = NonNullable<NonNullable<CanaryStep['setMirrorRoute']>['match']>[number];

/** What a router's objects show of a managed route: one that a step asks for, or something else under its name. */
export type ShownRoute = ManagedRoute | { readonly kind: 'other'; readonly name: string };

/** A Service that gets a part of the traffic beside the two, as a version of an experiment does. */
export interface AdditionalDestination {
  readonly service: string;
  readonly weight: number;
  /** For each port of the canary Service, the port of this one that leads to the same port of the pods. */
  readonly ports?: Readonly<Record<string, number>>;
}

/** Which Rollout's traffic is meant, and the Services that stand for its two sides. */
export interface TrafficTarget {
  readonly namespace: string;
  readonly rolloutName: string;
  readonly rolloutUid: string;
  readonly stableService: string;
  readonly canaryService: string;
  /** The router's own block of the spec, e.g. `spec.strategy.canary.trafficRouting.nginx`. */
  readonly config: unknown;
  /** Names that routes of steps may have, those with precedence first; none when absent. */
  readonly managedNames?: readonly string[];
  /** Names of Services that may have been given a part beside the two; none when absent. */
  readonly additionalServices?: readonly string[];
  /** Every managed route that a step asks for, by which those that are there are known again. */
  readonly routesOfSteps?: readonly ManagedRoute[];
}

/** What the routers should show, decided by the core. */
export interface TrafficPlan {
  /** Canary's share, 0..weightTotal. */
  readonly canaryWeight: number;
  readonly weightTotal: number;
  /** Those that should exist, in the order of the names; none when absent. */
  readonly managedRoutes?: readonly ManagedRoute[];
  /** Who else gets a part, which stable gives up; nobody when absent. */
  readonly additional?: readonly AdditionalDestination[];
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
      /** Managed routes that are there, in the order of their names; absent from routers that cannot have any. */
      readonly managedRoutes?: readonly ShownRoute[];
      /** Which of the additional Services have which part; absent from routers that can give them none. */
      readonly additional?: readonly AdditionalDestination[];
    }
  /** An object that the router needs is missing or unusable; `message` says which and what to do. */
  | {
      readonly routerId: string;
      readonly state: 'unusable';
      readonly message: string;
      /** The same as the API tells it, where it has a text for it. */
      readonly problem?: Problem;
    }
  /** No canary side is set up yet; all traffic goes to stable. */
  | { readonly routerId: string; readonly state: 'absent' };

/** A Rollout that does not use a router any more, as far as it is known. */
export interface LeftTarget {
  readonly namespace: string;
  readonly rolloutName: string;
  readonly rolloutUid: string;
  /** Empty when nobody knows. */
  readonly stableService: string;
  readonly canaryService: string;
  /** Services that had a part beside the two. */
  readonly additionalServices?: readonly string[];
  readonly weightTotal: number;
}
