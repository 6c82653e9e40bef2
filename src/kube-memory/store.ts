import type { KubeObject } from '../api/kube-object.ts';
import { assert } from '../lib/assert.ts';
import { deepFreeze } from './json-value.ts';

/** One committed change; a DELETED one carries the last state at the revision of the deletion. */
export interface StoredChange {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly revision: number;
  readonly object: KubeObject;
  readonly old: KubeObject | undefined;
}

export type ChangeListener = (change: StoredChange) => void;

/** Changes kept per resource for watches and for reads of the past. */
const HISTORY_MAX = 2_000;

/**
 * Versioned objects by resource, as etcd would keep them: one revision counter over everything, bounded history, and listeners
 * that hear of every commit in order, in a later turn. Knows neither schemas nor HTTP.
 */
export class Store {
  #revision = 1;
  readonly #collections = new Map<string, Collection>();
  readonly #listeners = new Map<string, Set<ChangeListener>>();
  readonly #hooks = new Map<string, Set<ChangeListener>>();
  #pending: { readonly resource: string; readonly change: StoredChange }[] = [];
  #delivering = false;
  readonly #historyMax: number;

  constructor(options: { readonly historyMax?: number } = {}) {
    this.#historyMax = options.historyMax ?? HISTORY_MAX;
  }

  /** The revision of the newest commit. */
  get revision(): number {
    return this.#revision;
  }

  collection(resource: string): Collection {
    let collection = this.#collections.get(resource);
    if (collection === undefined) {
      collection = new Collection(this.#historyMax);
      this.#collections.set(resource, collection);
    }
    return collection;
  }

  /** Stores the object under a new revision (which becomes its resourceVersion) and returns it frozen. */
  put(resource: string, object: KubeObject): KubeObject {
    const old = this.collection(resource).get(object.metadata.namespace, object.metadata.name);
    const revision = ++this.#revision;
    const stored = withRevision(object, revision);
    this.#commit(resource, { type: old === undefined ? 'ADDED' : 'MODIFIED', revision, object: stored, old });
    return stored;
  }

  /** Takes the object out; returns its last state at the revision of the deletion. */
  remove(resource: string, object: KubeObject): KubeObject {
    const old = this.collection(resource).get(object.metadata.namespace, object.metadata.name);
    assert(old !== undefined, 'only stored objects are removed');
    const revision = ++this.#revision;
    const last = withRevision(object, revision);
    this.#commit(resource, { type: 'DELETED', revision, object: last, old });
    return last;
  }

  /** Drops a whole resource without events, when its definition is gone. */
  forget(resource: string): void {
    this.#collections.delete(resource);
  }

  /** Calls `listener` after each commit of the resource (`*` for all), in order, in a later turn, from the next commit on. */
  listen(resource: string, listener: ChangeListener): () => void {
    let listeners = this.#listeners.get(resource);
    if (listeners === undefined) this.#listeners.set(resource, (listeners = new Set()));
    const since = this.#revision;
    const heard: ChangeListener = (change) => {
      if (change.revision > since) listener(change);
    };
    listeners.add(heard);
    return () => listeners.delete(heard);
  }

  /** Calls `run` within each commit of the resource, before anyone else can see its effect. */
  onCommit(resource: string, run: ChangeListener): () => void {
    let hooks = this.#hooks.get(resource);
    if (hooks === undefined) this.#hooks.set(resource, (hooks = new Set()));
    hooks.add(run);
    return () => hooks.delete(run);
  }

  /** Forgets the history of every resource, so that older revisions are gone (410). */
  compact(): void {
    for (const collection of this.#collections.values()) collection.compact(this.#revision);
  }

  #commit(resource: string, change: StoredChange): void {
    this.collection(resource).record(change);
    for (const run of this.#hooks.get(resource) ?? []) run(change);
    this.#pending.push({ resource, change });
    if (this.#pending.length === 1 && !this.#delivering) queueMicrotask(() => this.#deliver());
  }

  #deliver(): void {
    this.#delivering = true;
    try {
      for (let index = 0; index < this.#pending.length; index++) {
        const { resource, change } = this.#pending[index]!;
        for (const listener of this.#listeners.get(resource) ?? []) listener(change);
        for (const listener of this.#listeners.get('*') ?? []) listener(change);
      }
    } finally {
      this.#pending = [];
      this.#delivering = false;
    }
  }
}

/** The objects of one resource in etcd's order (namespace, then name) and its latest changes. */
export class Collection {
  readonly #namespaces = new Map<string, SortedObjects>();
  #namespaceNames: string[] = [];
  #history: StoredChange[] = [];
  #compactedRevision = 0;
  #lastRevision = 0;
  readonly #historyMax: number;

  constructor(historyMax: number) {
    this.#historyMax = historyMax;
  }

  /** Changes at or under this revision are no longer known. */
  get compactedRevision(): number {
    return this.#compactedRevision;
  }

  get(namespace: string | undefined, name: string): KubeObject | undefined {
    return this.#namespaces.get(namespace ?? '')?.get(name);
  }

  /** All objects in order, or those of one namespace; starts after the given key when there is one. */
  *objects(namespace: string | undefined, after?: ObjectKey): Generator<KubeObject> {
    const names = namespace === undefined ? this.#namespaceNames : [namespace];
    for (const inNamespace of names) {
      if (after !== undefined && inNamespace < after.namespace) continue;
      const sorted = this.#namespaces.get(inNamespace);
      if (sorted === undefined) continue;
      yield* sorted.after(after !== undefined && inNamespace === after.namespace ? after.name : undefined);
    }
  }

  count(namespace: string | undefined): number {
    if (namespace !== undefined) return this.#namespaces.get(namespace)?.size ?? 0;
    let count = 0;
    for (const sorted of this.#namespaces.values()) count += sorted.size;
    return count;
  }

  /** The objects as they were at `revision`, in order; undefined when history does not reach that far back. */
  objectsAt(revision: number, namespace: string | undefined): readonly KubeObject[] | undefined {
    if (revision < this.#compactedRevision) return undefined;
    if (revision >= this.#lastRevision) return [...this.objects(namespace)];
    const past = new Map<string, KubeObject>();
    for (const object of this.objects(namespace)) past.set(keyOf(object), object);
    for (let index = this.#history.length - 1; index >= 0; index--) {
      const change = this.#history[index]!;
      if (change.revision <= revision) break;
      if (namespace !== undefined && change.object.metadata.namespace !== namespace) continue;
      if (change.old === undefined) past.delete(keyOf(change.object));
      else past.set(keyOf(change.object), change.old);
    }
    return [...past.entries()].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, object]) => object);
  }

  /** The changes after `revision`, oldest first; undefined when some of them are forgotten. */
  changesAfter(revision: number): readonly StoredChange[] | undefined {
    if (revision < this.#compactedRevision) return undefined;
    let low = 0;
    let high = this.#history.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#history[middle]!.revision <= revision) low = middle + 1;
      else high = middle;
    }
    return this.#history.slice(low);
  }

  record(change: StoredChange): void {
    const namespace = change.object.metadata.namespace ?? '';
    if (change.type === 'DELETED') this.#delete(namespace, change.object.metadata.name);
    else this.#set(namespace, change.object);
    this.#lastRevision = change.revision;
    this.#history.push(change);
    if (this.#history.length > this.#historyMax * 2) this.#dropOldest(this.#history.length - this.#historyMax);
  }

  compact(revision: number): void {
    this.#history = [];
    this.#compactedRevision = revision;
  }

  #dropOldest(count: number): void {
    const newestDropped = this.#history[count - 1];
    if (newestDropped === undefined) return;
    this.#compactedRevision = newestDropped.revision;
    this.#history = this.#history.slice(count);
  }

  #set(namespace: string, object: KubeObject): void {
    let sorted = this.#namespaces.get(namespace);
    if (sorted === undefined) {
      sorted = new SortedObjects();
      this.#namespaces.set(namespace, sorted);
      this.#namespaceNames = [...this.#namespaces.keys()].sort();
    }
    sorted.set(object);
  }

  #delete(namespace: string, name: string): void {
    const sorted = this.#namespaces.get(namespace);
    sorted?.delete(name);
    if (sorted?.size !== 0) return;
    this.#namespaces.delete(namespace);
    this.#namespaceNames = this.#namespaceNames.filter((other) => other !== namespace);
  }
}

export interface ObjectKey {
  readonly namespace: string;
  readonly name: string;
}

/** `namespace/name`, ordered as etcd orders its keys. */
export function keyOf(object: KubeObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}

/** Objects by name with their names kept in order by binary insertion. */
class SortedObjects {
  readonly #byName = new Map<string, KubeObject>();
  readonly #names: string[] = [];

  get size(): number {
    return this.#byName.size;
  }

  get(name: string): KubeObject | undefined {
    return this.#byName.get(name);
  }

  set(object: KubeObject): void {
    const name = object.metadata.name;
    if (!this.#byName.has(name)) this.#names.splice(this.#position(name), 0, name);
    this.#byName.set(name, object);
  }

  delete(name: string): void {
    if (this.#byName.delete(name)) this.#names.splice(this.#position(name), 1);
  }

  *after(name: string | undefined): Generator<KubeObject> {
    let start = name === undefined ? 0 : this.#position(name);
    if (name !== undefined && this.#names[start] === name) start++;
    for (const each of this.#names.slice(start)) {
      const object = this.#byName.get(each);
      if (object !== undefined) yield object;
    }
  }

  #position(name: string): number {
    let low = 0;
    let high = this.#names.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#names[middle]! < name) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function withRevision(object: KubeObject, revision: number): KubeObject {
  const { apiVersion, kind, metadata, ...rest } = object;
  return deepFreeze({ apiVersion, kind, metadata: { ...metadata, resourceVersion: String(revision) }, ...rest });
}
