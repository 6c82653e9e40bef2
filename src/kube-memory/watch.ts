import type { KubeObject } from '../api/kube-object.ts';
import type { ScheduledCall } from '../lib/clock.ts';
import type { WatchGate } from './faults.ts';
import type { ListQuery } from './list-query.ts';
import type { Representation } from './negotiate.ts';
import { apiVersionOf, inVersion, jsonOf } from './object-json.ts';
import type { BodySink, BodyStream } from './request.ts';
import { selectorOf, type Matcher } from './selectors.ts';
import type { ServerState } from './server-state.ts';
import { expired, type ApiError } from './status-error.ts';
import type { StoredChange } from './store.ts';
import { partialObjectJson, tableJson, type IncludeObject } from './table.ts';
import type { Target } from './target.ts';

const BOOKMARK_INTERVAL_MS = 60_000;
const TIMEOUT_MIN_MS = 30 * 60_000;

export type WatchEventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';

/**
 * The event stream of a watch request. Starts from the current state (as ADDED events) when no revision is given, otherwise with
 * what came after it; a forgotten revision is answered with an ERROR event of code 410, as an API server's watch cache does.
 */
export function watchStream(input: {
  readonly server: ServerState;
  readonly target: Target;
  readonly query: ListQuery;
  readonly representation: Representation;
  readonly includeObject: IncludeObject;
  /** Decides over each event when faults are injected. */
  readonly gate?: WatchGate;
}): BodyStream {
  const matches = selectorOf(input.target.definition, input.query.labelSelector, input.query.fieldSelector);
  return new Watch(input, matches);
}

class Watch implements BodyStream {
  readonly #input: Parameters<typeof watchStream>[0];
  readonly #matches: Matcher | undefined;
  #sink: BodySink | undefined;
  #stopListening: (() => void) | undefined;
  #timeout: ScheduledCall | undefined;
  #bookmark: ScheduledCall | undefined;
  #revision = 0;
  #sentColumns = false;

  constructor(input: Parameters<typeof watchStream>[0], matches: Matcher | undefined) {
    this.#input = input;
    this.#matches = matches;
  }

  start(sink: BodySink): void {
    const { server, target, query, gate } = this.#input;
    this.#sink = sink;
    gate?.attach({
      drop: () => this.#close(() => sink.reset()),
      expire: () => this.#fail(expired('too old resource version')),
      deliver: (line) => this.#sink?.write(line),
    });
    this.#begin();
    if (this.#sink === undefined) return;
    this.#stopListening = server.store.listen(target.resource.key, (change) => this.#heard(change));
    const timeoutMs =
      (query.timeoutSeconds ?? 0) > 0 ? (query.timeoutSeconds ?? 0) * 1_000 : TIMEOUT_MIN_MS * (1 + server.random());
    this.#timeout = server.clock.schedule(timeoutMs, () => this.#finish());
    if (query.allowWatchBookmarks) this.#scheduleBookmark();
  }

  cancel(): void {
    this.#close(() => undefined);
  }

  #begin(): void {
    const { server, target, query } = this.#input;
    const from = query.resourceVersion ?? 0;
    const wantsState = query.sendInitialEvents === true || (query.sendInitialEvents === undefined && from === 0);
    this.#revision = server.store.revision;
    const collection = server.store.collection(target.resource.key);
    if (wantsState) {
      for (const object of collection.objects(target.namespace)) {
        if (this.#matches === undefined || this.#matches(object)) this.#send('ADDED', object);
      }
      if (query.sendInitialEvents === true && query.allowWatchBookmarks) this.#sendBookmark(true);
      return;
    }
    if (from === 0) return;
    const missed = collection.changesAfter(from);
    if (missed === undefined) {
      this.#fail(expired(`too old resource version: ${from} (${collection.compactedRevision})`));
      return;
    }
    // Changes that are committed but not yet announced reach the new listener never: it hears only of later commits.
    for (const change of missed) this.#heard(change);
    this.#revision = Math.max(from, server.store.revision);
  }

  #heard(change: StoredChange): void {
    const { target } = this.#input;
    if (target.namespace !== undefined && change.object.metadata.namespace !== target.namespace) return;
    this.#revision = Math.max(this.#revision, change.revision);
    const event = seenThrough(this.#matches, change);
    if (event !== undefined) this.#send(event.type, event.object);
  }

  #send(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: KubeObject): void {
    const { gate } = this.#input;
    const shown = inVersion(object, this.#input.target.definition);
    const line = `{"type":"${type}","object":${this.#objectJson(shown)}}\n`;
    if (gate === undefined) this.#sink?.write(line);
    else gate.pass({ type, object: shown, line });
  }

  #objectJson(object: KubeObject): string {
    const { representation, server, target, includeObject } = this.#input;
    if (representation === 'object') return jsonOf(object);
    if (representation === 'partial') return partialObjectJson(object);
    const columns = !this.#sentColumns;
    this.#sentColumns = true;
    const metadata = JSON.stringify({ resourceVersion: object.metadata.resourceVersion });
    return tableJson({
      definition: target.definition,
      objects: [object],
      nowMs: server.clock.nowMs(),
      includeObject,
      metadata,
      columns,
    });
  }

  #scheduleBookmark(): void {
    this.#bookmark = this.#input.server.clock.schedule(BOOKMARK_INTERVAL_MS, () => {
      this.#revision = this.#input.server.store.revision;
      this.#sendBookmark(false);
      this.#scheduleBookmark();
    });
  }

  #sendBookmark(initialEventsEnd: boolean): void {
    const { definition } = this.#input.target;
    const metadata = {
      resourceVersion: String(this.#revision),
      creationTimestamp: null,
      ...(initialEventsEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
    };
    const object =
      this.#input.representation === 'table'
        ? {
            kind: 'Table',
            apiVersion: 'meta.k8s.io/v1',
            metadata,
            columnDefinitions: null,
            rows: [{ cells: null, object: { metadata } }],
          }
        : this.#input.representation === 'partial'
          ? { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata }
          : { kind: definition.kind, apiVersion: apiVersionOf(definition), metadata };
    this.#input.gate?.flush();
    this.#sink?.write(`{"type":"BOOKMARK","object":${JSON.stringify(object)}}\n`);
  }

  #fail(error: ApiError): void {
    this.#sink?.write(`{"type":"ERROR","object":${JSON.stringify(error.status)}}\n`);
    this.#finish();
  }

  #finish(): void {
    const sink = this.#sink;
    this.#close(() => sink?.end());
  }

  #close(last: () => void): void {
    if (this.#sink === undefined) return;
    this.#sink = undefined;
    this.#stopListening?.();
    this.#timeout?.cancel();
    this.#bookmark?.cancel();
    this.#input.gate?.closed();
    last();
  }
}

/** How a change looks through a selector: an object that begins to match is ADDED, one that ceases to match is DELETED. */
function seenThrough(
  matches: Matcher | undefined,
  change: StoredChange,
): { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: KubeObject } | undefined {
  if (matches === undefined) return { type: change.type, object: change.object };
  const matched = change.old !== undefined && matches(change.old);
  const matchesNow = change.type !== 'DELETED' && matches(change.object);
  if (matchesNow) return { type: matched ? 'MODIFIED' : 'ADDED', object: change.object };
  if (!matched || change.old === undefined) return undefined;
  return { type: 'DELETED', object: lastMatching(change.old, change.revision) };
}

/** What a watcher that loses sight of an object gets: the last state that matched, at the revision of the change. */
function lastMatching(old: KubeObject, revision: number): KubeObject {
  return { ...old, metadata: { ...old.metadata, resourceVersion: String(revision) } };
}
