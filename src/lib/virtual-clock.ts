import type { Clock, ScheduledCall } from './clock.ts';

/** A clock that moves only when it is told to; calls that are due run in order of time, then of scheduling. */
export class VirtualClock implements Clock {
  #nowMs: number;
  #sequence = 0;
  #pending: PendingCall[] = [];

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  schedule(delayMs: number, run: () => void): ScheduledCall {
    const call = { atMs: this.#nowMs + Math.max(0, delayMs), sequence: this.#sequence++, run };
    this.#pending.push(call);
    return {
      cancel: () => {
        this.#pending = this.#pending.filter((pending) => pending !== call);
      },
    };
  }

  /** The time of the next scheduled call, if there is one. */
  nextAtMs(): number | undefined {
    return this.#earliest()?.atMs;
  }

  /** Moves to the next scheduled call and runs it; false when nothing is scheduled. */
  step(): boolean {
    const next = this.#earliest();
    if (next === undefined) return false;
    this.#pending = this.#pending.filter((pending) => pending !== next);
    this.#nowMs = Math.max(this.#nowMs, next.atMs);
    next.run();
    return true;
  }

  /** Runs everything that is due within `ms`, then stands at that time. Synchronous: awaited work runs afterwards. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const nextAtMs = this.nextAtMs();
      if (nextAtMs === undefined || nextAtMs > endMs) break;
      this.step();
    }
    this.#nowMs = endMs;
  }

  #earliest(): PendingCall | undefined {
    let earliest: PendingCall | undefined;
    for (const call of this.#pending) {
      if (earliest === undefined || call.atMs < earliest.atMs) earliest = call;
    }
    return earliest;
  }
}

interface PendingCall {
  readonly atMs: number;
  readonly sequence: number;
  readonly run: () => void;
}
