import type { TrafficWeights } from '../../api/rollout.ts';
import type { AdditionalDestination, TrafficPlan } from '../traffic.ts';
import { planManagedRoutes } from './managed-routes.ts';
import type { Position } from './position.ts';
import { aimOf, serviceNamed } from './service-aim.ts';
import { showsRoutes } from './shown-routes.ts';
import { isSettledAt, shownWeight } from './shown-weight.ts';
import type { World } from './world.ts';

/**
 * The weights as status keeps them. Who else has a part, or is about to get one, is among them: what is recorded here is
 * known again in the routes and taken away there, whatever has become of the Experiment.
 */
export function recordedWeights(
  world: World,
  position: Position,
  plan: TrafficPlan | undefined,
): TrafficWeights | undefined {
  const weights = weightsSeen(world, position);
  if (weights === undefined) return undefined;
  const { additional: before = [], ...rest } = weights;
  const shown = world.traffic.shown === undefined ? before.map(asDestination) : world.traffic.additional.flat();
  const parts = new Map([...(plan?.additional ?? []), ...shown].map((one) => [one.service, one]));
  if (parts.size === 0) return rest;
  const additional = [...parts.values()].map(({ service, weight }) => ({
    weight,
    serviceName: service,
    podTemplateHash: hashBehind(world, service),
  }));
  return { ...rest, additional };
}

function asDestination({
  serviceName = '',
  weight,
}: NonNullable<TrafficWeights['additional']>[number]): AdditionalDestination {
  return { service: serviceName, weight };
}

/**
 * The weights that the routers were seen with. A weight that the data plane has not accepted yet is not recorded; one
 * that only time can confirm is, as unverified, since its time is counted from here. Absent before the first update.
 */
function weightsSeen(world: World, position: Position): TrafficWeights | undefined {
  const before = world.status.canary?.weights ?? undefined;
  const { settings, traffic } = world;
  // What the router gave that the Rollout has left is remembered until it was taken back there.
  if (!settings.hasRouter && (world.observation.refusals ?? []).length > 0) return before;
  if (!settings.hasRouter || position.stableHash === '') return undefined;
  if (traffic.shown === undefined) return before;
  if (before === undefined && position.currentHash === position.stableHash) return undefined;
  const weight = Math.round(shownWeight(world));
  const routes = planManagedRoutes(world, position);
  const settled = isSettledAt(world, weight) && showsRoutes(world, routes);
  if (traffic.acceptance === 'pending' && !settled) return before;
  const seen: TrafficWeights = {
    canary: {
      weight,
      serviceName: settings.canaryService,
      podTemplateHash: behindCanaryService(world, position, weight > 0 || !settled),
    },
    stable: {
      weight: settings.weightTotal - weight - Math.round(partOfOthers(world)),
      serviceName: settings.stableService,
      podTemplateHash: position.stableHash,
    },
  };
  if (!settled) return { ...seen, verified: false };
  return traffic.acceptance === 'accepted' ? { ...seen, verified: true } : seen;
}

/** The highest part of others that a router shows. */
function partOfOthers({ traffic, settings }: World): number {
  const sums = traffic.additional.map((shown) => shown.reduce((sum, { weight }) => sum + weight, 0));
  return Math.min(settings.weightTotal, Math.max(0, ...sums));
}

function hashBehind(world: World, service: string): string | undefined {
  const versions = world.experiments.flatMap(({ status }) => status?.templateStatuses ?? []);
  const known = versions.find(({ serviceName }) => serviceName === service)?.podTemplateHash;
  const before = world.status.canary?.weights?.additional?.find(({ serviceName }) => serviceName === service);
  return known ?? before?.podTemplateHash;
}

/** Whose weight it is: of the update, unless an earlier version still has traffic through the canary Service. */
function behindCanaryService(world: World, position: Position, hasTraffic: boolean): string {
  const aim = aimOf(serviceNamed(world, world.settings.canaryService));
  return hasTraffic && aim !== undefined ? aim : position.currentHash;
}
