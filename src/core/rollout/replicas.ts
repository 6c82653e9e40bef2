import { assert } from '../../lib/assert.ts';

/** How many pods each of the two sides should have. */
export interface Split {
  readonly canary: number;
  readonly stable: number;
}

export interface RatioInput {
  /** Desired share of the canary, 0..weightTotal. */
  readonly weight: number;
  readonly weightTotal: number;
  readonly replicas: number;
  readonly maxSurge: number;
}

/**
 * The split of pods that comes nearest to a weight when pods are all that steers traffic (no router).
 *
 * Candidates differ in rounding and in using one surge pod; the one with the smallest error wins, the first of equals.
 * A side loses its last pod only at the ends (0 and weightTotal), or when a single pod may not surge.
 */
export function splitByRatio({ weight, weightTotal, replicas, maxSurge }: RatioInput): Split {
  if (replicas === 0) return { canary: 0, stable: 0 };
  const up = Math.ceil((replicas * weight) / weightTotal);
  const down = Math.floor((replicas * weight) / weightTotal);
  const emptySideAllowed = weight === weightTotal || weight === 0 || (replicas === 1 && maxSurge === 0);
  const candidates: { readonly canary: number; readonly total: number }[] = [];

  if (up < replicas || emptySideAllowed) candidates.push({ canary: up, total: replicas });
  if (!isTied(replicas) && (down !== 0 || emptySideAllowed)) candidates.push({ canary: down, total: replicas });
  if (maxSurge > 0) {
    candidates.push({ canary: up, total: replicas + 1 });
    if (!isTied(replicas + 1) && (down !== 0 || emptySideAllowed))
      candidates.push({ canary: down, total: replicas + 1 });
  }

  // Without candidates (no surge, and half a pod short of all) rounding down is what leaves both sides a pod.
  let best: { readonly canary: number; readonly total: number } = { canary: down, total: replicas };
  let bestError = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const error = Math.abs((candidate.canary * weightTotal) / candidate.total - weight);
    if (error < bestError) {
      best = candidate;
      bestError = error;
    }
  }
  return { canary: best.canary, stable: best.total - best.canary };

  /** Exactly half a pod: rounding down and up are equally far, and up is preferred. */
  function isTied(total: number): boolean {
    return (total * weight * 2) % weightTotal === 0 && ((total * weight * 2) / weightTotal) % 2 === 1;
  }
}

/** Size asked for and pods that serve, of one ReplicaSet. */
export interface Side {
  readonly spec: number;
  readonly available: number;
}

export interface MoveInput {
  readonly target: Split;
  /** Undefined while the ReplicaSet does not exist. */
  readonly canary: Side | undefined;
  readonly stable: Side | undefined;
  /** Sum over all older ReplicaSets. */
  readonly others: Side;
  readonly replicas: number;
  readonly maxSurge: number;
  readonly maxUnavailable: number;
}

/**
 * One move of both sides towards their target without a router: never more pods than replicas + maxSurge, and never
 * fewer available ones than replicas - maxUnavailable by our doing. Raising goes first, stable before canary; then one
 * side is drained by what availability allows. Older ReplicaSets are emptied before either side shrinks.
 */
export function moveTowards(input: MoveInput): Split {
  const raised = raise(input);
  if (input.others.spec > 0) return raised;

  const podsMax = input.replicas + input.maxSurge;
  const availableMin = input.replicas - input.maxUnavailable;
  const increasing = input.canary === undefined || input.target.canary >= input.canary.spec;
  const reliable = countable(input.canary, !increasing) + countable(input.stable, increasing);
  if (reliable <= availableMin) return raised;

  const spare = reliable - availableMin;
  if (increasing) {
    if (input.stable === undefined) return raised;
    const stable = drain(input.stable, { to: input.target.stable, spare, otherwise: raised.stable });
    const settled = settle({
      drained: stable,
      drainedSide: input.stable,
      other: raised.canary,
      otherSide: input.canary,
      podsMax,
      availableMin,
    });
    return { stable: settled.drained, canary: settled.other };
  }
  const canarySide = input.canary ?? { spec: 0, available: 0 };
  const canary = drain(canarySide, { to: input.target.canary, spare, otherwise: raised.canary });
  const settled = settle({
    drained: canary,
    drainedSide: canarySide,
    other: raised.stable,
    otherSide: input.stable,
    podsMax,
    availableMin,
  });
  return { canary: settled.drained, stable: settled.other };
}

/**
 * All moves that can be made before any pod changes, as repeated passes over an unchanged world would make them.
 * Pods that a move takes away count as gone at once; pods that a move adds are not available yet.
 */
export function moveAsFarAsPossible(input: MoveInput): Split {
  let current = input;
  for (let moves = 0; moves < MOVES_MAX; moves++) {
    const next = moveTowards(current);
    if (next.canary === (current.canary?.spec ?? 0) && next.stable === (current.stable?.spec ?? 0)) return next;
    current = {
      ...current,
      canary: resized(current.canary, next.canary),
      stable: current.stable === undefined ? undefined : resized(current.stable, next.stable),
    };
  }
  return { canary: current.canary?.spec ?? 0, stable: current.stable?.spec ?? 0 };
}

/** Each move changes at least one side for good; three or four suffice in practice. */
const MOVES_MAX = 16;

function resized(side: Side | undefined, spec: number): Side {
  return { spec, available: Math.min(side?.available ?? 0, spec) };
}

function raise(input: MoveInput): Split {
  const canarySpec = input.canary?.spec ?? 0;
  const stableSpec = input.stable?.spec ?? 0;
  let room = Math.max(0, input.replicas + input.maxSurge - (canarySpec + stableSpec + input.others.spec));
  let stable = stableSpec;
  if (input.stable !== undefined && stableSpec < input.target.stable) {
    stable = Math.min(input.target.stable, stableSpec + room);
    room -= stable - stableSpec;
  }
  const canary = canarySpec < input.target.canary ? Math.min(input.target.canary, canarySpec + room) : canarySpec;
  return { canary, stable };
}

/** Pods that count towards the minimum: the smaller of asked-for and available, or all asked-for of the growing side. */
function countable(side: Side | undefined, ignoreAvailability: boolean): number {
  if (side === undefined) return 0;
  return side.spec < side.available || ignoreAvailability ? side.spec : side.available;
}

function drain(side: Side, by: { readonly to: number; readonly spare: number; readonly otherwise: number }): number {
  return side.spec > by.to ? Math.max(by.to, side.spec - by.spare) : by.otherwise;
}

interface SettleInput {
  readonly drained: number;
  readonly drainedSide: Side;
  readonly other: number;
  readonly otherSide: Side | undefined;
  readonly podsMax: number;
  readonly availableMin: number;
}

/** Keeps both sides together within the most pods allowed and the fewest available ones. */
function settle(input: SettleInput): { readonly drained: number; readonly other: number } {
  const otherAvailable = input.otherSide?.available ?? 0;
  const over = Math.max(0, input.other + input.drained - input.podsMax);
  let other = input.other - over;
  const remaining = Math.min(input.drainedSide.available, input.drained) + Math.min(otherAvailable, other);
  const missing = Math.max(0, input.availableMin - remaining);
  other += Math.min(Math.max(0, otherAvailable - other), missing);
  const drained = input.drained - Math.max(0, other + input.drained - input.podsMax);
  assert(drained >= 0 && other >= 0, 'a ReplicaSet never gets a negative size');
  return { drained, other };
}

export interface RoutedInput {
  readonly replicas: number;
  readonly weightTotal: number;
  /** The weight that counts for capacity: the step's, or setCanaryScale's own. */
  readonly scaleWeight: number;
  /** An exact number of pods that setCanaryScale asks for. */
  readonly scaleReplicas: number | undefined;
  readonly minPodsPerReplicaSet: number;
  readonly dynamicStableScale: boolean;
  /** Pods that stable keeps also without a share of the traffic. */
  readonly stableMin: number;
  /** Weights that the router was last seen with; absent before the first. */
  readonly observed: { readonly canary: number; readonly stable: number } | undefined;
  readonly aborted: boolean;
}

/** Pods of both sides when a router steers traffic: stable keeps its full size unless it scales with its share. */
export function splitByRouter(input: RoutedInput): Split {
  return { canary: routedCanary(input), stable: routedStable(input) };
}

function routedCanary(input: RoutedInput): number {
  let canary: number;
  if (input.scaleReplicas === undefined) canary = withMinPods(share(input, input.scaleWeight), input);
  else canary = input.dynamicStableScale ? withMinPods(input.scaleReplicas, input) : input.scaleReplicas;
  if (!input.dynamicStableScale || !input.aborted || input.observed === undefined) return canary;
  return Math.max(canary, withMinPods(share(input, input.observed.canary), input));
}

function routedStable(input: RoutedInput): number {
  if (!input.dynamicStableScale) return input.replicas;
  const scaleWeight = input.scaleReplicas === undefined ? input.scaleWeight : 0;
  const wanted = share(input, input.weightTotal - scaleWeight);
  const serving = input.observed === undefined ? wanted : share(input, input.observed.stable);
  return withMinPods(Math.max(wanted, serving, Math.min(input.stableMin, input.replicas)), input);
}

function share(input: RoutedInput, weight: number): number {
  return Math.ceil((input.replicas * weight) / input.weightTotal);
}

function withMinPods(pods: number, input: RoutedInput): number {
  return pods === 0 ? 0 : Math.max(pods, Math.min(input.minPodsPerReplicaSet, input.replicas));
}
