import { integerOf, maxSurgeOf, maxUnavailableOf, type IntOrPercent } from '../defaults.ts';
import type { CanaryStrategy, RolloutSpec, TrafficRouting } from '../rollout.ts';
import { ruleNameOf } from '../managed-route-name.ts';
import { validateAntiAffinity } from './anti-affinity.ts';
import { validateStep } from './canary-step.ts';
import { labelSelectorSchema } from '../schema/common.ts';
import { validateLabelSelector } from './label-selector.ts';
import { internal, invalid, STRATEGY_PATH, type Problem } from './problem.ts';
import { GATEWAY_API_PLUGIN } from './supported.ts';

const PATH = 'spec.strategy.canary';

/** The checks of the API in its order, then those that are ours. */
export function validateCanary(canary: CanaryStrategy, spec: RolloutSpec): readonly Problem[] {
  return [
    ...validateSurge(canary),
    ...validateServices(canary),
    ...validatePingPong(canary),
    ...validateRoutedServices(canary),
    ...validateScaling(canary),
    ...(canary.steps ?? []).flatMap((step, index) => validateStep({ step, index, canary, spec })),
    ...validateAntiAffinity(canary.antiAffinity, `${STRATEGY_PATH}.antiAffinity`),
    ...validateIngressNames(canary.trafficRouting),
    ...validateManagedNames(canary.trafficRouting),
    ...validateRouteSelectors(canary.trafficRouting),
    ...validateStartingStep(canary),
  ];
}

function validateSurge(canary: CanaryStrategy): readonly Problem[] {
  if (amountOf(maxSurgeOf(canary)) !== 0 || amountOf(maxUnavailableOf(canary)) !== 0) return [];
  return [invalid(`${STRATEGY_PATH}.maxSurge`, canary.maxSurge, 'MaxSurge and MaxUnavailable both can not be zero')];
}

/** The number in a count or percentage; what is neither counts as 0. */
function amountOf(value: IntOrPercent): number {
  return integerOf(typeof value === 'string' ? value.replace(/%$/, '') : value) ?? 0;
}

function validateServices(canary: CanaryStrategy): readonly Problem[] {
  const { canaryService = '', stableService = '' } = canary;
  if (canaryService === '' || canaryService !== stableService) return [];
  const detail =
    'This rollout uses the same service for the stable and canary services, but two different services are required.';
  return [invalid(`${STRATEGY_PATH}.stableService`, stableService, detail)];
}

function validatePingPong(canary: CanaryStrategy): readonly Problem[] {
  const { pingPong, trafficRouting } = canary;
  if (pingPong === undefined) return [];
  const { pingService, pongService } = pingPong;
  const problems: Problem[] = [];
  if (trafficRouting !== undefined && !canPingPong(trafficRouting)) {
    const detail = 'Ping-pong feature works with the ALB, Istio, and plugin-based traffic routers only';
    problems.push(invalid(`${STRATEGY_PATH}.trafficRouting.alb`, null, detail));
  }
  const both = 'Ping service and Pong service must to be set to use Ping-Pong feature';
  if (pingService === '') problems.push(invalid(`${STRATEGY_PATH}.pingPong.pingService`, pingService, both));
  if (pongService === '') problems.push(invalid(`${STRATEGY_PATH}.pingPong.pongService`, pongService, both));
  if (pingService === pongService) {
    const detail =
      'This rollout uses the same service for the ping and pong services, but two different services are required.';
    problems.push(invalid(`${STRATEGY_PATH}.pingPong.pingService`, pingService, detail));
  }
  const alb = trafficRouting?.alb;
  if (alb !== undefined && (alb.rootService ?? '') === '') {
    const detail = 'Root service field is required for the configuration with ALB and ping-pong feature enabled';
    problems.push(invalid(`${STRATEGY_PATH}.trafficRouting.alb.rootService`, alb.rootService ?? '', detail));
  }
  return problems;
}

function canPingPong({ alb, istio, plugins }: TrafficRouting): boolean {
  return alb !== undefined || istio !== undefined || Object.keys(plugins ?? {}).length > 0;
}

function validateRoutedServices(canary: CanaryStrategy): readonly Problem[] {
  if (!needsServices(canary)) return [];
  const detail = 'Canary service and Stable service must to be set to use Traffic Routing';
  const names = ['stableService', 'canaryService'] as const;
  return names
    .filter((name) => (canary[name] ?? '') === '')
    .map((name) => invalid(`${STRATEGY_PATH}.${name}`, canary[name] ?? '', detail));
}

function needsServices(canary: CanaryStrategy): boolean {
  const routing = canary.trafficRouting;
  if (routing === undefined) return false;
  if (routing.alb !== undefined && canary.pingPong === undefined) return true;
  if (routing.istio !== undefined && routing.istio.destinationRule === undefined && canary.pingPong === undefined)
    return true;
  // Gateway API routes find their backends by these names; without them the API's plug-in fails on every pass.
  if (routing.plugins !== undefined && GATEWAY_API_PLUGIN in routing.plugins && canary.pingPong === undefined)
    return true;
  const { smi, apisix, ambassador, nginx, appMesh, traefik } = routing;
  return [smi, apisix, ambassador, nginx, appMesh, traefik].some((router) => router !== undefined);
}

function validateScaling(canary: CanaryStrategy): readonly Problem[] {
  const { trafficRouting, scaleDownDelaySeconds, dynamicStableScale } = canary;
  const problems: Problem[] = [];
  if (trafficRouting === undefined) {
    if (scaleDownDelaySeconds !== undefined) {
      const detail = 'Canary scaleDownDelaySeconds can only be used with traffic routing';
      problems.push(invalid(`${STRATEGY_PATH}.scaleDownDelaySeconds`, scaleDownDelaySeconds, detail));
    }
    if (dynamicStableScale === true) {
      const detail = 'Canary dynamicStableScale can only be used with traffic routing';
      problems.push(invalid(`${STRATEGY_PATH}.dynamicStableScale`, true, detail));
    }
    return problems;
  }
  if (scaleDownDelaySeconds !== undefined && dynamicStableScale === true) {
    const detail = 'Canary dynamicStableScale cannot be used with scaleDownDelaySeconds';
    problems.push(invalid(`${STRATEGY_PATH}.dynamicStableScale`, true, detail));
  }
  return [...problems, ...validateMaxTrafficWeight(trafficRouting)];
}

/** The most that a backendRef of a route can have. */
const ROUTE_WEIGHT_MAX = 1_000_000;

function validateMaxTrafficWeight(routing: TrafficRouting): readonly Problem[] {
  const weight = routing.maxTrafficWeight;
  if (weight === undefined) return [];
  const path = `${PATH}.trafficRouting.maxTrafficWeight`;
  const problems = weight < 1 ? [invalid(path, weight, 'must be greater than 0')] : [];
  if (weight > ROUTE_WEIGHT_MAX && GATEWAY_API_PLUGIN in (routing.plugins ?? {})) {
    problems.push(invalid(path, weight, `the Gateway API has weights up to ${ROUTE_WEIGHT_MAX}`));
  }
  if (routing.nginx !== undefined || Object.keys(routing.plugins ?? {}).length > 0) return problems;
  const detail = 'Canary maxTrafficWeight in traffic routing only supported in Nginx and Plugins';
  return [...problems, invalid(`${STRATEGY_PATH}.trafficRouting.maxTrafficWeight`, weight, detail)];
}

function validateIngressNames(routing: TrafficRouting | undefined): readonly Problem[] {
  const nginx = routing?.nginx;
  if (nginx === undefined) return [];
  const path = `${PATH}.trafficRouting.nginx`;
  const one = (nginx.stableIngress ?? '') !== '';
  const several = (nginx.stableIngresses ?? []).length > 0;
  if (one && several) {
    return [internal(path, 'Either StableIngress or StableIngresses must be configured. Both are configured.')];
  }
  if (one || several) return [];
  return [internal(path, 'Either StableIngress or StableIngresses must be configured. Neither are configured.')];
}

/** The settings of plug-ins have no schema of their own. */
function validateRouteSelectors(routing: TrafficRouting | undefined): readonly Problem[] {
  const settings: unknown = routing?.plugins?.[GATEWAY_API_PLUGIN];
  if (typeof settings !== 'object' || settings === null) return [];
  return ['httpRouteSelector', 'grpcRouteSelector'].flatMap((field) => {
    const selector: unknown = Reflect.get(settings, field);
    const path = `${PATH}.trafficRouting.plugins["${GATEWAY_API_PLUGIN}"].${field}`;
    if (selector === undefined || selector === null) return [];
    const parsed = labelSelectorSchema.safeParse(selector);
    if (parsed.success) return validateLabelSelector(parsed.data, path);
    return [invalid(path, selector, 'use matchLabels and matchExpressions, as in the selector of a Deployment')];
  });
}

/** Rules of routes are told apart by their names. */
function validateManagedNames(routing: TrafficRouting | undefined): readonly Problem[] {
  if (routing?.plugins === undefined || !(GATEWAY_API_PLUGIN in routing.plugins)) return [];
  const names = (routing.managedRoutes ?? []).map(({ name }) => name);
  const rules = names.map(ruleNameOf);
  return names.flatMap((name, index) => {
    const path = `${PATH}.trafficRouting.managedRoutes[${index}].name`;
    const rule = ruleNameOf(name);
    if (rule === '') return [invalid(path, name, 'rules of routes get this name; use letters and digits')];
    if (rules.indexOf(rule) === index) return [];
    return [invalid(path, name, `an earlier managed route has rules of the name ${rule} too; give each its own name`)];
  });
}

function validateStartingStep(canary: CanaryStrategy): readonly Problem[] {
  const start = canary.analysis?.startingStep;
  const count = canary.steps?.length ?? 0;
  if (start === undefined || (start >= 0 && start <= count)) return [];
  const detail = `the analysis would never start; steps are counted from 0 and there are ${count}`;
  return [invalid(`${PATH}.analysis.startingStep`, start, detail)];
}
