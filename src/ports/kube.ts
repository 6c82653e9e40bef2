import type { KubeObject, ObjectRef, ResourceKind } from '../api/kube-object.ts';
import type { EventNotice, KubeWrite } from '../api/kube-write.ts';

/**
 * Kubernetes as the controllers see it: caches kept by list-watch, one writer, one event recorder, leases.
 *
 * Reads come from caches. A write returns the object as the API server answered it, and `fresh` tells whether the
 * caches have caught up with every write that went through the writer: no decision is taken on a cache that is older.
 */
export interface Kube {
  readonly caches: KubeCaches;
  readonly writer: KubeWriter;
  readonly reader: KubeReader;
  readonly events: EventRecorder;
}

export interface KubeCaches {
  /** Opens a list-watch, or returns the one that is open already for this kind and scope. Starts at once. */
  open<T extends KubeObject = KubeObject>(kind: ResourceKind, options?: CacheOptions<T>): ObjectCache<T>;
  /** Settles when every cache opened so far is either synced or known not to be served by this API server. */
  whenSynced(): Promise<void>;
  /** Ends the list-watch of a cache that this caller alone had opened; nothing of it is to be asked after that. */
  release(cache: ObjectCache): void;
  close(): Promise<void>;
}

export interface CacheOptions<T extends KubeObject = KubeObject> {
  /** Only this namespace; all namespaces when absent. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  /** Only the object of this name. */
  readonly name?: string;
  /**
   * The right to watch may be missing: then the cache is `refused`, which nobody waits for, and asked again from time to
   * time. It is so for everybody as soon as one of those who opened it says so.
   */
  readonly mayBeRefused?: boolean;
  /** Drops what nobody reads before the object is kept; `metadata.managedFields` is always reduced to a digest. */
  readonly trim?: (object: T) => T;
  /** Named indexes: which values an object is found under. Keys of namespaced things carry the namespace: `ns/name`. */
  readonly indexes?: Readonly<Record<string, (object: T) => readonly string[]>>;
}

export interface ObjectCache<T extends KubeObject = KubeObject> {
  readonly kind: ResourceKind;
  /**
   * `unserved`: the API server does not know the kind (its CRD is absent); it is asked again with backoff. `refused`: the
   * right to watch it is missing; only of a cache that was opened for that.
   */
  readonly state: 'syncing' | 'synced' | 'unserved' | 'refused';
  get(namespace: string, name: string): T | undefined;
  list(namespace?: string): readonly T[];
  byIndex(index: string, value: string): readonly T[];
  /** Called after each change, in order; a listener that throws is logged and harms nobody. Returns a function that ends it. */
  subscribe(listener: (change: CacheChange<T>) => void): () => void;
}

export type CacheChange<T extends KubeObject = KubeObject> =
  | { readonly type: 'added'; readonly object: T }
  | { readonly type: 'updated'; readonly object: T; readonly old: T }
  | { readonly type: 'deleted'; readonly old: T };

/** Live reads for the rare case in which no cache may be kept (Secrets, a single foreign object). */
export interface KubeReader {
  /** Undefined when the object (or its kind) does not exist. */
  get(ref: ObjectRef, options?: ReadOptions): Promise<KubeObject | undefined>;
  list(
    kind: ResourceKind,
    query?: { readonly namespace?: string; readonly labelSelector?: string },
  ): Promise<readonly KubeObject[]>;
}

export interface ReadOptions {
  /** Reads as this user (`system:serviceaccount:ns:name`). */
  readonly impersonate?: string;
}

/** Which kinds the API server serves. */
export interface KindDirectory {
  /** Undefined when the API server does not serve the kind. Throws KubeError. */
  find(apiVersion: string, kind: string, options?: ReadOptions): Promise<ResourceKind | undefined>;
}

export interface KubeWriter {
  /**
   * Carries out one write and remembers it for the read-your-writes barrier.
   * Throws KubeError; a delete of what is gone already succeeds with undefined.
   */
  write(write: KubeWrite, options?: WriteOptions): Promise<KubeObject | undefined>;
  /** False while the cache of this object is older than our last write to it. */
  fresh(ref: ObjectRef): boolean;
  /** Calls `run` once, as soon as every given object is fresh (at once if they all are), or after a bounded time. */
  whenFresh(refs: readonly ObjectRef[], run: () => void): void;
}

export interface WriteOptions {
  readonly fieldManager?: string;
  readonly dryRun?: boolean;
  /** Acts as this user (`system:serviceaccount:ns:name`). */
  readonly impersonate?: string;
}

/** Posts events in order per object, each occurrence a write of its own, in the background; coalesces only above a rate limit. */
export interface EventRecorder {
  record(involved: KubeObject, notice: EventNotice): void;
  /** Settles when everything recorded so far was posted or given up, at the latest after `withinMs`. */
  flush(withinMs: number): Promise<void>;
}

/** What a failed call to the API server means to the caller. */
export type KubeErrorReason =
  | 'conflict' // 409: an outdated resourceVersion, a failed `test`, or a field conflict of an apply
  | 'already-exists'
  | 'not-found'
  | 'forbidden' // 401 or 403
  | 'invalid' // 400 or 422: the same request will never succeed
  | 'too-many-requests' // 429, also an eviction refused by a PodDisruptionBudget
  | 'gone' // 410
  | 'unavailable'; // 5xx, time-out, connection lost: it may or may not have been carried out

/** Thrown by readers and writers of the Kubernetes adapter. */
export interface KubeError extends Error {
  readonly name: 'KubeError';
  readonly reason: KubeErrorReason;
  readonly status: number;
  /** The server's own message. */
  readonly message: string;
  readonly causes: readonly { readonly field?: string; readonly reason?: string; readonly message?: string }[];
  readonly retryAfterMs?: number;
}

/** A de-duplicating queue of keys, worked by a bounded number of workers; one key is never worked on twice at once. */
export interface WorkQueue {
  /** Queues the key now; while it is being worked on, it is queued again right after. */
  add(key: string): void;
  /** Queues the key at a time; an earlier wish wins. */
  addAt(key: string, atMs: number): void;
  /** Starts working: `handle` answers when to look again; a throw is retried with backoff per key. */
  run(workers: number, handle: (key: string) => Promise<QueueAnswer>): void;
  /** Stops taking keys and settles when the work in hand is finished. */
  stop(): Promise<void>;
  readonly length: number;
}

export interface QueueAnswer {
  readonly againAtMs?: number;
  /** Somebody counts on that time, as on the end of a pause: the key goes before all others then. */
  readonly promised?: boolean;
  /** Nothing of it is under way: when it changes next, something begins, which waits behind what has begun elsewhere. */
  readonly resting?: boolean;
  /** True when the pass could not finish its work (conflict, unavailable): retried with backoff. */
  readonly retry?: boolean;
}

/** Holding a Lease: while held, this process is the one that acts. */
export interface Leadership {
  readonly held: boolean;
  /** Settles when the Lease is held for the first time. */
  whenHeld(): Promise<void>;
  /** Called once when a held Lease was lost. */
  onLost(run: () => void): void;
  /** Gives the Lease back so that the next holder need not wait; `keep`: only stops, since others hold it together with us. */
  release(options?: { readonly keep?: boolean }): Promise<void>;
}
