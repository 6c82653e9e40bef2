import type { CanaryStep, TrafficRouting } from '../rollout.ts';
import type { StepCheck } from './step-check.ts';
import { invalid, required, STRATEGY_PATH, type Problem } from './problem.ts';
import { GATEWAY_API_PLUGIN } from './supported.ts';

type HeaderMatch = NonNullable<NonNullable<CanaryStep['setHeaderRoute']>['match']>[number];
type TextMatch = HeaderMatch['headerValue'];
type MirrorRoute = NonNullable<CanaryStep['setMirrorRoute']>;

/** Steps that create routes: by header, and mirrors. */
export function validateRouteSteps({ step, canary }: StepCheck, path: string): readonly Problem[] {
  return [
    ...validateHeaderRoute(step, canary.trafficRouting, `${path}.setHeaderRoute`),
    ...validateMirrorRoute(step, canary.trafficRouting, `${path}.setMirrorRoute`),
    ...validateManagedRoutes(step, canary.trafficRouting, path),
    ...validateForGatewayApi(step, canary.trafficRouting, path),
  ];
}

function validateHeaderRoute(step: CanaryStep, routing: TrafficRouting | undefined, path: string): readonly Problem[] {
  const route = step.setHeaderRoute;
  if (route === undefined) return [];
  const routers = [routing?.istio, routing?.alb, routing?.apisix];
  if (routers.every((router) => router === undefined) && Object.keys(routing?.plugins ?? {}).length === 0) {
    return [
      invalid(
        path,
        { name: route.name, match: route.match },
        'SetHeaderRoute requires TrafficRouting, supports Istio and ALB and Apisix',
      ),
    ];
  }
  return (route.match ?? []).flatMap(({ headerValue }, index) => {
    const at = `${path}.match[${index}]`;
    if (routing?.alb === undefined) return validateTextMatch(headerValue, at);
    const { exact = '', regex = '', prefix = '' } = headerValue;
    if (exact !== '' && regex === '' && prefix === '') return [];
    return [invalid(at, headerValue, "SetHeaderRoute match value invalid. ALB supports 'exact' value only")];
  });
}

function validateMirrorRoute(step: CanaryStep, routing: TrafficRouting | undefined, path: string): readonly Problem[] {
  const route = step.setMirrorRoute;
  if (route === undefined) return [];
  const supported = routing?.istio !== undefined || Object.keys(routing?.plugins ?? {}).length > 0;
  const problems = supported
    ? []
    : [invalid(path, mirrorAsShown(route), 'SetMirrorRoute requires TrafficRouting, supports Istio and Plugins')];
  return [
    ...problems,
    ...(route.match ?? []).flatMap((match, index) =>
      [match.method, match.path, ...Object.values(match.headers ?? {})].flatMap((text) =>
        text === undefined ? [] : validateTextMatch(text, `${path}.match[${index}]`),
      ),
    ),
  ];
}

/** With its fields in the order in which the API shows them. */
function mirrorAsShown({ name, match, percentage }: MirrorRoute): MirrorRoute {
  return { name, match: match?.map(({ method, path, headers }) => ({ method, path, headers })), percentage };
}

/** What the Gateway API cannot express would be left out in silence. */
function validateForGatewayApi(
  { setHeaderRoute, setMirrorRoute }: CanaryStep,
  routing: TrafficRouting | undefined,
  path: string,
): readonly Problem[] {
  const settings = routing?.plugins?.[GATEWAY_API_PLUGIN];
  if (routing?.plugins === undefined || !(GATEWAY_API_PLUGIN in routing.plugins)) return [];
  const problems: Problem[] = [];
  if ((setHeaderRoute?.match ?? []).length > 0 && !takesHeaderRoutes(settings)) {
    const detail =
      'no route takes header routes; set useHeaderRoutes: true for those in httpRoutes or grpcRoutes that should';
    problems.push(invalid(`${path}.setHeaderRoute`, setHeaderRoute?.name, detail));
  }
  const mirrored = setMirrorRoute?.match ?? [];
  if (mirrored.length > 0 && !hasHttpRoute(settings)) {
    const detail = 'only an HTTPRoute can mirror; name one in httpRoutes, or remove the step';
    problems.push(invalid(`${path}.setMirrorRoute`, setMirrorRoute?.name, detail));
  }
  for (const [index, { method }] of mirrored.entries()) {
    if (method === undefined || (method.exact ?? '') !== '') continue;
    const detail = 'the Gateway API compares methods as a whole; use exact';
    problems.push(invalid(`${path}.setMirrorRoute.match[${index}].method`, method, detail));
  }
  return problems;
}

function takesHeaderRoutes(settings: unknown): boolean {
  return ['httpRoute', 'grpcRoute'].some((field) => {
    const listed = listedRoutes(settings, field);
    return isNamed(settings, field) || listed.some((route) => fieldOf(route, 'useHeaderRoutes') === true);
  });
}

function hasHttpRoute(settings: unknown): boolean {
  if (isNamed(settings, 'httpRoute') || listedRoutes(settings, 'httpRoute').length > 0) return true;
  return fieldOf(settings, 'httpRouteSelector') !== undefined;
}

function isNamed(settings: unknown, field: string): boolean {
  const name = fieldOf(settings, field);
  return typeof name === 'string' && name !== '';
}

function listedRoutes(settings: unknown, field: string): readonly unknown[] {
  const listed = fieldOf(settings, `${field}s`);
  return Array.isArray(listed) ? listed : [];
}

function fieldOf(object: unknown, field: string): unknown {
  return typeof object === 'object' && object !== null ? Reflect.get(object, field) : undefined;
}

function validateTextMatch(match: TextMatch, path: string): readonly Problem[] {
  const count = [match.exact, match.regex, match.prefix].filter((text) => (text ?? '') !== '').length;
  if (count === 1) return [];
  const detail =
    count === 0
      ? 'StringMatch value missed, match value must have one of the following: exact, regex, prefix'
      : 'StringMatch match value must have exactly one of the following: exact, regex, prefix';
  const { exact, regex, prefix } = match;
  return [invalid(path, { exact, regex, prefix }, detail)];
}

function validateManagedRoutes(
  step: CanaryStep,
  routing: TrafficRouting | undefined,
  path: string,
): readonly Problem[] {
  const used = (['setHeaderRoute', 'setMirrorRoute'] as const).filter((name) => step[name] !== undefined);
  if (routing === undefined || used.length === 0) return [];
  const managed = routing.managedRoutes;
  if (managed === undefined) {
    const field = 'spec.strategy.canary.trafficRouting.managedRoutes';
    return [required(`${STRATEGY_PATH}.trafficRouting.managedRoutes`, `Rollout has missing field '${field}'`)];
  }
  return used
    .map((name) => ({ name, route: step[name]?.name ?? '' }))
    .filter(({ route }) => !managed.some((entry) => entry.name === route))
    .map(({ name, route }) => {
      const detail = 'Steps define a route that does not exist in spec.strategy.canary.trafficRouting.managedRoutes';
      return invalid(`${path}.${name}`, route, detail);
    });
}
