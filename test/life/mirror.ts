import type { ApiClient, Manifest } from '../support/api-client.ts';
import { watchObjects } from '../support/watch-objects.ts';

/** What the API server has told of the kinds that stories look at: looking costs no request. */
export interface Mirror {
  get(resource: MirroredResource, namespace: string, name: string): Manifest | undefined;
  list(resource: MirroredResource, namespace: string): readonly Manifest[];
  stop(): void;
}

const PATHS = {
  rollouts: '/apis/argoproj.io/v1alpha1/rollouts',
  replicaSets: '/apis/apps/v1/replicasets',
  services: '/api/v1/services',
  routes: '/apis/gateway.networking.k8s.io/v1/httproutes',
};
export type MirroredResource = keyof typeof PATHS;

/** Watches all namespaces; `replicaSetsChanged` hears of every change, with the namespace. */
export function startMirror(api: ApiClient, replicaSetsChanged: (namespace: string) => void): Mirror {
  const collections = new Map<string, Map<string, Map<string, Manifest>>>();
  const watches = Object.entries(PATHS).map(([resource, path]) => {
    const namespaces = new Map<string, Map<string, Manifest>>();
    collections.set(resource, namespaces);
    return watchObjects(api, path, (change, object) => {
      const { namespace = '', name } = object.metadata;
      const objects = namespaces.get(namespace) ?? new Map<string, Manifest>();
      namespaces.set(namespace, objects);
      if (change === 'present') objects.set(name, object);
      else objects.delete(name);
      if (resource === 'replicaSets') replicaSetsChanged(namespace);
    });
  });
  return {
    get: (resource, namespace, name) => collections.get(resource)?.get(namespace)?.get(name),
    list: (resource, namespace) => [...(collections.get(resource)?.get(namespace)?.values() ?? [])],
    stop: () => {
      for (const watch of watches) watch.stop();
    },
  };
}
