/** Growing pauses between attempts, each somewhere in the upper half of its bound so that many clients spread out. */
export interface Backoff {
  /** Milliseconds to wait before the next attempt. */
  nextMs(): number;
  reset(): void;
}

export interface BackoffOptions {
  readonly baseMs: number;
  readonly maxMs: number;
  readonly random: () => number;
}

export function createBackoff(options: BackoffOptions): Backoff {
  let failures = 0;
  return {
    nextMs: () => backoffMs(failures++, options),
    reset() {
      failures = 0;
    },
  };
}

/** The pause after `failures` earlier failures in a row. */
export function backoffMs(failures: number, options: BackoffOptions): number {
  const bound = Math.min(options.maxMs, options.baseMs * 2 ** Math.min(failures, 30));
  return bound * (0.5 + options.random() / 2);
}
