import { deepEqual } from '../../lib/deep-equal.ts';
import { formatTimestamp } from '../../lib/timestamp.ts';
import type { HttpRoute, RouteParentStatus, Service } from '../../api/workloads.ts';

export const GATEWAY_CONTROLLER = 'headgate.dev/demo-gateway';

type RouteConditions = NonNullable<RouteParentStatus['conditions']>;
type RouteCondition = RouteConditions[number];

/**
 * What a gateway says about a route: for each parent whether it was accepted and whether its references exist, for the
 * generation that it works with. Undefined when the route's status says so already. Times of conditions that hold on
 * are kept, and what other gateways wrote stays.
 */
export function nextRouteStatus(
  route: HttpRoute,
  serviceExists: (namespace: string, name: string, port: number | undefined) => boolean,
  nowMs: number,
): HttpRoute['status'] | undefined {
  const written = route.status?.parents ?? [];
  const foreign = written.filter((parent) => parent.controllerName !== GATEWAY_CONTROLLER);
  const missing = missingBackends(route, serviceExists);
  const own = (route.spec.parentRefs ?? []).map((parentRef) => {
    const before = written.find(
      (parent) => parent.controllerName === GATEWAY_CONTROLLER && deepEqual(parent.parentRef, parentRef),
    );
    return {
      parentRef,
      controllerName: GATEWAY_CONTROLLER,
      conditions: conditionsOf(route, missing, before?.conditions ?? [], nowMs),
    };
  });
  const parents = [...foreign, ...own];
  return deepEqual(parents, written) ? undefined : { parents };
}

function conditionsOf(
  route: HttpRoute,
  missing: readonly string[],
  before: RouteConditions,
  nowMs: number,
): RouteConditions {
  const resolved = missing.length === 0;
  const facts = [
    { type: 'Accepted', status: 'True', reason: 'Accepted', message: 'The demo gateway routes by it' },
    {
      type: 'ResolvedRefs',
      status: resolved ? 'True' : 'False',
      reason: resolved ? 'ResolvedRefs' : 'BackendNotFound',
      message: resolved ? 'All backends exist' : `There is no ${missing.join(', no ')}`,
    },
  ] as const;
  return facts.map((fact): RouteCondition => {
    const previous = before.find((condition) => condition.type === fact.type);
    const since = previous?.status === fact.status ? previous.lastTransitionTime : undefined;
    return {
      ...fact,
      observedGeneration: route.metadata.generation,
      lastTransitionTime: since ?? formatTimestamp(nowMs),
    };
  });
}

function missingBackends(
  route: HttpRoute,
  serviceExists: (namespace: string, name: string, port: number | undefined) => boolean,
): string[] {
  const refs = (route.spec.rules ?? []).flatMap((rule) => rule.backendRefs ?? []);
  return refs
    .filter((ref) => !serviceExists(ref.namespace ?? route.metadata.namespace ?? 'default', ref.name, ref.port))
    .map((ref) => `Service ${ref.name} with port ${ref.port}`);
}

export function serviceHasPort(service: Service | undefined, port: number | undefined): boolean {
  return (service?.spec.ports ?? []).some((candidate) => candidate.port === port);
}
