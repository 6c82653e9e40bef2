import type { KubeObject } from '../api/kube-object.ts';
import { deleteObject } from './delete.ts';
import type { DeleteOptions, ResourceDefinition, StoreAccess, StoreChange } from './resource.ts';
import type { ServedResource } from './registry.ts';
import type { ServerState } from './server-state.ts';
import { notFound } from './status-error.ts';
import type { Target, WriteOptions } from './target.ts';
import { createObject, replaceObject } from './write.ts';

/** Who the simulated controllers are in managedFields, as in a cluster. */
const MANAGER = 'kube-controller-manager';

/** The store as simulated controllers see it: the semantics of the API without the wire. */
export class InProcessStore implements StoreAccess {
  readonly #server: ServerState;

  constructor(server: ServerState) {
    this.#server = server;
  }

  get(resource: string, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.#server.store.collection(resource).get(namespace, name);
  }

  list(resource: string, namespace?: string): readonly KubeObject[] {
    return [...this.#server.store.collection(resource).objects(namespace)];
  }

  create(resource: string, object: KubeObject): KubeObject {
    const target = this.#target(resource, object.metadata.namespace, '');
    return createObject(this.#server, target, object, options('')).object;
  }

  update(resource: string, object: KubeObject, subresource?: 'status'): KubeObject {
    const target = this.#target(resource, object.metadata.namespace, object.metadata.name);
    return replaceObject(this.#server, target, object, options(subresource ?? '')).object;
  }

  delete(resource: string, namespace: string | undefined, name: string, how: DeleteOptions = {}): void {
    deleteObject(this.#server, this.#target(resource, namespace, name), how);
  }

  subscribe(resource: string, listener: (change: StoreChange) => void): () => void {
    return this.#server.store.listen(resource, ({ type, object, old }) => listener({ type, object, old }));
  }

  resources(): readonly ResourceDefinition[] {
    return this.#server.registry.all().flatMap((resource) => [...resource.versions]);
  }

  /** Forgets the history of changes: watches from older revisions and older continue tokens get 410. */
  compact(): void {
    this.#server.store.compact();
  }

  /** The revision of the newest commit. */
  get revision(): number {
    return this.#server.store.revision;
  }

  #target(key: string, namespace: string | undefined, name: string): Target {
    const resource = this.#server.registry.get(key);
    if (resource === undefined) throw notFound({ group: '', plural: key, kind: key }, name);
    return targetIn(resource, namespace, name);
  }
}

/** A target in the storage version of a resource. */
export function targetIn(resource: ServedResource, namespace: string | undefined, name: string): Target {
  const definition = resource.storage;
  return { resource, definition, namespace: definition.namespaced ? (namespace ?? 'default') : undefined, name };
}

function options(subresource: '' | 'status'): WriteOptions {
  return { dryRun: false, fieldManager: MANAGER, fieldValidation: 'Ignore', force: false, subresource };
}
