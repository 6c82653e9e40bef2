import type { KubeObject } from '../api/kube-object.ts';
import { deleteObject } from './delete.ts';
import type { ServerState } from './server-state.ts';
import { ApiError } from './status-error.ts';
import { targetIn } from './store-access.ts';

const DEFAULT_NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

/** Creates the namespaces that every cluster has, and takes away the content of namespaces that are being deleted. */
export function runNamespaces(server: ServerState): () => void {
  const resource = server.registry.get('namespaces');
  if (resource === undefined) return () => undefined;
  const terminating = new Set<string>();
  const stop = server.store.listen('*', (change) => {
    const { object } = change;
    if (change.type === 'DELETED') {
      const namespace = object.metadata.namespace;
      if (namespace === undefined) terminating.delete(object.metadata.name);
      else if (terminating.has(namespace)) removeWhenEmpty(server, namespace);
      return;
    }
    if (
      object.kind !== 'Namespace' ||
      object.metadata.deletionTimestamp === undefined ||
      terminating.has(object.metadata.name)
    )
      return;
    terminating.add(object.metadata.name);
    deleteContent(server, object.metadata.name);
    removeWhenEmpty(server, object.metadata.name);
  });
  return stop;
}

/** The objects of the default namespaces, for the server to create at its start. */
export function defaultNamespaces(): readonly KubeObject[] {
  return DEFAULT_NAMESPACES.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));
}

function deleteContent(server: ServerState, namespace: string): void {
  for (const resource of server.registry.all()) {
    if (!resource.storage.namespaced) continue;
    for (const object of server.store.collection(resource.key).objects(namespace)) {
      try {
        deleteObject(server, targetIn(resource, namespace, object.metadata.name), { propagationPolicy: 'Background' });
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
      }
    }
  }
}

function removeWhenEmpty(server: ServerState, name: string): void {
  const isEmpty = server.registry
    .all()
    .every((resource) => !resource.storage.namespaced || server.store.collection(resource.key).count(name) === 0);
  const namespace = server.store.collection('namespaces').get(undefined, name);
  if (!isEmpty || namespace === undefined || (namespace.metadata.finalizers ?? []).length > 0) return;
  server.store.remove('namespaces', namespace);
}
