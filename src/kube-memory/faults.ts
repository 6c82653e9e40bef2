import type { KubeObject } from '../api/kube-object.ts';
import type { RequestFacts } from './request.ts';

/**
 * Places where a test or simulation bends the server. Hooks are asked synchronously, in the order of requests, so that a seeded
 * run repeats exactly; delays pass on the server's own clock.
 */
export interface FaultHooks {
  /** Asked before each request of a resource (not for discovery, OpenAPI and health). */
  request?(facts: RequestFacts): RequestFault;
  /** Told of each watch that begins; `control` holds its events back, joins them, drops or expires it. */
  watch?(facts: RequestFacts, control: WatchControl): void;
}

export type RequestFault =
  | { readonly kind: 'pass' }
  /** Answered with this Status; the request has no effect. */
  | {
      readonly kind: 'error';
      readonly code: number;
      readonly reason?: string;
      readonly message?: string;
      readonly retryAfterSeconds?: number;
    }
  /** Waits on the clock, then does what `then` says (default: pass). */
  | { readonly kind: 'delay'; readonly delayMs: number; readonly then?: RequestFault }
  /** The connection breaks before the request takes effect. */
  | { readonly kind: 'reset' }
  /** The request takes effect, then the connection breaks. */
  | { readonly kind: 'lose-answer' }
  /** The request takes effect, but the answer is 504 Timeout. */
  | { readonly kind: 'timeout-after-effect' }
  /** Gets and lists show the state as it was so many commits ago, as far as history reaches. */
  | { readonly kind: 'stale'; readonly commitsBack: number };

/** What a fault hook may do to one watch. */
export interface WatchControl {
  /** Keeps events back from now on; bookmarks release them, since they promise that everything before was sent. */
  hold(): void;
  /** Sends what was kept back and passes events on again. With `join`, several changes of an object become its last one. */
  release(how?: 'each' | 'join'): void;
  /** Breaks the connection without a regular end; what was kept back is lost. */
  drop(): void;
  /** Ends the watch with an ERROR event of code 410. */
  expire(): void;
}

interface GatedEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubeObject;
  readonly line: string;
}

interface GatedWatch {
  deliver(line: string): void;
  drop(): void;
  expire(): void;
}

/** Stands between a watch and its reader when faults are injected. */
export class WatchGate implements WatchControl {
  #watch: GatedWatch | undefined;
  #held: GatedEvent[] | undefined;

  attach(watch: GatedWatch): void {
    this.#watch = watch;
  }

  pass(event: GatedEvent): void {
    if (this.#held === undefined) this.#watch?.deliver(event.line);
    else this.#held.push(event);
  }

  hold(): void {
    this.#held ??= [];
  }

  release(how: 'each' | 'join' = 'each'): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const event of how === 'join' ? joined(held) : held) this.#watch?.deliver(event.line);
  }

  flush(): void {
    if (this.#held === undefined) return;
    this.release();
    this.hold();
  }

  drop(): void {
    this.#held = undefined;
    this.#watch?.drop();
  }

  expire(): void {
    this.#watch?.expire();
  }

  closed(): void {
    this.#held = undefined;
    this.#watch = undefined;
  }
}

/** The last event of each object, in the order of those last events; one that came and went is not mentioned. */
function joined(events: readonly GatedEvent[]): readonly GatedEvent[] {
  const first = new Map<string, GatedEvent>();
  const last = new Map<string, GatedEvent>();
  for (const event of events) {
    const key = `${event.object.metadata.namespace ?? ''}/${event.object.metadata.name}`;
    if (!first.has(key)) first.set(key, event);
    last.delete(key);
    last.set(key, event);
  }
  const result: GatedEvent[] = [];
  for (const [key, event] of last) {
    const began = first.get(key)?.type;
    if (began === 'ADDED' && event.type === 'DELETED') continue;
    result.push(began === 'ADDED' && event.type === 'MODIFIED' ? asAdded(event) : event);
  }
  return result;
}

function asAdded(event: GatedEvent): GatedEvent {
  return { ...event, type: 'ADDED', line: event.line.replace('"type":"MODIFIED"', '"type":"ADDED"') };
}
