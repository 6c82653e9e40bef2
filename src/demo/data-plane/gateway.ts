import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { KINDS } from '../../api/kinds.ts';
import type { EndpointSlice, HttpRoute, Service } from '../../api/workloads.ts';
import type { Clock, ScheduledCall } from '../../lib/clock.ts';
import type { Kube, KubeError } from '../../ports/kube.ts';
import { createProxy } from './proxy.ts';
import { nextRouteStatus, serviceHasPort } from './route-status.ts';
import type { RoutingView } from './routing.ts';

export interface GatewayOptions {
  readonly kube: Kube;
  readonly clock: Clock;
  /** Told about a status write that failed for another reason than an outdated version. */
  readonly onError: (deed: string, cause: unknown) => void;
}

export interface Gateway {
  readonly url: string;
  readonly close: () => void;
}

/** A pod that has not answered after this long counts as dead. */
const ANSWER_TIMEOUT_MS = 10_000;
const STATUS_RETRY_MS = 250;

/**
 * A gateway as a cluster would have one: it watches HTTPRoutes, Services and EndpointSlices through the API, routes by
 * them at once, and says in the routes' status which generation it works with.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { kube, clock } = options;
  const routes = kube.caches.open<HttpRoute>(KINDS.httpRoute);
  const services = kube.caches.open<Service>(KINDS.service);
  const slices = kube.caches.open<EndpointSlice>(KINDS.endpointSlice, { indexes: { service: serviceOfSlice } });
  const view: RoutingView = {
    routes: () => routes.list(),
    service: (namespace, name) => services.get(namespace, name),
    slices: (namespace, name) => slices.byIndex('service', `${namespace}/${name}`),
  };
  const proxy = createProxy({ view, answerTimeoutMs: ANSWER_TIMEOUT_MS });
  let planned: ScheduledCall | undefined;
  let closed = false;

  function planStatus(delayMs: number): void {
    if (planned !== undefined || closed) return;
    planned = clock.schedule(delayMs, () => {
      planned = undefined;
      void writeStatuses();
    });
  }

  async function writeStatuses(): Promise<void> {
    for (const route of routes.list()) {
      const status = nextRouteStatus(
        route,
        (namespace, name, port) => serviceHasPort(services.get(namespace, name), port),
        clock.nowMs(),
      );
      if (status === undefined) continue;
      const ref = { kind: KINDS.httpRoute, namespace: route.metadata.namespace ?? '', name: route.metadata.name };
      const body = { metadata: { resourceVersion: route.metadata.resourceVersion }, status };
      try {
        await kube.writer.write({ verb: 'patch', ref, patchType: 'merge', subresource: 'status', body });
      } catch (cause) {
        if (closed) return;
        if ((cause as Partial<KubeError>).reason !== 'conflict')
          options.onError(`writing the status of HTTPRoute ${ref.name}`, cause);
        planStatus(STATUS_RETRY_MS);
      }
    }
  }

  const stops = [
    routes.subscribe(() => {
      proxy.endpointsChanged();
      planStatus(0);
    }),
    services.subscribe(() => {
      proxy.endpointsChanged();
      planStatus(0);
    }),
    slices.subscribe(() => proxy.endpointsChanged()),
  ];
  planStatus(0);
  proxy.server.listen(0, '127.0.0.1');
  await once(proxy.server, 'listening');
  return {
    url: `http://127.0.0.1:${(proxy.server.address() as AddressInfo).port}`,
    close: () => {
      closed = true;
      planned?.cancel();
      for (const stop of stops) stop();
      proxy.close();
    },
  };
}

function serviceOfSlice(slice: EndpointSlice): readonly string[] {
  const service = slice.metadata.labels?.['kubernetes.io/service-name'];
  return service === undefined ? [] : [`${slice.metadata.namespace}/${service}`];
}
