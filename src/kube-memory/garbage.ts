import type { KubeObject, OwnerReference } from '../api/kube-object.ts';
import { deleteObject } from './delete.ts';
import type { DeleteOptions } from './resource.ts';
import type { ServedResource } from './registry.ts';
import type { ServerState } from './server-state.ts';
import { ApiError, qualifiedResource } from './status-error.ts';
import { targetIn } from './store-access.ts';
import type { StoredChange } from './store.ts';

const FOREGROUND = 'foregroundDeletion';
const ORPHAN = 'orphan';

/**
 * Deletes what lost all its owners, as the garbage collector of a cluster does: in the background, in the foreground (dependents
 * first) or not at all (orphans). Works from an index of owners, so that an event costs only the objects it concerns.
 */
export function runGarbageCollection(server: ServerState): () => void {
  const collector = new GarbageCollector(server);
  return server.store.listen('*', (change) => collector.heard(change));
}

interface Dependent {
  readonly resource: ServedResource;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly uid: string;
}

class GarbageCollector {
  readonly #server: ServerState;
  readonly #alive = new Set<string>();
  /** Dependents by the uid of their owner, then by their own uid. */
  readonly #dependents = new Map<string, Map<string, Dependent>>();

  constructor(server: ServerState) {
    this.#server = server;
  }

  heard(change: StoredChange): void {
    const { object, old } = change;
    const uid = object.metadata.uid ?? '';
    const owners = object.metadata.ownerReferences;
    if (
      old?.metadata.ownerReferences !== undefined &&
      (owners !== old.metadata.ownerReferences || change.type === 'DELETED')
    ) {
      for (const owner of old.metadata.ownerReferences) this.#dependents.get(owner.uid)?.delete(uid);
    }
    if (change.type === 'DELETED') {
      this.#alive.delete(uid);
      this.#ownerGone(uid);
      for (const owner of owners ?? []) this.#continueForeground(owner, object);
      return;
    }
    this.#alive.add(uid);
    if (owners !== undefined) this.#index(object, owners);
    if (change.type === 'ADDED' && owners !== undefined) this.#collectIfOwnerless(this.#dependentOf(object));
    if (object.metadata.deletionTimestamp !== undefined) this.#continueDeletion(object);
  }

  #index(object: KubeObject, owners: readonly OwnerReference[]): void {
    const dependent = this.#dependentOf(object);
    if (dependent === undefined) return;
    for (const owner of owners) {
      let dependents = this.#dependents.get(owner.uid);
      if (dependents === undefined) this.#dependents.set(owner.uid, (dependents = new Map()));
      dependents.set(dependent.uid, dependent);
    }
  }

  #dependentOf(object: KubeObject): Dependent | undefined {
    const resource = resourceOf(this.#server, object.apiVersion, object.kind);
    if (resource === undefined) return undefined;
    const { namespace, name, uid = '' } = object.metadata;
    return { resource, namespace, name, uid };
  }

  #ownerGone(uid: string): void {
    const dependents = this.#dependents.get(uid);
    this.#dependents.delete(uid);
    for (const dependent of dependents?.values() ?? []) this.#collectIfOwnerless(dependent);
  }

  /** Deletes a dependent without a living owner; one that has others left loses only the dangling references. */
  #collectIfOwnerless(dependent: Dependent | undefined): void {
    const object = dependent === undefined ? undefined : this.#read(dependent);
    if (dependent === undefined || object === undefined) return;
    const owners = object.metadata.ownerReferences ?? [];
    const gone = owners.filter((owner) => this.#isGone(owner));
    if (gone.length === 0) return;
    if (gone.length === owners.length) this.#delete(dependent, { propagationPolicy: policyOf(object) });
    else this.#write(dependent, { ownerReferences: owners.filter((owner) => !gone.includes(owner)) });
  }

  /** Owners of kinds that are not served are left alone: they cannot be looked up. */
  #isGone(owner: OwnerReference): boolean {
    return (
      !this.#alive.has(owner.uid) &&
      resourceOf(this.#server, owner.apiVersion, owner.kind) !== undefined &&
      !this.#isStored(owner)
    );
  }

  /** An owner may be committed while its event is still on the way. */
  #isStored(owner: OwnerReference): boolean {
    const resource = resourceOf(this.#server, owner.apiVersion, owner.kind);
    if (resource === undefined) return false;
    for (const object of this.#server.store.collection(resource.key).objects(undefined)) {
      if (object.metadata.uid === owner.uid) return true;
    }
    return false;
  }

  #continueDeletion(object: KubeObject): void {
    const finalizers = object.metadata.finalizers ?? [];
    if (finalizers.includes(ORPHAN)) this.#orphan(object);
    else if (finalizers.includes(FOREGROUND)) this.#foreground(object);
  }

  #orphan(owner: KubeObject): void {
    for (const dependent of this.#dependents.get(owner.metadata.uid ?? '')?.values() ?? []) {
      const object = this.#read(dependent);
      const others = (object?.metadata.ownerReferences ?? []).filter((each) => each.uid !== owner.metadata.uid);
      if (object !== undefined) this.#write(dependent, { ownerReferences: others });
    }
    this.#release(owner, ORPHAN);
  }

  #foreground(owner: KubeObject): void {
    const dependents = [...(this.#dependents.get(owner.metadata.uid ?? '')?.values() ?? [])];
    let blocked = false;
    for (const dependent of dependents) {
      const object = this.#read(dependent);
      const reference = object?.metadata.ownerReferences?.find((each) => each.uid === owner.metadata.uid);
      if (object === undefined || reference === undefined) continue;
      if (reference.blockOwnerDeletion === true) blocked = true;
      if (object.metadata.deletionTimestamp === undefined) this.#delete(dependent, { propagationPolicy: 'Foreground' });
      if (this.#read(dependent) === undefined) blocked = this.#hasBlockers(owner);
    }
    if (!blocked) this.#release(owner, FOREGROUND);
  }

  #hasBlockers(owner: KubeObject): boolean {
    for (const dependent of this.#dependents.get(owner.metadata.uid ?? '')?.values() ?? []) {
      const reference = this.#read(dependent)?.metadata.ownerReferences?.find(
        (each) => each.uid === owner.metadata.uid,
      );
      if (reference?.blockOwnerDeletion === true) return true;
    }
    return false;
  }

  /** A dependent lives in its owner's namespace, or its owner has none. */
  #continueForeground(owner: OwnerReference, dependent: KubeObject): void {
    if (!this.#alive.has(owner.uid)) return;
    const resource = resourceOf(this.#server, owner.apiVersion, owner.kind);
    if (resource === undefined) return;
    const namespace = resource.storage.namespaced ? dependent.metadata.namespace : undefined;
    const object = this.#server.store.collection(resource.key).get(namespace, owner.name);
    if (object?.metadata.uid === owner.uid && object.metadata.deletionTimestamp !== undefined)
      this.#continueDeletion(object);
  }

  #read(dependent: Dependent): KubeObject | undefined {
    const object = this.#server.store.collection(dependent.resource.key).get(dependent.namespace, dependent.name);
    return object?.metadata.uid === dependent.uid ? object : undefined;
  }

  #delete(dependent: Dependent, options: DeleteOptions): void {
    try {
      deleteObject(this.#server, targetIn(dependent.resource, dependent.namespace, dependent.name), {
        ...options,
        uid: dependent.uid,
      });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }

  #release(owner: KubeObject, finalizer: string): void {
    const dependent = this.#dependentOf(owner);
    const object = dependent === undefined ? undefined : this.#read(dependent);
    if (dependent === undefined || object === undefined) return;
    const finalizers = (object.metadata.finalizers ?? []).filter((each) => each !== finalizer);
    this.#write(dependent, { finalizers });
  }

  /** Writes metadata straight to the store; an object that is being deleted goes with its last finalizer. */
  #write(dependent: Dependent, change: Partial<KubeObject['metadata']>): void {
    const object = this.#read(dependent);
    if (object === undefined) return;
    const next = { ...object, metadata: withoutEmptyLists({ ...object.metadata, ...change }) };
    const { deletionTimestamp, finalizers, deletionGracePeriodSeconds } = next.metadata;
    const goes =
      deletionTimestamp !== undefined && (finalizers ?? []).length === 0 && (deletionGracePeriodSeconds ?? 0) === 0;
    if (goes) this.#server.store.remove(dependent.resource.key, next);
    else this.#server.store.put(dependent.resource.key, next);
  }
}

function withoutEmptyLists(metadata: KubeObject['metadata']): KubeObject['metadata'] {
  const { finalizers, ownerReferences, ...rest } = metadata;
  return {
    ...rest,
    ...(finalizers === undefined || finalizers.length === 0 ? {} : { finalizers }),
    ...(ownerReferences === undefined || ownerReferences.length === 0 ? {} : { ownerReferences }),
  };
}

function policyOf(object: KubeObject): 'Foreground' | 'Background' | 'Orphan' {
  const finalizers = object.metadata.finalizers ?? [];
  if (finalizers.includes(ORPHAN)) return 'Orphan';
  return finalizers.includes(FOREGROUND) ? 'Foreground' : 'Background';
}

function resourceOf(server: ServerState, apiVersion: string, kind: string): ServedResource | undefined {
  const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
  const resource = server.registry.byKind(group, kind);
  return resource === undefined ? undefined : server.registry.get(qualifiedResource(resource));
}
