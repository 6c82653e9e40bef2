import type { Clock } from '../lib/clock.ts';
import { seededRandom } from '../lib/random.ts';
import type { Authorize } from './access-review.ts';
import { ApiServer } from './api-server.ts';
import { endpointSliceResource, loopbackEndpointSliceResource } from './builtin/endpoint-slices.ts';
import { builtinResources } from './builtin/registry.ts';
import { customResourceDefinitionResource, runCustomResources } from './crd.ts';
import type { FaultHooks } from './faults.ts';
import { runGarbageCollection } from './garbage.ts';
import { listen } from './http.ts';
import { kubeconfigYaml } from './kubeconfig.ts';
import { defaultNamespaces, runNamespaces } from './namespaces.ts';
import { ResourceRegistry } from './registry.ts';
import type { ApiRequest, ApiResponse, RequestFacts } from './request.ts';
import type { ResourceDefinition } from './resource.ts';
import type { ServerState } from './server-state.ts';
import { InProcessStore } from './store-access.ts';
import { Store } from './store.ts';

export interface KubeMemoryOptions {
  /** Stamps, bookmarks, time-outs and delays run on this clock. */
  readonly clock: Clock;
  /** Loopback port; 0 (the default) takes any free one. */
  readonly port?: number;
  /** Kinds besides CustomResourceDefinition; default: all built-in ones. */
  readonly resources?: readonly ResourceDefinition[];
  /** What /version says, e.g. `v1.34.0`. */
  readonly kubernetesVersion?: string;
  readonly faults?: FaultHooks;
  /** Requests must carry it as a bearer token. */
  readonly token?: string;
  /** May deny requests (403); everything is allowed without it. */
  readonly authorize?: Authorize;
  /** Told of every request for a resource, also of those that faults then break. */
  readonly record?: (facts: RequestFacts) => void;
  /** Seed of uids and generated names. */
  readonly seed?: number;
  /** Changes kept per resource before watches and continue tokens expire. */
  readonly historyMax?: number;
  /** Leaves dependents to their fate when owners go: for comparisons with an API server that stands alone. */
  readonly collectsGarbage?: false;
  /** Takes endpoints on loopback, which a real API server refuses: for pods that are servers on this machine. */
  readonly loopbackEndpoints?: true;
}

/** A Kubernetes API in this process. */
export interface KubeMemory {
  /** `http://127.0.0.1:PORT`; empty when the server has no port (`createKubeMemory`). */
  readonly url: string;
  readonly store: InProcessStore;
  /** A kubeconfig for kubectl and other clients, as YAML. */
  kubeconfig(): string;
  /** Answers a request in process, with the same semantics as over HTTP. Rejects with ConnectionLost when a fault says so. */
  handle(request: ApiRequest): Promise<ApiResponse>;
  stop(): Promise<void>;
}

/** Starts the server on a loopback port. */
export async function startKubeMemory(options: KubeMemoryOptions): Promise<KubeMemory> {
  const core = createCore(options);
  const front = await listen(core.api, options.port ?? 0);
  return {
    url: front.url,
    store: core.store,
    kubeconfig: () => kubeconfigYaml(front.url, options.token),
    handle: (request) => core.api.handle(request),
    stop: async () => {
      core.stop();
      await front.close();
    },
  };
}

/** The server without a port, for simulations: requests go through `handle`. */
export function createKubeMemory(options: Omit<KubeMemoryOptions, 'port'>): KubeMemory {
  const core = createCore(options);
  return {
    url: '',
    store: core.store,
    kubeconfig: () => kubeconfigYaml('', options.token),
    handle: (request) => core.api.handle(request),
    stop: () => {
      core.stop();
      return Promise.resolve();
    },
  };
}

function createCore(options: KubeMemoryOptions): { api: ApiServer; store: InProcessStore; stop: () => void } {
  const builtin = options.resources ?? builtinResources;
  const definitions = [
    ...(options.loopbackEndpoints === true ? builtin.map(onLoopback) : builtin),
    customResourceDefinitionResource,
  ];
  const server: ServerState = {
    clock: options.clock,
    random: seededRandom(options.seed ?? 1),
    store: new Store(options.historyMax === undefined ? {} : { historyMax: options.historyMax }),
    registry: new ResourceRegistry(definitions),
  };
  const store = new InProcessStore(server);
  const stops = [runCustomResources(server), runNamespaces(server)];
  if (options.collectsGarbage !== false) stops.push(runGarbageCollection(server));
  if (server.registry.get('namespaces') !== undefined) {
    for (const namespace of defaultNamespaces()) store.create('namespaces', namespace);
  }
  const api = new ApiServer(server, {
    kubernetesVersion: options.kubernetesVersion ?? 'v1.34.0',
    faults: options.faults ?? {},
    authorize: options.authorize ?? (() => ({ allowed: true })),
    token: options.token,
    record: options.record,
  });
  return { api, store, stop: () => stops.forEach((stop) => stop()) };
}

function onLoopback(definition: ResourceDefinition): ResourceDefinition {
  return definition === endpointSliceResource ? loopbackEndpointSliceResource : definition;
}
