import type { KubeObject, ResourceKind } from '../../api/kube-object.ts';
import { apiVersionOf } from '../../api/kube-object.ts';
import { sleep } from '../../lib/clock.ts';
import { fieldsOf } from '../../lib/fields-of.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/telemetry.ts';
import { createBackoff } from './backoff.ts';
import type { FillableCache } from './cache.ts';
import type { KubeCall, KubeClient } from './client.ts';
import { errorOfStatus, isKubeError } from './kube-error.ts';
import { isOlder } from './resource-version.ts';

/** Small enough that one answer neither blocks us nor the server for long, large enough that most kinds need one. */
const PAGE_SIZE = 500;
/** How long the server is asked to keep a watch: spread out, so that not all of them reconnect at once after a restart. */
const WATCH_SECONDS_MIN = 300;
const WATCH_SECONDS_SPREAD = 300;
/** The server sends a bookmark about once a minute; after three missed ones the connection is taken for dead. */
const WATCH_IDLE_MS = 200_000;
/** A watch that ended this soon counts as a failure, or an endpoint that accepts and closes would be called in a tight loop. */
const WATCH_SHORT_MS = 1_000;
const RETRY_BASE_MS = 200;
const RETRY_MAX_MS = 30_000;
/** A CRD that is installed later is noticed within this time. */
const UNSERVED_BASE_MS = 2_000;
const UNSERVED_MAX_MS = 30_000;
/** A server that answers with an older list than we have seen lags behind; after so many such answers the world itself went back. */
const LAGGING_LISTS_MAX = 5;

export interface ListWatchOptions {
  readonly client: KubeClient;
  readonly cache: FillableCache;
  readonly kind: ResourceKind;
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly name?: string;
  /** Asked at each refusal: those who bear one may come later than the others. */
  readonly mayBeRefused?: () => boolean;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

export interface ListWatch {
  /** Ends the watch in hand; it is opened again where it stood. For when its news are overdue. */
  reconnect(): void;
  stop(): Promise<void>;
}

/**
 * Keeps a cache equal to what the API server holds, until stopped; no error ends it.
 *
 *     list (pages) -> watch from the list's version -> ended, broken: watch again from the last version seen
 *          ^                                        -> 410 Gone: list again
 *          +------------------------------------------------+         404: the kind is not served, ask again later
 */
export function startListWatch(options: ListWatchOptions): ListWatch {
  const stopping = new AbortController();
  let watching: AbortController | undefined;

  const ended = keepGoing(options, stopping.signal, (started) => {
    watching = started;
  });

  return {
    reconnect() {
      watching?.abort();
    },
    async stop() {
      stopping.abort();
      watching?.abort();
      await ended;
    },
  };
}

async function keepGoing(
  options: ListWatchOptions,
  stopped: AbortSignal,
  started: (watching: AbortController) => void,
): Promise<void> {
  const { cache, clock, log, random } = options;
  const retry = createBackoff({ baseMs: RETRY_BASE_MS, maxMs: RETRY_MAX_MS, random });
  const unserved = createBackoff({ baseMs: UNSERVED_BASE_MS, maxMs: UNSERVED_MAX_MS, random });
  const facts = { kind: options.kind.kind, namespace: options.namespace };
  let from: string | undefined;
  let laggingLists = 0;
  let troubled = false;

  async function pause(cause: unknown): Promise<void> {
    const askedMs = isKubeError(cause) ? (cause.retryAfterMs ?? 0) : 0;
    // Said once at each change for the worse, not at every attempt of a long outage.
    if (!troubled) log.warn({ ...facts, cause }, 'watching failed, trying again');
    troubled = true;
    await sleep(clock, Math.max(askedMs, retry.nextMs()), stopped);
  }

  async function notServed(): Promise<void> {
    if (cache.state !== 'unserved')
      log.info(facts, 'the API server does not serve this kind; it is asked again from time to time');
    from = undefined;
    cache.unserved();
    await sleep(clock, unserved.nextMs(), stopped);
  }

  async function refused(cause: unknown): Promise<void> {
    if (cache.state !== 'refused') log.warn({ ...facts, cause }, 'the right to watch is missing; it is tried again');
    from = undefined;
    cache.refused();
    await sleep(clock, unserved.nextMs(), stopped);
  }

  async function list(): Promise<string | undefined> {
    const listed = await listPages(options);
    if (isOlder(listed.version, cache.version)) {
      laggingLists += 1;
      if (laggingLists <= LAGGING_LISTS_MAX)
        throw new Error(`the list is older (${listed.version}) than what was seen already (${cache.version})`);
      log.warn(
        { ...facts, listed: listed.version, seen: cache.version },
        'the API server went back in time; starting over',
      );
      cache.restart();
    }
    laggingLists = 0;
    unserved.reset();
    cache.replace(listed.objects, listed.version);
    return listed.version;
  }

  while (!stopped.aborted) {
    try {
      from ??= await list();
      const watching = new AbortController();
      started(watching);
      if (stopped.aborted) break;
      const openedMs = clock.nowMs();
      await watchFrom(options, from ?? '', watching.signal, (version) => {
        from = version;
        if (troubled) log.info(facts, 'watching again');
        troubled = false;
        retry.reset();
      });
      if (clock.nowMs() - openedMs < WATCH_SHORT_MS) await sleep(clock, retry.nextMs(), stopped);
    } catch (cause) {
      if (stopped.aborted) break;
      if (isKubeError(cause) && cause.reason === 'not-found') await notServed();
      else if (isKubeError(cause) && cause.reason === 'forbidden' && options.mayBeRefused?.() === true)
        await refused(cause);
      else if (isKubeError(cause) && cause.reason === 'gone' && from !== undefined) {
        from = undefined;
        await sleep(clock, retry.nextMs(), stopped);
      } else await pause(cause);
    }
  }
}

interface Listed {
  readonly objects: readonly KubeObject[];
  readonly version: string;
}

/**
 * The whole collection, page by page, as of the first page's version (a consistent read). When the continuation has expired
 * in between, one unpaged list is the only way to a consistent answer. Throws KubeError.
 */
async function listPages(options: ListWatchOptions): Promise<Listed> {
  try {
    return await readPages(options, PAGE_SIZE);
  } catch (cause) {
    if (isKubeError(cause) && cause.reason === 'gone') return readPages(options, undefined);
    throw cause;
  }
}

async function readPages(options: ListWatchOptions, limit: number | undefined): Promise<Listed> {
  const { client, cache, kind } = options;
  const apiVersion = apiVersionOf(kind);
  const objects: KubeObject[] = [];
  let next: string | undefined;
  for (;;) {
    const page = parseList(
      await client.request({
        ...callOf(options, 'list'),
        query: { ...selectorOf(options), limit: limit?.toString(), continue: next },
      }),
    );
    for (const item of page.items) objects.push(cache.prepare({ ...item, apiVersion, kind: kind.kind }));
    if (page.next === undefined) return { objects, version: page.version };
    next = page.next;
  }
}

interface ListPage {
  readonly items: readonly KubeObject[];
  readonly version: string;
  readonly next?: string;
}

/** Reads the frame of a list; its items are trusted to be objects, as the API server keeps them. */
export function parseList(answer: unknown): ListPage {
  const { metadata, items } = fieldsOf(answer);
  const { resourceVersion, continue: next } = fieldsOf(metadata);
  return {
    items: Array.isArray(items) ? (items as KubeObject[]) : [],
    version: typeof resourceVersion === 'string' ? resourceVersion : '',
    next: typeof next === 'string' && next !== '' ? next : undefined,
  };
}

/** Watches until the server ends it. `onSeen` is told each version that was reached. Throws KubeError, `gone` for a 410 of either form. */
async function watchFrom(
  options: ListWatchOptions,
  from: string,
  signal: AbortSignal,
  onSeen: (version: string) => void,
): Promise<void> {
  const { cache, client, random } = options;
  const seconds = WATCH_SECONDS_MIN + Math.floor(random() * WATCH_SECONDS_SPREAD);
  await client.watch(
    {
      ...callOf(options, 'watch'),
      query: {
        ...selectorOf(options),
        watch: '1',
        resourceVersion: from,
        allowWatchBookmarks: 'true',
        timeoutSeconds: String(seconds),
      },
    },
    {
      signal,
      idleMs: WATCH_IDLE_MS,
      onLine(line) {
        const version = take(cache, line);
        if (version !== undefined) onSeen(version);
      },
    },
  );
}

interface WatchEvent {
  readonly type: string;
  readonly object: KubeObject;
}

/** Puts one event into the cache; the version that the watch has come to by it. Throws KubeError for an ERROR event. */
function take(cache: FillableCache, line: string): string | undefined {
  const told = onlyVersionIn(line);
  if (told !== undefined && cache.isEcho(told)) {
    cache.reached(told);
    return told;
  }
  const { type, object } = JSON.parse(line) as WatchEvent;
  const version = object?.metadata?.resourceVersion;
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
      cache.changed(object, version ?? '');
      return version;
    case 'DELETED':
      cache.deleted(object);
      return version;
    case 'BOOKMARK':
      cache.reached(version ?? '');
      return version;
    case 'ERROR':
      throw errorOfStatus(object);
    default:
      return undefined;
  }
}

const CHANGED = /^\{"type":"(?:ADDED|MODIFIED)"/;
const VERSION = '"resourceVersion":"';

/**
 * The version of an object that was added or changed, read off the text: half of what a watch brings are echoes of our own
 * writes, and parsing them would be all that is done with them. Within a text the quotes would be escaped, so what is found is a field;
 * where there are several, or none, the whole line has to be parsed.
 */
function onlyVersionIn(line: string): string | undefined {
  if (!CHANGED.test(line)) return undefined;
  const at = line.indexOf(VERSION);
  if (at === -1 || line.includes(VERSION, at + 1)) return undefined;
  const from = at + VERSION.length;
  return line.slice(from, line.indexOf('"', from));
}

function callOf(options: ListWatchOptions, verb: 'list' | 'watch'): KubeCall {
  return { verb, kind: options.kind, namespace: options.namespace };
}

function selectorOf(options: ListWatchOptions): Readonly<Record<string, string | undefined>> {
  const { labelSelector, name } = options;
  return { labelSelector, fieldSelector: name === undefined ? undefined : `metadata.name=${name}` };
}
