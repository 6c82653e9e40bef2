import {
  abortScaleDownDelayOf,
  maxTrafficWeightOf,
  replicasOf,
  scaleDownDelaySecondsOf,
  updateBoundsOf,
} from '../../api/defaults.ts';
import { roleServicesOf, type StablePingPong } from '../../api/role-services.ts';
import type { CanaryStep, CanaryStrategy, RolloutSpec, TrafficRouting } from '../../api/rollout.ts';
import { isPlainObject } from '../../lib/merge-patch.ts';

/**
 * The canary strategy with defaults and percentages resolved; everything is in pods, weights or milliseconds. What
 * blue-green shares with it counts for blue-green too; the rest is as if nothing of it were set.
 */
export interface CanarySettings {
  readonly replicas: number;
  readonly steps: readonly CanaryStep[];
  readonly maxSurge: number;
  readonly maxUnavailable: number;
  /** With a router: how many pods of the new version may be on their way to being available at once; no limit if unset. */
  readonly unreadyMax: number | undefined;
  /** With a stable side that shrinks: how many pods there may be of both versions; no limit if maxSurge is unset. */
  readonly podsMax: number | undefined;
  readonly routing: TrafficRouting | undefined;
  /** False also where `routing` names no router: then there is no weight that anybody could wait for. */
  readonly hasRouter: boolean;
  /** What counts as all traffic. */
  readonly weightTotal: number;
  /** Of the two ping-pong Services the one that has this role now, where there are such. */
  readonly canaryService: string | undefined;
  readonly stableService: string | undefined;
  /** The Services swap roles at the end of an update; their selectors stay. */
  readonly pingPong: boolean;
  /** Services that follow a role beside ping-pong Services, without traffic of the router. */
  readonly followers: { readonly canary: string | undefined; readonly stable: string | undefined };
  readonly dynamicStableScale: boolean;
  /** Pods that the stable version keeps while the stable Service leads to it, whatever its share of the traffic is. */
  readonly stableMin: number;
  readonly minPodsPerReplicaSet: number;
  readonly threshold: { readonly percent: boolean; readonly value: number } | undefined;
  readonly scaleDownDelayMs: number;
  readonly scaleDownDelayRevisionsMax: number;
  /** How long the pods of an aborted version stay; `keep` leaves them running. */
  readonly abortScaleDownDelayMs: number | 'keep';
  readonly abortDelayIsExplicit: boolean;
}

export function canarySettingsOf(spec: RolloutSpec, stablePingPong?: StablePingPong): CanarySettings {
  const canary: CanaryStrategy = spec.strategy?.canary ?? {};
  const blueGreen = spec.strategy?.blueGreen ?? undefined;
  const replicas = replicasOf(spec);
  const routing = canary.trafficRouting ?? undefined;
  const bounds = updateBoundsOf(
    blueGreen === undefined ? canary : { maxUnavailable: blueGreen.maxUnavailable },
    replicas,
  );
  const abortDelay = abortScaleDownDelayOf(spec);
  const { pingPong: _, ...named } = canary;
  const pingPong = canary.pingPong !== undefined && canary.pingPong !== null;
  const services = roleServicesOf(canary, stablePingPong);
  const isBounded = routing !== undefined && canary.maxSurge !== undefined;
  return {
    replicas,
    steps: canary.steps ?? [],
    maxSurge: bounds.surge,
    maxUnavailable: bounds.unavailable,
    unreadyMax: isBounded ? Math.max(1, bounds.surge) : undefined,
    podsMax: isBounded && canary.dynamicStableScale === true ? replicas + bounds.surge : undefined,
    routing,
    hasRouter: namesRouter(routing),
    weightTotal: weightTotalOf(routing),
    canaryService: services.canary,
    stableService: services.stable,
    pingPong,
    followers: pingPong ? roleServicesOf(named, undefined) : { canary: undefined, stable: undefined },
    dynamicStableScale: routing !== undefined && canary.dynamicStableScale === true,
    // Without endpoints behind the main Ingress ingress-nginx answers 503, also for what is the canary's.
    stableMin: isPlainObject(routing?.nginx) ? 1 : 0,
    minPodsPerReplicaSet: routing === undefined ? 0 : (canary.minPodsPerReplicaSet ?? 0),
    threshold: thresholdOf(canary),
    scaleDownDelayMs: scaleDownDelaySecondsOf(spec) * 1_000,
    scaleDownDelayRevisionsMax: (blueGreen ?? canary).scaleDownDelayRevisionLimit ?? Number.POSITIVE_INFINITY,
    abortScaleDownDelayMs: abortDelay.seconds === 0 ? 'keep' : abortDelay.seconds * 1_000,
    abortDelayIsExplicit: abortDelay.explicit,
  };
}

/** Whether there is anybody to ask for weights. Every router has a block of its own, or one among the plug-ins; what else there may be is no block. */
export function namesRouter(routing: TrafficRouting | undefined): boolean {
  return Object.entries(routing ?? {}).some(
    ([field, block]: [string, unknown]) =>
      isPlainObject(block) && (field !== 'plugins' || Object.keys(block).length > 0),
  );
}

/** Only these routers can count in other units than percent. */
function weightTotalOf(routing: TrafficRouting | undefined): number {
  const countsFreely = routing?.nginx !== undefined || routing?.plugins !== undefined;
  return maxTrafficWeightOf(countsFreely ? routing : undefined);
}

function thresholdOf(canary: CanaryStrategy): CanarySettings['threshold'] {
  const threshold = canary.replicaProgressThreshold;
  if (threshold === undefined || threshold.value < 0) return undefined;
  return { percent: threshold.type === 'Percent', value: threshold.value };
}
