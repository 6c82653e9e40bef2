/** Time as an argument: every room that waits or reads the time is handed a Clock. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number;
  /** Calls `run` once, `delayMs` milliseconds from now (at once in a later turn for 0 or less). */
  schedule(delayMs: number, run: () => void): ScheduledCall;
}

export interface ScheduledCall {
  cancel(): void;
}

/** A promise that settles after `delayMs`, or as soon as `signal` aborts; it never rejects. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const call = clock.schedule(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    function onAbort(): void {
      call.cancel();
      resolve();
    }
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
