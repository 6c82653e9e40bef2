import type { BackendRef, EndpointSlice, HttpRoute, RouteRule, Service } from '../../api/workloads.ts';

/** Everything that a request's way depends on, as the API server shows it now. */
export interface RoutingView {
  readonly routes: () => readonly HttpRoute[];
  readonly service: (namespace: string, name: string) => Service | undefined;
  /** EndpointSlices of a Service. */
  readonly slices: (namespace: string, serviceName: string) => readonly EndpointSlice[];
}

export interface Backend {
  /** Tells backends of one rule apart, and is stable while weights change. */
  readonly key: string;
  readonly namespace: string;
  readonly service: string;
  readonly port: number | undefined;
  readonly weight: number;
}

export interface UpstreamEndpoint {
  readonly key: string;
  readonly address: string;
  readonly port: number;
  readonly pod: string;
}

/** The rule that a request meets: the first whose host and path fit, the longest path first. */
export function matchRule(
  routes: readonly HttpRoute[],
  request: { readonly host: string; readonly path: string },
): { readonly key: string; readonly backends: readonly Backend[] } | undefined {
  let best: { length: number; route: HttpRoute; rule: RouteRule; index: number } | undefined;
  for (const route of routes) {
    if (!hostFits(route.spec.hostnames ?? [], request.host)) continue;
    (route.spec.rules ?? []).forEach((rule, index) => {
      const length = matchedPathLength(rule, request.path);
      if (length !== undefined && (best === undefined || length > best.length)) best = { length, route, rule, index };
    });
  }
  if (best === undefined) return undefined;
  const namespace = best.route.metadata.namespace ?? 'default';
  const backends = (best.rule.backendRefs ?? []).map((ref, index) => toBackend(ref, namespace, index));
  return { key: `${namespace}/${best.route.metadata.name}/${best.index}`, backends };
}

function hostFits(hostnames: readonly string[], host: string): boolean {
  if (hostnames.length === 0) return true;
  return hostnames.some((name) => name === host || (name.startsWith('*.') && host.endsWith(name.slice(1))));
}

/** How much of the path a rule's matches fit, undefined when none fits. Only paths are looked at. */
function matchedPathLength(rule: RouteRule, path: string): number | undefined {
  const matches = rule.matches ?? [];
  if (matches.length === 0) return 0;
  let longest: number | undefined;
  for (const match of matches) {
    const { type = 'PathPrefix', value = '/' } = (match['path'] ?? {}) as {
      readonly type?: string;
      readonly value?: string;
    };
    const prefix = value.replace(/\/$/, '');
    const fits =
      type === 'Exact' ? path === value : type === 'PathPrefix' && (path === prefix || path.startsWith(`${prefix}/`));
    if (fits) longest = Math.max(longest ?? 0, value.length);
  }
  return longest;
}

function toBackend(ref: BackendRef, routeNamespace: string, index: number): Backend {
  const namespace = ref.namespace ?? routeNamespace;
  return {
    key: `${index}/${namespace}/${ref.name}`,
    namespace,
    service: ref.name,
    port: ref.port,
    weight: ref.weight ?? 1,
  };
}

/**
 * Where requests for a Service may go: its ready endpoints; when there are none, those that still serve while they
 * terminate. Undefined when the Service or its port does not exist.
 */
export function endpointsOf(view: RoutingView, backend: Backend): readonly UpstreamEndpoint[] | undefined {
  const service = view.service(backend.namespace, backend.service);
  const port = service?.spec.ports?.find((candidate) => candidate.port === backend.port);
  if (service === undefined || port === undefined) return undefined;
  const ready: UpstreamEndpoint[] = [];
  const terminating: UpstreamEndpoint[] = [];
  for (const slice of view.slices(backend.namespace, backend.service)) {
    const target = (slice.ports ?? []).find((candidate) => (candidate.name ?? '') === (port.name ?? ''))?.port;
    if (target === undefined || target === null) continue;
    for (const endpoint of slice.endpoints ?? []) {
      const address = endpoint.addresses[0];
      if (address === undefined) continue;
      const upstream = { key: `${address}:${target}`, address, port: target, pod: endpoint.targetRef?.name ?? address };
      if (endpoint.conditions?.ready !== false) ready.push(upstream);
      else if (endpoint.conditions.serving === true && endpoint.conditions.terminating === true)
        terminating.push(upstream);
    }
  }
  return ready.length > 0 ? ready : terminating;
}
