import type { KubeObject, ObjectRef, ResourceKind } from '../api/kube-object.ts';
import type { KubeWrite } from '../api/kube-write.ts';
import type { LeftTarget, TrafficObservation, TrafficPlan, TrafficTarget } from '../core/traffic.ts';
import { assert } from '../lib/assert.ts';

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
  /** Where all objects must be read, because the target chooses among them by their labels. */
  among?(target: TrafficTarget): readonly Among[];
  /**
   * Writes that bring the objects to the plan; empty when they show it already. Unusable objects give no writes, the
   * others of the same target still do, so that traffic can go back to stable when one of several is gone.
   */
  desired(plan: TrafficPlan, target: TrafficTarget, current: CurrentObjects): readonly KubeWrite[];
  /**
   * What the objects show together. Where they disagree it is the highest share of the canary, `drifted` and `pending`:
   * capacity is kept for what may still arrive, and nothing moves on.
   */
  observed(target: TrafficTarget, current: CurrentObjects): TrafficObservation;
  /** Kinds of the objects in which something of a Rollout may be left that does not use the router any more. */
  readonly kinds: readonly ResourceKind[];
  /**
   * Writes that take such a Rollout out of objects of one of these kinds: all its traffic to stable, its marks and what
   * is wholly its own removed. Empty when nothing of it is left.
   */
  leave(left: LeftTarget, kind: ResourceKind, objects: readonly KubeObject[]): readonly KubeWrite[];
}

/** All objects of a kind in a namespace. */
export interface Among {
  readonly kind: ResourceKind;
  readonly namespace: string;
}

/** By refKey of `reads`, null when the object does not exist; and what there is of `among`. */
export type CurrentObjects = ReadonlyMap<string, KubeObject | null>;

/** The canary's part in one place that splits traffic; a total of 0 means that nothing gets any. */
export interface ShownSplit {
  /** For people, e.g. `HTTPRoute "shop/checkout" rule 0`. */
  readonly where: string;
  readonly canaryWeight: number;
  readonly weightTotal: number;
}

export interface ShownTogether {
  readonly canaryWeight: number;
  readonly weightTotal: number;
  /** Says who shows what when the shares differ. */
  readonly disagreement: string | undefined;
}

/** The highest share of the canary among the splits; there is at least one. */
export function shownTogether(splits: readonly ShownSplit[]): ShownTogether {
  const shown = splits.map((split) =>
    split.weightTotal === 0 ? { ...split, canaryWeight: 0, weightTotal: 100 } : split,
  );
  const [first, ...others] = shown;
  assert(first !== undefined, 'a usable router shows at least one split');
  let highest = first;
  let lowest = first;
  for (const split of others) {
    if (shareOf(split) > shareOf(highest)) highest = split;
    if (shareOf(split) < shareOf(lowest)) lowest = split;
  }
  const { canaryWeight, weightTotal } = highest;
  if (shareOf(highest) === shareOf(lowest)) return { canaryWeight, weightTotal, disagreement: undefined };
  return { canaryWeight, weightTotal, disagreement: `${tell(highest)}, but ${tell(lowest)}; they are being aligned` };
}

function shareOf({ canaryWeight, weightTotal }: ShownSplit): number {
  return canaryWeight / weightTotal;
}

function tell({ where, canaryWeight, weightTotal }: ShownSplit): string {
  return `${where} gives the canary ${canaryWeight} of ${weightTotal}`;
}

/** A plan that no router can show is a defect of whoever made it. */
export function assertPlan({ canaryWeight, weightTotal, additional = [] }: TrafficPlan): void {
  assert(Number.isInteger(weightTotal) && weightTotal > 0, 'all traffic is a positive number');
  assert(
    Number.isInteger(canaryWeight) && canaryWeight >= 0 && canaryWeight <= weightTotal,
    'the weight of the canary is between nothing and all traffic',
  );
  assert(
    additional.every(({ weight }) => Number.isInteger(weight) && weight > 0),
    'an additional part is a positive number',
  );
  assert(stableWeightOf({ canaryWeight, weightTotal, additional }) >= 0, 'all parts together are at most all traffic');
}

/** What is left for stable. */
export function stableWeightOf({ canaryWeight, weightTotal, additional = [] }: TrafficPlan): number {
  return additional.reduce((left, { weight }) => left - weight, weightTotal - canaryWeight);
}

/** Why traffic cannot be split between the Services of a target; undefined when it can. */
export function servicesProblem({ canaryService, stableService }: TrafficTarget): string | undefined {
  const areTwo = canaryService !== '' && stableService !== '' && canaryService !== stableService;
  return areTwo
    ? undefined
    : 'canaryService and stableService must name two Services for traffic to be split between them';
}
