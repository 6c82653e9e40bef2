import type { Clock, ScheduledCall } from '../../src/lib/clock.ts';

/**
 * The clock of one simulated process. Its wall time may be off, and everything that the process does passes through `run`: nothing
 * of it happens after its end, and what falls due while it is frozen happens when it goes on.
 */
export class ProcessClock implements Clock {
  readonly #world: Clock;
  readonly #scheduled = new Set<ScheduledCall>();
  #offsetMs = 0;
  #alive = true;
  #held: (() => void)[] | undefined;

  constructor(world: Clock) {
    this.#world = world;
  }

  get alive(): boolean {
    return this.#alive;
  }

  nowMs(): number {
    return this.#world.nowMs() + this.#offsetMs;
  }

  /** The time that passes for this process, whatever is done to its wall time. */
  passing(): Clock {
    return { nowMs: () => this.#world.nowMs(), schedule: (delayMs, run) => this.schedule(delayMs, run) };
  }

  schedule(delayMs: number, run: () => void): ScheduledCall {
    let cancelled = false;
    const call = this.#world.schedule(delayMs, () => {
      this.#scheduled.delete(call);
      this.run(() => {
        if (!cancelled) run();
      });
    });
    this.#scheduled.add(call);
    return {
      cancel: () => {
        cancelled = true;
        this.#scheduled.delete(call);
        call.cancel();
      },
    };
  }

  /** Does something of this process: now, after its freeze, or never. */
  run(work: () => void): void {
    if (!this.#alive) return;
    if (this.#held === undefined) work();
    else this.#held.push(work);
  }

  /** As SIGKILL does it. */
  kill(): void {
    this.#alive = false;
    this.#held = undefined;
    for (const call of this.#scheduled) call.cancel();
    this.#scheduled.clear();
  }

  /** A pause of the whole process: collection of garbage, a suspended machine. */
  freeze(ms: number): void {
    if (this.#held !== undefined) return;
    this.#held = [];
    this.#world.schedule(ms, () => {
      const held = this.#held ?? [];
      this.#held = undefined;
      // One after the other, with all that follows from each, as an event loop does it.
      for (const work of held) this.#world.schedule(0, () => this.run(work));
    });
  }

  /** Moves the wall time; timers go on as they were. */
  jump(ms: number): void {
    this.#offsetMs += ms;
  }
}
