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

/** What of a request decides on its way. */
export interface RoutedRequest {
  readonly host: string;
  readonly path: string;
  readonly method: string;
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** The rule that a request meets: the most specific match of all routes; of equal ones the first. */
export function matchRule(
  routes: readonly HttpRoute[],
  request: RoutedRequest,
): { readonly key: string; readonly backends: readonly Backend[] } | undefined {
  let best: { rank: Rank; route: HttpRoute; rule: RouteRule; index: number } | undefined;
  for (const route of routes) {
    if (!hostFits(route.spec.hostnames ?? [], request.host)) continue;
    (route.spec.rules ?? []).forEach((rule, index) => {
      const rank = rankOf(rule, request);
      if (rank !== undefined && (best === undefined || outranks(rank, best.rank))) best = { rank, route, rule, index };
    });
  }
  if (best === undefined) return undefined;
  const namespace = best.route.metadata.namespace ?? 'default';
  const backends = (best.rule.backendRefs ?? []).map((ref, index) => toBackend(ref, namespace, index));
  const part = best.rule.name ?? String(best.index);
  return { key: `${namespace}/${best.route.metadata.name}/${part}`, backends };
}

function hostFits(hostnames: readonly string[], host: string): boolean {
  if (hostnames.length === 0) return true;
  return hostnames.some((name) => name === host || (name.startsWith('*.') && host.endsWith(name.slice(1))));
}

/** How specific a match is, as the Gateway API compares: exact path, length of the path, method, count of headers. */
type Rank = readonly [number, number, number, number];

function outranks(left: Rank, right: Rank): boolean {
  const at = left.findIndex((part, index) => part !== right[index]);
  return at !== -1 && (left[at] ?? 0) > (right[at] ?? 0);
}

/** Undefined when no match of the rule fits. Query parameters are not looked at. */
function rankOf(rule: RouteRule, request: RoutedRequest): Rank | undefined {
  const matches = rule.matches ?? [];
  const ranks = (matches.length === 0 ? [{}] : matches).map((match) => matchRank(match, request));
  return ranks.reduce((best, rank) =>
    best === undefined || (rank !== undefined && outranks(rank, best)) ? rank : best,
  );
}

interface ValueMatch {
  readonly type?: string;
  readonly name: string;
  readonly value: string;
}

function matchRank(match: Readonly<Record<string, unknown>>, request: RoutedRequest): Rank | undefined {
  const { type = 'PathPrefix', value = '/' } = (match['path'] ?? {}) as Partial<ValueMatch>;
  const headers = (match['headers'] ?? []) as readonly ValueMatch[];
  const method = match['method'];
  if (!pathFits({ type, value }, request.path)) return undefined;
  if (method !== undefined && method !== request.method) return undefined;
  if (!headers.every((header) => headerFits(header, request))) return undefined;
  return [type === 'Exact' ? 1 : 0, value.length, method === undefined ? 0 : 1, headers.length];
}

function pathFits({ type, value }: { readonly type: string; readonly value: string }, path: string): boolean {
  if (type === 'Exact') return path === value;
  if (type !== 'PathPrefix') return false;
  const prefix = value.replace(/\/$/, '');
  return path === prefix || path.startsWith(`${prefix}/`);
}

function headerFits({ type = 'Exact', name, value }: ValueMatch, request: RoutedRequest): boolean {
  return type === 'Exact' && request.headers[name.toLowerCase()] === value;
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
