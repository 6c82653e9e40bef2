import type { KubeObject, ResourceKind } from '../../api/kube-object.ts';
import { assert } from '../../lib/assert.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import type { CacheChange, CacheOptions, ObjectCache } from '../../ports/kube.ts';
import type { Log } from '../../ports/telemetry.ts';
import { createBuckets } from './bucket.ts';
import type { Bucket, Buckets } from './bucket.ts';
import { matchesSelector } from './label-match.ts';
import { isOlder } from './resource-version.ts';
import type { Trim } from './trim.ts';

const NONE: readonly never[] = [];
/** Echoes that may be awaited; those that a broken watch never brings are forgotten with the rest. */
const ECHOES_MAX = 1_000;

/**
 * What a list-watch has seen, by namespace and name, and under the indexes that were asked for.
 *
 * An object never goes back: of one name, what is older than what is kept is ignored, wherever it comes from. So an answer
 * to our own write may be put in at once (`absorb`), ahead of the watch, and its echo changes nothing.
 */
export interface FillableCache<T extends KubeObject = KubeObject> extends ObjectCache<T> {
  /** How far the watch has come: everything up to this version has been seen. Undefined before the first list. */
  readonly version: string | undefined;
  /** Builds further indexes, of what is here and what will come. */
  addIndexes(definitions: NonNullable<CacheOptions<T>['indexes']>): void;
  /** True when the object of this namespace (empty: cluster-scoped) and name would be kept here, if its labels fit. */
  covers(namespace: string, name: string): boolean;
  /** A raw object, made ready to be kept. */
  prepare(raw: KubeObject): T;
  /** A whole list, read at `version`. */
  replace(objects: readonly T[], version: string): void;
  /** A raw object; it is kept, made ready for that. */
  changed(raw: KubeObject, version: string): void;
  deleted(raw: KubeObject): void;
  reached(version: string): void;
  /** The kind is not served: nothing exists. */
  unserved(): void;
  /** The right to watch is missing: what is kept may be old, and nobody may rest on it. */
  refused(): void;
  /** Forgets how far it had come: the world went back to an earlier version (a restored backup). */
  restart(): void;
  /** The answer to a write. Ignored when the watch is ahead of it or its labels may put it out of this cache's scope. */
  absorb(raw: KubeObject): void;
  /** True once for the version of an answer that was absorbed: the watch has nothing new to tell of it. */
  isEcho(version: string): boolean;
  /** What a live read of one object found at `version`; the watch's older news of it are ignored from then on. */
  settle(found: {
    readonly namespace: string;
    readonly name: string;
    readonly object: KubeObject | undefined;
    readonly version: string;
  }): void;
  /** Called whenever the cache may have come closer to something: changes, bookmarks, lists. */
  onProgress(run: () => void): void;
}

export function createCache<T extends KubeObject>(options: {
  readonly kind: ResourceKind;
  readonly trim: Trim;
  readonly log: Log;
  readonly scope?: CacheOptions<T>;
}): FillableCache<T> {
  const { kind, log } = options;
  const scope: CacheOptions<T> = options.scope ?? {};
  const objects = createBuckets<T>();
  const indexes = createIndexes<T>(log);
  indexes.add(scope.indexes ?? {}, []);
  const listeners = new Set<(change: CacheChange<T>) => void>();
  const progressed: (() => void)[] = [];
  /** Names that a live read was made of, and the version up to which the watch tells old news of them. */
  const floors = new Map<string, string>();
  /** Versions that were absorbed and that the watch has not told of yet. */
  const absorbed = new Set<string>();
  let state: ObjectCache['state'] = 'syncing';
  let version: string | undefined;
  let everything: readonly T[] | undefined;

  function emit(change: CacheChange<T>): void {
    for (const listener of listeners) {
      try {
        listener(change);
      } catch (cause) {
        log.error({ cause, kind: kind.kind, change: change.type }, 'a listener of a cache failed');
      }
    }
  }

  function progress(): void {
    for (const run of progressed) run();
  }

  function store(key: ObjectKey, object: T | undefined, old: T | undefined): void {
    everything = undefined;
    if (object === undefined) objects.remove(key.namespace, key.name);
    else objects.put(key.namespace, key.name, object);
    indexes.move(key, old, object);
  }

  function put(object: T): void {
    const key = keyOf(object);
    const old = objects.get(key.namespace)?.get(key.name);
    if (isOldNews(key, object, old)) return;
    if (old !== undefined && old.metadata.uid !== object.metadata.uid) {
      store(key, undefined, old);
      emit({ type: 'deleted', old });
      store(key, object, undefined);
      emit({ type: 'added', object });
      return;
    }
    if (old !== undefined) keepSpec(object, old);
    store(key, object, old);
    emit(old === undefined ? { type: 'added', object } : { type: 'updated', object, old });
  }

  function isOldNews(key: ObjectKey, object: T, old: T | undefined): boolean {
    const { resourceVersion } = object.metadata;
    if (old !== undefined)
      return old.metadata.resourceVersion === resourceVersion || isOlder(resourceVersion, old.metadata.resourceVersion);
    const floor = floors.size === 0 ? undefined : floors.get(floorKey(key));
    return floor !== undefined && !isOlder(floor, resourceVersion);
  }

  function remove(key: ObjectKey): void {
    const old = objects.get(key.namespace)?.get(key.name);
    if (old === undefined) return;
    store(key, undefined, old);
    emit({ type: 'deleted', old });
  }

  function advance(to: string | undefined): void {
    if (to === undefined || to === '' || isOlder(to, version)) return;
    version = to;
    for (const [key, floor] of floors) {
      if (!isOlder(version, floor)) floors.delete(key);
    }
    progress();
  }

  function inScope(raw: KubeObject): boolean {
    if (state !== 'synced' || !covers(raw.metadata.namespace ?? '', raw.metadata.name)) return false;
    const known = objects.get(raw.metadata.namespace ?? '')?.get(raw.metadata.name);
    const { labelSelector } = scope;
    const selected = labelSelector === undefined ? true : matchesSelector(raw.metadata.labels ?? {}, labelSelector);
    // An object whose labels left the selector is deleted by the watch, and by nothing else.
    return selected === true && (known !== undefined || isOlder(version, raw.metadata.resourceVersion));
  }

  function covers(namespace: string, name: string): boolean {
    return (
      (scope.namespace === undefined || scope.namespace === namespace) &&
      (scope.name === undefined || scope.name === name)
    );
  }

  function prepare(raw: KubeObject): T {
    // What nobody reads goes first: it needs no digest.
    const kept = scope.trim === undefined ? raw : scope.trim(raw as T);
    return options.trim(kept) as T;
  }

  function replace(listed: readonly T[], to: string): void {
    const present = new Set(listed.map((object) => floorKey(keyOf(object))));
    for (const bucket of objects.all()) {
      for (const old of bucket.list()) {
        // What was absorbed after the list was read is not in it, and has not gone.
        if (!present.has(floorKey(keyOf(old))) && !isOlder(to, old.metadata.resourceVersion)) remove(keyOf(old));
      }
    }
    for (const object of listed) put(object);
    state = 'synced';
    version = undefined;
    advance(to);
  }

  return {
    kind,
    get state() {
      return state;
    },
    get version() {
      return version;
    },
    get: (namespace, name) => objects.get(namespace)?.get(name),
    list(namespace) {
      if (namespace !== undefined) return objects.get(namespace)?.list() ?? NONE;
      everything ??= [...objects.all()].flatMap((bucket) => bucket.list());
      return everything;
    },
    byIndex: (index, value) => indexes.find(index, value),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    addIndexes(definitions) {
      indexes.add(definitions, objects.all());
    },
    covers,
    prepare,
    replace,
    changed(raw, to) {
      // The echo of our own write, most of the time.
      const old = objects.get(raw.metadata.namespace ?? '')?.get(raw.metadata.name);
      if (old?.metadata.resourceVersion !== to) put(prepare(raw));
      advance(to);
    },
    deleted(raw) {
      const key = keyOf(raw);
      const old = objects.get(key.namespace)?.get(key.name);
      const another =
        old !== undefined &&
        (isOlder(raw.metadata.resourceVersion, old.metadata.resourceVersion) || old.metadata.uid !== raw.metadata.uid);
      if (!another) remove(key);
      advance(raw.metadata.resourceVersion);
    },
    reached: advance,
    unserved() {
      for (const object of [...objects.all()].flatMap((bucket) => bucket.list())) remove(keyOf(object));
      state = 'unserved';
      version = undefined;
      progress();
    },
    refused() {
      state = 'refused';
      progress();
    },
    restart() {
      for (const object of [...objects.all()].flatMap((bucket) => bucket.list())) remove(keyOf(object));
      floors.clear();
      version = undefined;
    },
    absorb(raw) {
      if (!inScope(raw)) return;
      const { resourceVersion = '' } = raw.metadata;
      // The watch may be ahead of the answer, and then there is no echo to come.
      if (absorbed.size >= ECHOES_MAX) absorbed.clear();
      if (isOlder(version, resourceVersion)) absorbed.add(resourceVersion);
      put(prepare({ ...raw, metadata: { ...raw.metadata } }));
      progress();
    },
    isEcho: (told) => absorbed.delete(told),
    settle({ namespace, name, object, version: readAt }) {
      if (state !== 'synced') return;
      const key = { namespace, name };
      const old = objects.get(namespace)?.get(name);
      if (object !== undefined) put(prepare({ ...object, metadata: { ...object.metadata } }));
      else if (old !== undefined && !isOlder(readAt, old.metadata.resourceVersion)) remove(key);
      if (isOlder(version, readAt)) floors.set(floorKey(key), readAt);
      progress();
    },
    onProgress(run) {
      progressed.push(run);
    },
  };
}

/** Most news are of status. The spec stays the object that it was, so that what was made of it can be kept by it. */
function keepSpec(object: KubeObject, old: KubeObject): void {
  if (object.metadata.generation !== old.metadata.generation || !deepEqual(object['spec'], old['spec'])) return;
  (object as { spec?: unknown }).spec = old['spec'];
}

interface ObjectKey {
  readonly namespace: string;
  readonly name: string;
}

function keyOf(object: KubeObject): ObjectKey {
  return { namespace: object.metadata.namespace ?? '', name: object.metadata.name };
}

function floorKey(key: ObjectKey): string {
  return `${key.namespace}/${key.name}`;
}

interface Indexes<T extends KubeObject> {
  add(definitions: NonNullable<CacheOptions<T>['indexes']>, present: Iterable<Bucket<T>>): void;
  move(key: ObjectKey, old: T | undefined, object: T | undefined): void;
  find(index: string, value: string): readonly T[];
}

interface Index<T> {
  readonly valuesOf: (object: T) => readonly string[];
  readonly buckets: Buckets<T>;
}

function createIndexes<T extends KubeObject>(log: Log): Indexes<T> {
  const indexes = new Map<string, Index<T>>();
  return {
    add(definitions, present) {
      const added: Index<T>[] = [];
      for (const [name, valuesOf] of Object.entries(definitions)) {
        if (indexes.has(name)) continue;
        const index = { valuesOf: guarded(name, valuesOf, log), buckets: createBuckets<T>() };
        indexes.set(name, index);
        added.push(index);
      }
      if (added.length === 0) return;
      for (const bucket of present) {
        for (const object of bucket.list()) {
          for (const { valuesOf, buckets } of added) {
            for (const value of valuesOf(object)) buckets.put(value, floorKey(keyOf(object)), object);
          }
        }
      }
    },
    move(key, old, object) {
      if (indexes.size === 0) return;
      const entry = floorKey(key);
      for (const { valuesOf, buckets } of indexes.values()) {
        const values = object === undefined ? NONE : valuesOf(object);
        if (old !== undefined)
          for (const value of valuesOf(old)) if (!values.includes(value)) buckets.remove(value, entry);
        if (object !== undefined) for (const value of values) buckets.put(value, entry, object);
      }
    },
    find(name, value) {
      const index = indexes.get(name);
      assert(index !== undefined, `the index ${name} was asked for when the cache was opened`);
      return index.buckets.get(value)?.list() ?? NONE;
    },
  };
}

function guarded<T>(
  index: string,
  valuesOf: (object: T) => readonly string[],
  log: Log,
): (object: T) => readonly string[] {
  return (object) => {
    try {
      return valuesOf(object);
    } catch (cause) {
      log.error({ cause, index }, 'an index function failed; the object is not found by it');
      return NONE;
    }
  };
}
