import type { KubeObject } from '../../api/kube-object.ts';
import type { Clock } from '../../lib/clock.ts';
import { formatTimestamp } from '../../lib/timestamp.ts';
import { ApiError } from '../status-error.ts';
import type { StoreAccess } from '../resource.ts';
import { numberAt } from '../builtin/fields.ts';

/** Events kept at a time, so that a long-lived server does not fill up with them. */
const EVENTS_MAX = 1_000;

export interface EventWords {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  readonly component: string;
}

/** Records the events of the simulated controllers: one that repeats counts up instead of being made again. */
export class EventRecorder {
  readonly #store: StoreAccess;
  readonly #clock: Clock;
  readonly #names = new Map<string, { readonly namespace: string; readonly name: string }>();
  #sequence = 0;

  constructor(store: StoreAccess, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  record(object: KubeObject, words: EventWords): void {
    const key = [object.metadata.uid, words.type, words.reason, words.message].join(' ');
    const known = this.#names.get(key);
    if (known !== undefined && this.#countUp(known)) return;
    this.#names.delete(key);
    const namespace = object.metadata.namespace ?? 'default';
    const name = `${object.metadata.name}.${this.#clock.nowMs().toString(16)}${(this.#sequence++).toString(16).padStart(4, '0')}`;
    this.#names.set(key, { namespace, name });
    this.#ignoringRefusals(() => this.#store.create('events', this.#event(object, words, { namespace, name })));
    this.#dropOldest();
  }

  #event(
    object: KubeObject,
    words: EventWords,
    named: { readonly namespace: string; readonly name: string },
  ): KubeObject {
    const now = formatTimestamp(this.#clock.nowMs());
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: named,
      involvedObject: {
        apiVersion: object.apiVersion,
        kind: object.kind,
        ...(object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace }),
        name: object.metadata.name,
        uid: object.metadata.uid,
        resourceVersion: object.metadata.resourceVersion,
      },
      type: words.type,
      reason: words.reason,
      message: words.message,
      source: { component: words.component },
      reportingComponent: words.component,
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
    };
  }

  #countUp(named: { readonly namespace: string; readonly name: string }): boolean {
    const event = this.#store.get('events', named.namespace, named.name);
    if (event === undefined) return false;
    const count = (numberAt(event, 'count') ?? 1) + 1;
    this.#ignoringRefusals(() =>
      this.#store.update('events', { ...event, count, lastTimestamp: formatTimestamp(this.#clock.nowMs()) }),
    );
    return true;
  }

  #dropOldest(): void {
    for (const [key, named] of this.#names) {
      if (this.#names.size <= EVENTS_MAX) return;
      this.#names.delete(key);
      this.#ignoringRefusals(() => this.#store.delete('events', named.namespace, named.name));
    }
  }

  /** An event must never stop the work that it tells about, e.g. in a namespace that is going away. */
  #ignoringRefusals(write: () => void): void {
    try {
      write();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }
}
