import type { KubeObject, ObjectRef, ResourceKind } from '../api/kube-object.ts';
import type { KubeWrite } from '../api/kube-write.ts';
import type { CacheChange, CacheOptions, KubeCaches, ObjectCache } from '../ports/kube.ts';
import type { DemoKube } from './stage.ts';

/** For tests: caches that hold what they are given, and a writer that remembers what it was asked to write. */
export class FakeKube implements DemoKube {
  readonly writes: KubeWrite[] = [];
  /** Thrown by the next write. */
  failure: Error | undefined;
  readonly #caches = new Map<string, FakeCache>();

  readonly caches: KubeCaches = {
    open: <T extends KubeObject>(kind: ResourceKind, options?: CacheOptions<T>): ObjectCache<T> => {
      const cache = this.#cacheOf(kind);
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the double trusts its test
      if (options?.indexes !== undefined) cache.indexes = options.indexes as FakeCache['indexes'];
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      return cache as unknown as ObjectCache<T>;
    },
    whenSynced: () => Promise.resolve(),
    release: () => undefined,
    close: () => Promise.resolve(),
  };

  readonly writer = {
    write: (write: KubeWrite): Promise<undefined> => {
      const { failure } = this;
      this.failure = undefined;
      this.writes.push(write);
      return failure === undefined ? Promise.resolve(undefined) : Promise.reject(failure);
    },
    fresh: () => true,
    whenFresh: (_refs: readonly ObjectRef[], run: () => void) => run(),
  };

  readonly reader = {
    get: (ref: ObjectRef) => Promise.resolve(this.#cacheOf(ref.kind).get(ref.namespace, ref.name)),
    list: (kind: ResourceKind, query?: { readonly namespace?: string }) =>
      Promise.resolve(this.#cacheOf(kind).list(query?.namespace)),
  };

  readonly events = { record: () => undefined, flush: () => Promise.resolve() };

  close(): Promise<void> {
    return Promise.resolve();
  }

  put(kind: ResourceKind, object: KubeObject): void {
    this.#cacheOf(kind).put(object);
  }

  #cacheOf(kind: ResourceKind): FakeCache {
    let cache = this.#caches.get(kind.plural);
    if (cache === undefined) {
      cache = new FakeCache(kind);
      this.#caches.set(kind.plural, cache);
    }
    return cache;
  }
}

class FakeCache implements ObjectCache {
  readonly kind: ResourceKind;
  readonly state = 'synced';
  indexes: Readonly<Record<string, (object: KubeObject) => readonly string[]>> = {};
  readonly #objects = new Map<string, KubeObject>();
  readonly #listeners = new Set<(change: CacheChange) => void>();

  constructor(kind: ResourceKind) {
    this.kind = kind;
  }

  put(object: KubeObject): void {
    const key = `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
    const old = this.#objects.get(key);
    this.#objects.set(key, object);
    for (const listener of this.#listeners)
      listener(old === undefined ? { type: 'added', object } : { type: 'updated', object, old });
  }

  get(namespace: string, name: string): KubeObject | undefined {
    return this.#objects.get(`${namespace}/${name}`);
  }

  list(namespace?: string): readonly KubeObject[] {
    return [...this.#objects.values()].filter(
      (object) => namespace === undefined || object.metadata.namespace === namespace,
    );
  }

  byIndex(index: string, value: string): readonly KubeObject[] {
    return this.list().filter((object) => this.indexes[index]?.(object).includes(value) === true);
  }

  subscribe(listener: (change: CacheChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
