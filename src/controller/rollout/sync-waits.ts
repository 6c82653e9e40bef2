/** How soon a cache that is being filled is looked at again, at first and at most. */
const LOOK_MS = { min: 200, max: 5_000 } as const;
/** A cache that takes longer is in trouble: a pass goes on with what there is, and says so. */
const PATIENCE_MS = 15_000;

/** How long passes over each Rollout have waited for caches that they need and that are still being filled. */
export class SyncWaits {
  readonly #sinceMs = new Map<string, number>();

  /** To be asked while a cache is awaited: when to look again; undefined once that has taken too long. */
  againAtMs(key: string, nowMs: number): number | undefined {
    const sinceMs = this.#sinceMs.get(key) ?? nowMs;
    this.#sinceMs.set(key, sinceMs);
    const waitedMs = nowMs - sinceMs;
    if (waitedMs >= PATIENCE_MS) return undefined;
    return nowMs + Math.min(LOOK_MS.max, Math.max(LOOK_MS.min, waitedMs));
  }

  /** Nothing is awaited any more. */
  end(key: string): void {
    this.#sinceMs.delete(key);
  }
}
