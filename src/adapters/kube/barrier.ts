import { refKey } from '../../api/kube-object.ts';
import type { KubeObject, ObjectRef, ResourceKind } from '../../api/kube-object.ts';
import type { Clock, ScheduledCall } from '../../ports/clock.ts';
import type { Log } from '../../ports/telemetry.ts';
import type { WatchedCaches } from './caches.ts';
import type { FillableCache } from './cache.ts';
import { compareVersions } from './resource-version.ts';

/** A watch tells of a write within milliseconds; when it has not after this long, the object is read directly. */
const PATIENCE_MS = 2_000;
/** `whenFresh` calls back after this long whatever is known, so that its caller can look again (`fresh` stays honest). */
const WHEN_FRESH_MAX_MS = 15_000;

/** What a cache must show before it is as new as a write of ours. */
export type Expectation =
  | { readonly type: 'version'; readonly version: string }
  | { readonly type: 'gone'; readonly uid: string | undefined }
  /** No answer came: only a live read can tell. */
  | { readonly type: 'unknown' };

/** No decision is taken on a cache that is older than our last write to any object it reads: this is where it is remembered. */
export interface Barrier {
  expect(ref: ObjectRef, expectation: Expectation): void;
  fresh(ref: ObjectRef): boolean;
  whenFresh(refs: readonly ObjectRef[], run: () => void): void;
  close(): void;
}

export interface LiveRead {
  readonly object: KubeObject | undefined;
  /** The version that the read was made at. */
  readonly version: string;
}

interface Pending {
  readonly ref: ObjectRef;
  readonly expectation: Expectation;
  timer?: ScheduledCall;
  reading: boolean;
}

export function createBarrier(options: {
  readonly caches: WatchedCaches;
  readonly clock: Clock;
  readonly log: Log;
  readonly readLive: (ref: ObjectRef) => Promise<LiveRead>;
}): Barrier {
  const { caches, clock, log, readLive } = options;
  const pending = new Map<string, Pending>();
  const waiters = new Set<() => void>();
  let closed = false;

  caches.onProgress((kind) => {
    if (pending.size > 0) settleReached(kind);
  });

  function settleReached(kind: ResourceKind): void {
    let settled = false;
    for (const entry of pending.values()) {
      if (entry.ref.kind.plural !== kind.plural || entry.ref.kind.group !== kind.group) continue;
      if (entry.expectation.type === 'unknown' || !caches.holding(entry.ref).every((cache) => reached(cache, entry)))
        continue;
      drop(entry);
      settled = true;
    }
    if (settled) wake();
  }

  function drop(entry: Pending): void {
    entry.timer?.cancel();
    if (pending.get(refKey(entry.ref)) === entry) pending.delete(refKey(entry.ref));
  }

  function wake(): void {
    for (const look of waiters) look();
  }

  function ask(entry: Pending, delayMs: number): void {
    entry.timer = clock.schedule(delayMs, () => void read(entry));
  }

  async function read(entry: Pending): Promise<void> {
    if (entry.reading || closed) return;
    entry.reading = true;
    try {
      const live = await readLive(entry.ref);
      for (const cache of caches.holding(entry.ref)) {
        cache.settle({
          namespace: entry.ref.namespace,
          name: entry.ref.name,
          object: live.object,
          version: live.version,
        });
      }
      // News that are overdue for one object are overdue for others too.
      if (entry.expectation.type !== 'unknown') caches.reconnect(entry.ref.kind);
      drop(entry);
      wake();
    } catch (cause) {
      log.warn(
        { cause, kind: entry.ref.kind.kind, name: entry.ref.name },
        'reading back our own write failed, trying again',
      );
      if (!closed && pending.get(refKey(entry.ref)) === entry) ask(entry, PATIENCE_MS);
    } finally {
      entry.reading = false;
    }
  }

  function fresh(ref: ObjectRef): boolean {
    return pending.size === 0 || !pending.has(refKey(ref));
  }

  return {
    expect(ref, expectation) {
      const holding = caches.holding(ref).filter(({ state }) => state !== 'unserved' && state !== 'refused');
      const entry: Pending = { ref, expectation, reading: false };
      if (closed || holding.length === 0) return;
      if (expectation.type !== 'unknown' && holding.every((cache) => reached(cache, entry))) return;
      const before = pending.get(refKey(ref));
      if (before !== undefined) drop(before);
      pending.set(refKey(ref), entry);
      ask(entry, expectation.type === 'unknown' ? 0 : PATIENCE_MS);
    },
    fresh,
    whenFresh(refs, run) {
      if (refs.every(fresh)) {
        run();
        return;
      }
      const timer = clock.schedule(WHEN_FRESH_MAX_MS, finish);
      function look(): void {
        if (refs.every(fresh)) finish();
      }
      function finish(): void {
        timer.cancel();
        waiters.delete(look);
        run();
      }
      waiters.add(look);
    },
    close() {
      closed = true;
      for (const entry of pending.values()) entry.timer?.cancel();
      pending.clear();
      for (const look of waiters) look();
    },
  };
}

function reached(cache: FillableCache, { ref, expectation }: Pending): boolean {
  if (expectation.type === 'unknown') return false;
  const object = cache.get(ref.namespace, ref.name);
  if (expectation.type === 'gone') {
    if (object === undefined) return true;
    return (
      object.metadata.deletionTimestamp !== undefined ||
      (expectation.uid !== undefined && object.metadata.uid !== expectation.uid)
    );
  }
  return atLeast(object?.metadata.resourceVersion, expectation.version) || atLeast(cache.version, expectation.version);
}

function atLeast(version: string | undefined, wanted: string): boolean {
  if (version === undefined) return false;
  const order = compareVersions(version, wanted);
  return order !== undefined && order >= 0;
}
