import { performance } from 'node:perf_hooks';
import type { Clock } from '../../ports/clock.ts';

/** setTimeout counts in 32 bits and fires at once above that. */
const TIMER_MAX_MS = 2_147_483_647;
/** A wall clock that is set back by more than this is believed. */
const STEP_BELIEVED_MS = 60_000;

/**
 * The real time. Waits are counted by the monotonic clock. `nowMs` is the wall clock, but never runs backwards: a step
 * back is stood still through until the wall has caught up, for as long as the step is below a minute; a larger one is
 * believed at once, because standing still for longer than that would stop every schedule.
 */
export function createSystemClock(options: SystemClockOptions = {}): Clock {
  const keepAlive = options.keepAlive ?? true;
  const wallMs = options.wallMs ?? Date.now;
  let latestMs = wallMs();
  return {
    nowMs() {
      const readMs = wallMs();
      const backMs = latestMs - readMs;
      if (backMs <= 0 || backMs > STEP_BELIEVED_MS) latestMs = readMs;
      return latestMs;
    },
    schedule(delayMs, run) {
      return startTimer(delayMs, run, keepAlive);
    },
  };
}

export interface SystemClockOptions {
  /** False lets the process end while calls are still scheduled. */
  readonly keepAlive?: boolean;
  readonly wallMs?: () => number;
}

/** Time that passes, for Leases: whatever is done to the time of day, it runs on. It starts anywhere, and may stand still while the machine sleeps. */
export function createMonotonicClock(): Clock {
  return { nowMs: () => performance.now(), schedule: (delayMs, run) => startTimer(delayMs, run, true) };
}

function startTimer(delayMs: number, run: () => void, keepAlive: boolean): { cancel(): void } {
  const dueMs = performance.now() + Math.max(0, delayMs);
  let timer: NodeJS.Timeout;
  function arm(): void {
    const leftMs = dueMs - performance.now();
    timer = leftMs > TIMER_MAX_MS ? setTimeout(arm, TIMER_MAX_MS) : setTimeout(run, Math.max(0, Math.ceil(leftMs)));
    if (!keepAlive) timer.unref();
  }
  arm();
  return { cancel: () => clearTimeout(timer) };
}
