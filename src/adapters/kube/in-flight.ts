import { assert } from '../../lib/assert.ts';
import type { Clock, ScheduledCall } from '../../ports/clock.ts';

/** Enough to keep an idle API server busy from the first second, few enough for a small one. */
const LIMIT_START = 16;
const LIMIT_MIN = 2;
/** Above this a single controller gains nothing: the API server's own share of seats for one user is below it. */
const LIMIT_MAX = 128;
/** A Retry-After beyond this is cut: asking again is how we notice that the server is well. */
const HOLD_MAX_MS = 30_000;
/** What a refusal without Retry-After holds us for. */
const HOLD_DEFAULT_MS = 1_000;
/** Answers that take this many times as long as the best did, and these milliseconds more, say that calls wait in line at the server. */
const SLOW_FACTOR = 2;
const SLOW_EXTRA_MS = 10;
/** How long the best time counts: a server, or the way to it, may become slower for good. */
const BEST_WINDOW_MS = 60_000;
/** Weight of the latest answer in the running mean. */
const MEAN_WEIGHT = 0.1;

/** Lease renewals go first, events last: a burst of events must not cost us the Lease or delay a decision. */
export type Priority = 'urgent' | 'normal' | 'background';

/**
 * How many requests may be under way at once. No fixed rate: the number grows by one for every round of answers without a
 * refusal, and halves when the server says 429, once per round trip; Retry-After holds everything but urgent calls
 * (additive increase, multiplicative decrease, as TCP does it: Chiu and Jain 1989). While answers are slow it does not grow,
 * and goes back towards the start: what waits here goes by priority, what waits at the server does not (delay as the sign of
 * congestion: TCP Vegas, Brakmo and Peterson 1995).
 */
export interface InFlight {
  /** Settles when there is room. Call `done` of the ticket exactly once. */
  enter(priority: Priority): Promise<Ticket>;
  readonly limit: number;
  readonly running: number;
  readonly waiting: number;
  /** Answers take much longer than the best of late: calls wait in line at the server. */
  readonly isSlow: boolean;
  /** Holds nobody any longer: who still waits is let through, to fail at once on the closed connection. */
  close(): void;
}

export interface Ticket {
  done(outcome: { readonly refused: boolean; readonly retryAfterMs?: number }): void;
}

export function createInFlight(clock: Clock): InFlight {
  const queues: Record<Priority, ((ticket: Ticket) => void)[]> = { urgent: [], normal: [], background: [] };
  let limit = LIMIT_START;
  let running = 0;
  let runningInBackground = 0;
  let succeeded = 0;
  let round = 0;
  let heldUntilMs = 0;
  let wake: ScheduledCall | undefined;
  let closed = false;
  const pace = createPace(clock);

  function admit(): void {
    while (queues.urgent.length > 0) start('urgent');
    if (held()) return;
    while (running < limit && queues.normal.length > 0) start('normal');
    // Events take what decisions leave of a small part of the room, so that a flood of them slows no decision; one is
    // always under way, so that they arrive in the end.
    while (queues.background.length > 0 && (runningInBackground === 0 || running < limit / 4)) {
      start('background');
    }
  }

  function held(): boolean {
    const leftMs = heldUntilMs - clock.nowMs();
    if (leftMs <= 0 || closed) return false;
    wake ??= clock.schedule(leftMs, () => {
      wake = undefined;
      admit();
    });
    return true;
  }

  function start(priority: Priority): void {
    const admitted = queues[priority].shift();
    assert(admitted !== undefined, 'a queue that is not empty has a first caller');
    running += 1;
    if (priority === 'background') runningInBackground += 1;
    admitted(newTicket(priority, round));
  }

  function newTicket(priority: Priority, startedInRound: number): Ticket {
    const startedMs = clock.nowMs();
    let open = true;
    return {
      done({ refused, retryAfterMs }) {
        assert(open, 'a ticket is given back once');
        open = false;
        running -= 1;
        if (priority === 'background') runningInBackground -= 1;
        if (refused) shrink(startedInRound, retryAfterMs);
        else {
          pace.answered(clock.nowMs() - startedMs);
          grow();
        }
        admit();
      },
    };
  }

  function grow(): void {
    succeeded += 1;
    if (succeeded < limit) return;
    succeeded = 0;
    if (!pace.isSlow()) limit = Math.min(LIMIT_MAX, limit + 1);
    else if (limit > LIMIT_START) limit = Math.max(LIMIT_START, Math.floor(limit * 0.75));
  }

  function shrink(startedInRound: number, retryAfterMs = HOLD_DEFAULT_MS): void {
    heldUntilMs = Math.max(heldUntilMs, clock.nowMs() + Math.min(retryAfterMs, HOLD_MAX_MS));
    // What was sent before the last cut tells nothing about the limit that came with it.
    if (startedInRound < round) return;
    round += 1;
    succeeded = 0;
    limit = Math.max(LIMIT_MIN, Math.floor(limit / 2));
  }

  return {
    enter(priority) {
      return new Promise((resolve) => {
        queues[priority].push(resolve);
        admit();
      });
    },
    close() {
      closed = true;
      wake?.cancel();
      admit();
    },
    get limit() {
      return limit;
    },
    get running() {
      return running;
    },
    get isSlow() {
      return pace.isSlow();
    },
    get waiting() {
      return queues.normal.length + queues.background.length;
    },
  };
}

/** How long answers take, against the best of late. */
interface Pace {
  answered(tookMs: number): void;
  isSlow(): boolean;
}

function createPace(clock: Clock): Pace {
  let windowStartMs = clock.nowMs();
  let bestBefore = Number.POSITIVE_INFINITY;
  let best = Number.POSITIVE_INFINITY;
  let mean: number | undefined;
  return {
    answered(tookMs) {
      if (clock.nowMs() - windowStartMs >= BEST_WINDOW_MS) {
        windowStartMs = clock.nowMs();
        bestBefore = best;
        best = Number.POSITIVE_INFINITY;
      }
      best = Math.min(best, tookMs);
      mean = mean === undefined ? tookMs : mean + (tookMs - mean) * MEAN_WEIGHT;
    },
    isSlow: () => mean !== undefined && mean > Math.min(best, bestBefore) * SLOW_FACTOR + SLOW_EXTRA_MS,
  };
}
