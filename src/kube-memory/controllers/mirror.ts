import { controllerOf, type KubeObject } from '../../api/kube-object.ts';
import type { StoreAccess, StoreChange } from '../resource.ts';

/**
 * Indexes over one resource. Entries are read from the store itself, so they are never older than the store; after a write of
 * its own a controller calls `refresh`, and changes by others arrive with their events.
 */
export class Mirror {
  readonly resource: string;
  readonly #store: StoreAccess;
  readonly #indexKeys: (object: KubeObject) => readonly string[];
  readonly #entries = new Map<string, KubeObject>();
  readonly #index = new Map<string, Set<string>>();
  readonly #listeners: ((change: StoreChange) => void)[] = [];
  readonly #unsubscribe: () => void;

  constructor(store: StoreAccess, resource: string, indexKeys: (object: KubeObject) => readonly string[] = () => []) {
    this.#store = store;
    this.resource = resource;
    this.#indexKeys = indexKeys;
    for (const object of store.list(resource)) this.#put(keyOf(object), object);
    this.#unsubscribe = store.subscribe(resource, (change) => {
      this.refresh(change.object.metadata.namespace, change.object.metadata.name);
      for (const listener of this.#listeners) listener(change);
    });
  }

  /** Keys (`namespace/name`) of all objects. */
  keys(): readonly string[] {
    return [...this.#entries.keys()];
  }

  get(key: string): KubeObject | undefined {
    const { namespace, name } = splitKey(key);
    return this.#store.get(this.resource, namespace, name);
  }

  /** The objects under an index key, in order of their names. */
  indexed(indexKey: string): readonly KubeObject[] {
    const found: KubeObject[] = [];
    for (const key of [...(this.#index.get(indexKey) ?? [])].toSorted()) {
      const object = this.#entries.get(key);
      if (object !== undefined) found.push(object);
    }
    return found;
  }

  count(indexKey: string): number {
    return this.#index.get(indexKey)?.size ?? 0;
  }

  onChange(listener: (change: StoreChange) => void): void {
    this.#listeners.push(listener);
  }

  /** Takes over what the store holds now under this name. */
  refresh(namespace: string | undefined, name: string): void {
    const key = namespace === undefined ? name : `${namespace}/${name}`;
    const object = this.#store.get(this.resource, namespace, name);
    if (object === undefined) this.#remove(key);
    else this.#put(key, object);
  }

  stop(): void {
    this.#unsubscribe();
  }

  #put(key: string, object: KubeObject): void {
    this.#remove(key);
    this.#entries.set(key, object);
    for (const indexKey of this.#indexKeys(object)) {
      const members = this.#index.get(indexKey);
      if (members === undefined) this.#index.set(indexKey, new Set([key]));
      else members.add(key);
    }
  }

  #remove(key: string): void {
    const object = this.#entries.get(key);
    if (object === undefined) return;
    this.#entries.delete(key);
    for (const indexKey of this.#indexKeys(object)) {
      const members = this.#index.get(indexKey);
      members?.delete(key);
      if (members?.size === 0) this.#index.delete(indexKey);
    }
  }
}

/** `namespace/name`, or the name alone for cluster-scoped objects. */
export function keyOf(object: KubeObject): string {
  const { namespace, name } = object.metadata;
  return namespace === undefined ? name : `${namespace}/${name}`;
}

export function splitKey(key: string): { readonly namespace: string | undefined; readonly name: string } {
  const slash = key.indexOf('/');
  return slash < 0
    ? { namespace: undefined, name: key }
    : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** Index keys that several controllers share. */
export const byOwner = (uid: string): string => `owner:${uid}`;
export const orphansOf = (namespace: string): string => `orphans:${namespace}`;
export const inNamespace = (namespace: string): string => `namespace:${namespace}`;
export const byLabel = (namespace: string, name: string, value: string): string =>
  `label:${namespace}/${name}=${value}`;

/** Indexes an object by its controller, or as an orphan of its namespace. */
export function ownerIndexKeys(object: KubeObject): readonly string[] {
  const controller = controllerOf(object);
  return [controller === undefined ? orphansOf(object.metadata.namespace ?? '') : byOwner(controller.uid)];
}

/** Indexes a pod by controller, namespace and each of its labels. */
export function podIndexKeys(pod: KubeObject): readonly string[] {
  const namespace = pod.metadata.namespace ?? '';
  const labels = Object.entries(pod.metadata.labels ?? {}).map(([name, value]) => byLabel(namespace, name, value));
  return [...ownerIndexKeys(pod), inNamespace(namespace), ...labels];
}
