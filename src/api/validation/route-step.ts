import type { CanaryStep, TrafficRouting } from '../rollout.ts';
import type { StepCheck } from './canary-step.ts';
import { invalid, required, type Problem } from './problem.ts';

type HeaderMatch = NonNullable<NonNullable<CanaryStep['setHeaderRoute']>['match']>[number];
type TextMatch = HeaderMatch['headerValue'];

/** Steps that create routes: by header, and mirrors. */
export function validateRouteSteps({ step, canary }: StepCheck, path: string): readonly Problem[] {
  return [
    ...validateHeaderRoute(step, canary.trafficRouting, `${path}.setHeaderRoute`),
    ...validateMirrorRoute(step, canary.trafficRouting, `${path}.setMirrorRoute`),
    ...validateManagedRoutes(step, canary.trafficRouting, path),
  ];
}

function validateHeaderRoute(step: CanaryStep, routing: TrafficRouting | undefined, path: string): readonly Problem[] {
  const route = step.setHeaderRoute;
  if (route === undefined) return [];
  const routers = [routing?.istio, routing?.alb, routing?.apisix];
  if (routers.every((router) => router === undefined) && Object.keys(routing?.plugins ?? {}).length === 0) {
    return [invalid(path, route, 'SetHeaderRoute requires TrafficRouting, supports Istio and ALB and Apisix')];
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
    : [invalid(path, route, 'SetMirrorRoute requires TrafficRouting, supports Istio only')];
  return [
    ...problems,
    ...(route.match ?? []).flatMap((match, index) =>
      [match.method, match.path, ...Object.values(match.headers ?? {})].flatMap((text) =>
        text === undefined ? [] : validateTextMatch(text, `${path}.match[${index}]`),
      ),
    ),
  ];
}

function validateTextMatch(match: TextMatch, path: string): readonly Problem[] {
  const count = [match.exact, match.regex, match.prefix].filter((text) => (text ?? '') !== '').length;
  if (count === 1) return [];
  const detail =
    count === 0
      ? 'StringMatch value missed, match value must have one of the following: exact, regex, prefix'
      : 'StringMatch match value must have exactly one of the following: exact, regex, prefix';
  return [invalid(path, match, detail)];
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
    return [required(field, `Rollout has missing field '${field}'`)];
  }
  return used
    .map((name) => ({ name, route: step[name]?.name ?? '' }))
    .filter(({ route }) => !managed.some((entry) => entry.name === route))
    .map(({ name, route }) => {
      const detail = 'Steps define a route that does not exist in spec.strategy.canary.trafficRouting.managedRoutes';
      return invalid(`${path}.${name}`, route, detail);
    });
}
