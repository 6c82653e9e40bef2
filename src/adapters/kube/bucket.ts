/** Objects by key, with their list kept until something changes: reading costs no copy, writing costs no list. */
export interface Bucket<T> {
  get(key: string): T | undefined;
  set(key: string, object: T): void;
  delete(key: string): void;
  list(): readonly T[];
  readonly size: number;
}

export function createBucket<T>(): Bucket<T> {
  const byKey = new Map<string, T>();
  let listed: readonly T[] | undefined;
  return {
    get: (key) => byKey.get(key),
    set(key, object) {
      byKey.set(key, object);
      listed = undefined;
    },
    delete(key) {
      if (byKey.delete(key)) listed = undefined;
    },
    list() {
      listed ??= [...byKey.values()];
      return listed;
    },
    get size() {
      return byKey.size;
    },
  };
}

/** Buckets by name, made when first needed and dropped when empty. */
export interface Buckets<T> {
  get(name: string): Bucket<T> | undefined;
  put(name: string, key: string, object: T): void;
  remove(name: string, key: string): void;
  all(): Iterable<Bucket<T>>;
}

export function createBuckets<T>(): Buckets<T> {
  const byName = new Map<string, Bucket<T>>();
  return {
    get: (name) => byName.get(name),
    put(name, key, object) {
      let bucket = byName.get(name);
      if (bucket === undefined) {
        bucket = createBucket<T>();
        byName.set(name, bucket);
      }
      bucket.set(key, object);
    },
    remove(name, key) {
      const bucket = byName.get(name);
      if (bucket === undefined) return;
      bucket.delete(key);
      if (bucket.size === 0) byName.delete(name);
    },
    all: () => byName.values(),
  };
}
