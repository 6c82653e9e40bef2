import type { Clock, ScheduledCall } from '../../lib/clock.ts';

/**
 * Keys whose objects want a look, each at most once at a time. `sync` reads the world, does what is needed and may return the
 * milliseconds after which the key wants another look without any change. An error is retried with growing delay.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #sync: (key: string) => number | undefined;
  readonly #onError: (error: unknown) => void;
  readonly #pending = new Set<string>();
  readonly #later = new Map<string, ScheduledCall>();
  readonly #failures = new Map<string, number>();
  #drain: ScheduledCall | undefined;
  #stopped = false;

  constructor(options: {
    readonly clock: Clock;
    readonly sync: (key: string) => number | undefined;
    readonly onError: (error: unknown) => void;
  }) {
    this.#clock = options.clock;
    this.#sync = options.sync;
    this.#onError = options.onError;
  }

  add(key: string): void {
    if (this.#stopped) return;
    this.#pending.add(key);
    this.#drain ??= this.#clock.schedule(0, () => this.#run());
  }

  stop(): void {
    this.#stopped = true;
    this.#drain?.cancel();
    for (const call of this.#later.values()) call.cancel();
    this.#later.clear();
    this.#pending.clear();
  }

  #run(): void {
    this.#drain = undefined;
    const keys = [...this.#pending];
    this.#pending.clear();
    for (const key of keys) this.#look(key);
  }

  #look(key: string): void {
    this.#later.get(key)?.cancel();
    this.#later.delete(key);
    if (this.#stopped) return;
    try {
      const againMs = this.#sync(key);
      this.#failures.delete(key);
      if (againMs !== undefined) this.#addAfter(key, againMs);
    } catch (error) {
      this.#onError(error);
      const failures = (this.#failures.get(key) ?? 0) + 1;
      this.#failures.set(key, failures);
      this.#addAfter(key, Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** (failures - 1)));
    }
  }

  #addAfter(key: string, delayMs: number): void {
    const call = this.#clock.schedule(delayMs, () => {
      this.#later.delete(key);
      this.add(key);
    });
    this.#later.set(key, call);
  }
}

const RETRY_FIRST_MS = 20;
const RETRY_MAX_MS = 30_000;
