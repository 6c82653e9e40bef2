import type { KubeObject, ObjectRef } from '../api/kube-object.ts';
import type { KubeWrite } from '../api/kube-write.ts';
import type { TrafficObservation, TrafficPlan, TrafficTarget } from '../core/traffic.ts';

/**
 * A traffic router is a transformation without I/O: the shell reads what `reads` names, hands it over, and carries
 * out the writes that `desired` returns.
 *
 * Contract (one suite runs over every registered router): `desired` returns nothing for objects that show the plan
 * already; applying what it returns makes `observed` show the plan; only owned leaves are written, guarded by what was
 * read; foreign rules, destinations and annotations survive; all weights together are `weightTotal`.
 */
export interface TrafficRouter {
  /** The key under `spec.strategy.canary.trafficRouting` (or under its `plugins`). */
  readonly id: string;
  /** The block of the spec that configures this router, or undefined when the Rollout does not use it. */
  configOf(trafficRouting: Readonly<Record<string, unknown>>): unknown;
  /** Objects that must be read for this target. */
  reads(target: TrafficTarget): readonly ObjectRef[];
  /** Writes that bring the objects to the plan; empty when they show it already. Unusable objects give no writes. */
  desired(plan: TrafficPlan, target: TrafficTarget, current: CurrentObjects): readonly KubeWrite[];
  observed(target: TrafficTarget, current: CurrentObjects): TrafficObservation;
}

/** By refKey of `reads`; null when the object does not exist. */
export type CurrentObjects = ReadonlyMap<string, KubeObject | null>;
