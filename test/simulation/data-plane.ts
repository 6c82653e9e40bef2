import type { KubeObject } from '../../src/api/kube-object.ts';
import type { EndpointSlice, HttpRoute, Ingress, ReplicaSet } from '../../src/api/workloads.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { nextRouteStatus } from '../../src/demo/data-plane/route-status.ts';
import type { StoreAccess } from '../../src/kube-memory/resource.ts';

export const NAMESPACE = 'shop';
export const STABLE_SERVICE = 'shop-stable';
export const CANARY_SERVICE = 'shop-canary';
export const ACTIVE_SERVICE = 'shop-active';
export const PREVIEW_SERVICE = 'shop-preview';

const ROUTES = 'httproutes.gateway.networking.k8s.io';
const INGRESSES = 'ingresses.networking.k8s.io';
const SLICES = 'endpointslices.discovery.k8s.io';
const CANARY_WEIGHT = 'nginx.ingress.kubernetes.io/canary-weight';

export interface DataPlaneOptions {
  readonly store: StoreAccess;
  readonly clock: Clock;
  /** From a change of a route or an Ingress to its effect on requests. */
  readonly routeLagMs: () => number;
  /** Names of pods of each Service change this much later than its EndpointSlices. */
  readonly endpointLagMs: () => number;
}

/** Where requests go: weights and endpoints as a proxy knows them, a little behind the API. */
export class DataPlane {
  readonly #options: DataPlaneOptions;
  readonly #endpoints = new Map<string, readonly string[]>();
  readonly #stops: (() => void)[];
  #canaryWeight: number | undefined;
  /** Called after each change of what requests meet. */
  onChange: () => void = () => undefined;

  constructor(options: DataPlaneOptions) {
    this.#options = options;
    const { store, clock, routeLagMs, endpointLagMs } = options;
    const later = (delayMs: number, run: () => void): void => {
      clock.schedule(delayMs, () => {
        run();
        this.onChange();
      });
    };
    this.#stops = [
      store.subscribe(ROUTES, ({ type, object, old }) => {
        if (type !== 'DELETED' && old?.metadata.generation !== object.metadata.generation)
          later(routeLagMs(), () => this.#readRoute(object.metadata.name));
      }),
      store.subscribe(INGRESSES, () => later(routeLagMs(), () => this.#readIngresses())),
      store.subscribe(SLICES, () => later(endpointLagMs(), () => this.#readSlices())),
    ];
  }

  /** The canary's share of requests in percent, as the proxy splits them now; undefined before there is a route. */
  get canaryWeight(): number | undefined {
    return this.#canaryWeight;
  }

  /** Names of the pods that requests for a Service go to. */
  podsOf(service: string): readonly string[] {
    return this.#endpoints.get(service) ?? [];
  }

  /** Hashes of the versions that requests go to now. */
  servedVersions(): ReadonlySet<string> {
    const weight = this.#canaryWeight ?? 0;
    const pods = [
      ...this.podsOf(ACTIVE_SERVICE),
      ...(weight < 100 ? this.podsOf(STABLE_SERVICE) : []),
      ...(weight > 0 ? this.podsOf(CANARY_SERVICE) : []),
    ];
    return new Set(pods.map((name) => /^shop-(.+)-[^-]+$/.exec(name)?.[1] ?? ''));
  }

  stop(): void {
    for (const stop of this.#stops) stop();
  }

  #readRoute(name: string): void {
    const { store, clock } = this.#options;
    const route = store.get(ROUTES, NAMESPACE, name) as HttpRoute | undefined;
    if (route === undefined) return;
    this.#canaryWeight = weightIn(route);
    const status = nextRouteStatus(
      route,
      (namespace, service) => store.get('services', namespace, service) !== undefined,
      clock.nowMs(),
    );
    if (status !== undefined) store.update(ROUTES, { ...route, status } as KubeObject, 'status');
  }

  #readIngresses(): void {
    const ingresses = this.#options.store.list(INGRESSES, NAMESPACE) as readonly Ingress[];
    const canary = ingresses.find(({ metadata }) => metadata.annotations?.[CANARY_WEIGHT] !== undefined);
    this.#canaryWeight = Number(canary?.metadata.annotations?.[CANARY_WEIGHT] ?? 0);
  }

  #readSlices(): void {
    const slices = this.#options.store.list(SLICES, NAMESPACE) as readonly EndpointSlice[];
    this.#endpoints.clear();
    for (const slice of slices) {
      const service = slice.metadata.labels?.['kubernetes.io/service-name'] ?? '';
      const ready = (slice.endpoints ?? []).filter((endpoint) => endpoint.conditions?.ready === true);
      const pods = ready.map((endpoint) => endpoint.targetRef?.name ?? '');
      this.#endpoints.set(service, [...this.podsOf(service), ...pods]);
    }
  }
}

/** The canary's percentage in the first rule that names both Services. */
export function weightIn(route: HttpRoute): number | undefined {
  for (const rule of route.spec.rules ?? []) {
    const canary = rule.backendRefs?.find(({ name }) => name === CANARY_SERVICE);
    const stable = rule.backendRefs?.find(({ name }) => name === STABLE_SERVICE);
    if (canary === undefined || stable === undefined) continue;
    const total = (canary.weight ?? 1) + (stable.weight ?? 1);
    return total === 0 ? 0 : ((canary.weight ?? 1) * 100) / total;
  }
  return undefined;
}

export function imageOf(replicaSet: ReplicaSet): string {
  return replicaSet.spec.template.spec?.containers?.[0]?.image ?? '';
}
