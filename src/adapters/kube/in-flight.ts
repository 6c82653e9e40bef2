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

/** Lease renewals go first, events last: a burst of events must not cost us the Lease or delay a decision. */
export type Priority = 'urgent' | 'normal' | 'background';

/**
 * How many requests may be under way at once. No fixed rate: the number grows by one for every round of answers without a
 * refusal, and halves when the server says 429, once per round trip; Retry-After holds everything but urgent calls
 * (additive increase, multiplicative decrease, as TCP does it: Chiu and Jain 1989).
 */
export interface InFlight {
  /** Settles when there is room. Call `done` of the ticket exactly once. */
  enter(priority: Priority): Promise<Ticket>;
  readonly limit: number;
  readonly running: number;
  readonly waiting: number;
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
  let succeeded = 0;
  let round = 0;
  let heldUntilMs = 0;
  let wake: ScheduledCall | undefined;
  let closed = false;

  function admit(): void {
    while (queues.urgent.length > 0) start(queues.urgent);
    if (held()) return;
    while (running < limit && queues.normal.length > 0) start(queues.normal);
    // A quarter of the room is kept for decisions even while events flood.
    while (running < Math.max(1, Math.floor(limit * 0.75)) && queues.background.length > 0) start(queues.background);
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

  function start(queue: ((ticket: Ticket) => void)[]): void {
    const admitted = queue.shift();
    assert(admitted !== undefined, 'a queue that is not empty has a first caller');
    running += 1;
    admitted(newTicket(round));
  }

  function newTicket(startedInRound: number): Ticket {
    let open = true;
    return {
      done({ refused, retryAfterMs }) {
        assert(open, 'a ticket is given back once');
        open = false;
        running -= 1;
        if (refused) shrink(startedInRound, retryAfterMs);
        else grow();
        admit();
      },
    };
  }

  function grow(): void {
    succeeded += 1;
    if (succeeded < limit) return;
    succeeded = 0;
    limit = Math.min(LIMIT_MAX, limit + 1);
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
    get waiting() {
      return queues.normal.length + queues.background.length;
    },
  };
}
