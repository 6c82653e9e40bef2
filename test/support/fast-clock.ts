import { createSystemClock } from '../../src/adapters/clock/system-clock.ts';
import type { Clock } from '../../src/ports/clock.ts';

/** What a request and a list may take: the server of a test is a real one, and the machine may be busy. */
const REQUEST_DEADLINES_MS: readonly number[] = [30_000, 60_000];

const real = createSystemClock();
const startMs = real.nowMs();
const started = performance.now();

/**
 * A clock that runs `speed` times as fast as the wall clock, `aheadMs` before it, so that backoffs and idle times pass in
 * a blink; those of one speed agree. The deadlines of requests alone pass at the wall's pace.
 */
export function fastClock(speed: number, aheadMs = 0): Clock {
  return {
    // By parts of milliseconds: in steps of whole ones, what is left of a wait would often be as long as a deadline.
    nowMs: () => Math.floor(startMs + (performance.now() - started) * speed) + aheadMs,
    schedule: (delayMs, run) => real.schedule(REQUEST_DEADLINES_MS.includes(delayMs) ? delayMs : delayMs / speed, run),
  };
}
