import type { Rollout, TrafficWeights } from '../../api/rollout.ts';
import { namesRouter } from '../../core/rollout/canary-settings.ts';
import type { LeftTarget } from '../../core/traffic.ts';
import { additionalServicesOf } from './reads.ts';

/**
 * What a Rollout has to put right that steered traffic and names no router any more: status still tells of the weights
 * that it was last seen with, and of their Services. Undefined when there is nothing of that kind.
 */
export function leftTargetOf(rollout: Rollout): LeftTarget | undefined {
  const { metadata, spec, status } = rollout;
  const weights = status?.canary?.weights ?? undefined;
  if (weights === undefined || namesRouter(spec.strategy?.canary?.trafficRouting)) return undefined;
  return {
    namespace: metadata.namespace ?? '',
    rolloutName: metadata.name,
    rolloutUid: metadata.uid ?? '',
    stableService: weights.stable.serviceName ?? '',
    canaryService: weights.canary.serviceName ?? '',
    additionalServices: additionalServicesOf(rollout),
    weightTotal: totalOf(weights),
  };
}

/** All traffic, in the unit of these weights. */
export function totalOf({ canary, stable, additional = [] }: TrafficWeights): number {
  return [canary, stable, ...additional].reduce((total, { weight }) => total + weight, 0);
}
