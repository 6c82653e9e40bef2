import type { KubeObject, ObjectRef, ResourceKind } from '../../api/kube-object.ts';
import { assert } from '../../lib/assert.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CacheOptions, KubeCaches, ObjectCache } from '../../ports/kube.ts';
import type { Log } from '../../ports/telemetry.ts';
import { createCache } from './cache.ts';
import type { FillableCache } from './cache.ts';
import type { KubeClient } from './client.ts';
import { startListWatch } from './list-watch.ts';
import type { ListWatch } from './list-watch.ts';
import { createTrim } from './trim.ts';

/** The caches, with what the writer needs of them. */
export interface WatchedCaches extends KubeCaches {
  /** Every open cache in which this object would be found. */
  holding(ref: ObjectRef): readonly FillableCache[];
  /** Called when a cache of this kind has come further. */
  onProgress(run: (kind: ResourceKind) => void): void;
  /** Opens the watches of this kind anew: their news are overdue. */
  reconnect(kind: ResourceKind): void;
  /** What is not synced yet, for `/readyz`. */
  waitingFor(): readonly string[];
}

interface Opened {
  readonly cache: FillableCache;
  readonly listWatch: ListWatch;
  /** Somebody who asked for it bears that the right is missing. */
  mayBeRefused: boolean;
}

export function createCaches(options: {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}): WatchedCaches {
  const { client, clock, random, log } = options;
  const open = new Map<string, Opened>();
  const byKind = new Map<string, FillableCache[]>();
  const progressed: ((kind: ResourceKind) => void)[] = [];
  const trim = createTrim();
  let settledWaiters: (() => void)[] = [];
  let closed = false;

  function openCache(kind: ResourceKind, scope: CacheOptions): FillableCache {
    const cache = createCache({ kind, trim, log, scope });
    cache.onProgress(() => {
      for (const run of progressed) run(kind);
      if (settledWaiters.length > 0 && waitingFor().length === 0) wakeSettled();
    });
    const opened = { cache, mayBeRefused: scope.mayBeRefused === true };
    const listWatch = startListWatch({
      client,
      cache,
      kind,
      clock,
      random,
      log,
      namespace: scope.namespace,
      labelSelector: scope.labelSelector,
      name: scope.name,
      mayBeRefused: () => opened.mayBeRefused,
    });
    open.set(scopeKey(kind, scope), Object.assign(opened, { listWatch }));
    byKind.set(kindKey(kind), [...(byKind.get(kindKey(kind)) ?? []), cache]);
    return cache;
  }

  function waitingFor(): readonly string[] {
    return [...open.values()].filter(({ cache }) => cache.state === 'syncing').map(({ cache }) => cache.kind.plural);
  }

  function wakeSettled(): void {
    const waiters = settledWaiters;
    settledWaiters = [];
    for (const run of waiters) run();
  }

  return {
    open<T extends KubeObject>(kind: ResourceKind, scope: CacheOptions<T> = {}) {
      assert(!closed, 'caches are opened before they are closed');
      // One list-watch serves all who ask for the same scope; T is the asker's knowledge of the kind.
      const untyped = scope as unknown as CacheOptions;
      const known = open.get(scopeKey(kind, untyped));
      if (known !== undefined && untyped.indexes !== undefined) known.cache.addIndexes(untyped.indexes);
      if (known !== undefined && untyped.mayBeRefused === true) known.mayBeRefused = true;
      return (known?.cache ?? openCache(kind, untyped)) as unknown as ObjectCache<T>;
    },
    async whenSynced() {
      if (waitingFor().length === 0) return;
      await new Promise<void>((resolve) => settledWaiters.push(resolve));
    },
    release(cache) {
      for (const [key, entry] of open) {
        // An asker sees the port of the cache, with its own knowledge of the kind.
        if ((entry.cache as ObjectCache) !== cache) continue;
        open.delete(key);
        byKind.set(
          kindKey(cache.kind),
          (byKind.get(kindKey(cache.kind)) ?? []).filter((other) => other !== entry.cache),
        );
        void entry.listWatch.stop();
      }
    },
    async close() {
      closed = true;
      wakeSettled();
      await Promise.all([...open.values()].map(({ listWatch }) => listWatch.stop()));
    },
    holding: (ref) => (byKind.get(kindKey(ref.kind)) ?? []).filter((cache) => cache.covers(ref.namespace, ref.name)),
    onProgress(run) {
      progressed.push(run);
    },
    reconnect(kind) {
      for (const { cache, listWatch } of open.values())
        if (kindKey(cache.kind) === kindKey(kind)) listWatch.reconnect();
    },
    waitingFor,
  };
}

function kindKey(kind: ResourceKind): string {
  return `${kind.group}/${kind.plural}`;
}

function scopeKey(kind: ResourceKind, scope: CacheOptions): string {
  return `${kindKey(kind)}/${scope.namespace ?? ''}/${scope.labelSelector ?? ''}/${scope.name ?? ''}`;
}
