/** How one request of the load ended. */
export type RequestOutcome =
  /** A pod answered, well or with an error of its own. */
  | { readonly type: 'answered'; readonly status: number; readonly version: string; readonly pod: string }
  /** No pod answered: the connection failed, or the gateway itself answered with an error. */
  | { readonly type: 'lost'; readonly reason: string };

export interface VersionCount {
  readonly answered: number;
  /** Answers of 500 and above that the version itself gave. */
  readonly failed: number;
}

export interface LoadSnapshot {
  readonly requests: number;
  readonly lost: number;
  /** The first ones, with the moment, for whoever has to find out why. */
  readonly losses: readonly { readonly atMs: number; readonly reason: string }[];
  readonly byVersion: ReadonlyMap<string, VersionCount>;
  /** The same over the last seconds. */
  readonly recent: { readonly seconds: number; readonly byVersion: ReadonlyMap<string, VersionCount> };
}

const RECENT_SECONDS = 5;
const LOSSES_KEPT = 50;

/** Counts every request once, by how it ended. */
export class LoadStatistics {
  #requests = 0;
  #lost = 0;
  readonly #losses: { atMs: number; reason: string }[] = [];
  readonly #total = new Map<string, VersionCount>();
  readonly #bySecond = new Map<number, Map<string, VersionCount>>();

  record(outcome: RequestOutcome, atMs: number): void {
    this.#requests++;
    if (outcome.type === 'lost') {
      this.#lost++;
      if (this.#losses.length < LOSSES_KEPT) this.#losses.push({ atMs, reason: outcome.reason });
      return;
    }
    const count = { answered: 1, failed: outcome.status >= 500 ? 1 : 0 };
    addTo(this.#total, outcome.version, count);
    const second = Math.floor(atMs / 1_000);
    let bucket = this.#bySecond.get(second);
    if (bucket === undefined) {
      bucket = new Map();
      this.#bySecond.set(second, bucket);
      for (const old of this.#bySecond.keys()) if (old < second - RECENT_SECONDS) this.#bySecond.delete(old);
    }
    addTo(bucket, outcome.version, count);
  }

  snapshot(nowMs: number): LoadSnapshot {
    const recent = new Map<string, VersionCount>();
    for (const [second, bucket] of this.#bySecond) {
      if (second <= Math.floor(nowMs / 1_000) - RECENT_SECONDS) continue;
      for (const [version, count] of bucket) addTo(recent, version, count);
    }
    return {
      requests: this.#requests,
      lost: this.#lost,
      losses: [...this.#losses],
      byVersion: new Map(this.#total),
      recent: { seconds: RECENT_SECONDS, byVersion: recent },
    };
  }
}

function addTo(counts: Map<string, VersionCount>, version: string, more: VersionCount): void {
  const before = counts.get(version) ?? { answered: 0, failed: 0 };
  counts.set(version, { answered: before.answered + more.answered, failed: before.failed + more.failed });
}
