import { assert } from '../../lib/assert.ts';
import type { Clock, ScheduledCall } from '../../ports/clock.ts';
import type { QueueAnswer, WorkQueue } from '../../ports/kube.ts';
import type { Log, QueueMetrics } from '../../ports/telemetry.ts';
import { backoffMs } from './backoff.ts';
import { createTimerHeap } from './timer-heap.ts';

/** A conflict is over as soon as the cache has caught up; an outage must not be hammered. */
const RETRY_BASE_MS = 5;
const RETRY_MAX_MS = 30_000;
/** Entries of the heap that a later wish has replaced are swept when they outnumber the living ones by this much. */
const STALE_MAX = 1_000;

export interface WorkQueueOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly metrics: QueueMetrics;
}

/** One worker in so many is kept free for keys whose time has come: a pause must not end late because much else happens. */
const WORKERS_PER_RESERVED = 4;

/**
 * First come, first served over keys, those before all others whose promised time has come. A key waits at most once, and
 * is worked on by at most one worker; what is added meanwhile is worked on right after. All times share one timer.
 */
export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  const { clock, log, metrics } = options;
  /** Waiting keys in order of arrival, with the time they came; `due` are those that waited for their time. */
  const waiting = new Map<string, number>();
  const due = new Map<string, number>();
  /** Keys that are worked on, with when that began. */
  const working = new Map<string, number>();
  /** Added while being worked on, with where to queue them then. */
  const again = new Map<string, Map<string, number>>();
  const failures = new Map<string, number>();
  const wishes = createWishes(clock, { asked: add, answered: addDue });
  let handle: ((key: string) => Promise<QueueAnswer>) | undefined;
  let workerCount = 0;
  let stopped = false;
  let idle: (() => void)[] = [];
  metrics.workingIs(() => [...working.values()].map((startedMs) => (clock.nowMs() - startedMs) / 1_000));

  function add(key: string): void {
    join(key, waiting);
  }

  /** Its promised time has come: it goes before those who merely heard of a change. */
  function addDue(key: string): void {
    join(key, due);
  }

  function join(key: string, lane: Map<string, number>): void {
    if (stopped) return;
    if (working.has(key)) {
      if (again.get(key) !== due) again.set(key, lane);
      return;
    }
    const sinceMs = waiting.get(key);
    if (due.has(key) || (sinceMs !== undefined && lane === waiting)) return;
    waiting.delete(key);
    lane.set(key, sinceMs ?? clock.nowMs());
    if (sinceMs === undefined) metrics.added();
    metrics.depth(length());
    startWorkers();
  }

  function length(): number {
    return waiting.size + due.size;
  }

  function startWorkers(): void {
    while (handle !== undefined && !stopped && working.size < workerCount) {
      const lane = due.size > 0 ? due : waiting;
      if (lane === waiting && working.size >= workerCount - Math.floor(workerCount / WORKERS_PER_RESERVED)) return;
      const next = lane.entries().next().value;
      if (next === undefined) return;
      const [key, sinceMs] = next;
      lane.delete(key);
      metrics.depth(length());
      metrics.waited((clock.nowMs() - sinceMs) / 1_000);
      void work(key, handle);
    }
  }

  async function work(key: string, run: (key: string) => Promise<QueueAnswer>): Promise<void> {
    assert(!working.has(key), 'one key is never worked on twice at once');
    const startedMs = clock.nowMs();
    working.set(key, startedMs);
    const answer = await answerOf(key, run);
    metrics.worked((clock.nowMs() - startedMs) / 1_000);
    working.delete(key);
    if (stopped) {
      if (working.size === 0) wakeIdle();
      return;
    }
    take(key, answer);
    const lane = again.get(key);
    again.delete(key);
    if (lane !== undefined) join(key, lane);
    startWorkers();
  }

  async function answerOf(key: string, run: (key: string) => Promise<QueueAnswer>): Promise<QueueAnswer> {
    try {
      return await run(key);
    } catch (cause) {
      log.error({ cause, key }, 'working on a key failed, trying again');
      return { retry: true };
    }
  }

  function take(key: string, answer: QueueAnswer): void {
    wishes.answered(key, answer.againAtMs);
    if (answer.retry !== true) {
      failures.delete(key);
      return;
    }
    const failureCount = failures.get(key) ?? 0;
    failures.set(key, failureCount + 1);
    metrics.retried();
    wishes.asked(
      key,
      clock.nowMs() + backoffMs(failureCount, { baseMs: RETRY_BASE_MS, maxMs: RETRY_MAX_MS, random: options.random }),
    );
  }

  function wakeIdle(): void {
    const waiters = idle;
    idle = [];
    for (const run of waiters) run();
  }

  return {
    add,
    addAt(key, atMs) {
      if (!stopped) wishes.asked(key, atMs);
    },
    run(workers, run) {
      assert(handle === undefined, 'a queue is run once');
      assert(workers > 0, 'a queue has workers');
      handle = run;
      workerCount = workers;
      startWorkers();
    },
    async stop() {
      stopped = true;
      wishes.close();
      waiting.clear();
      due.clear();
      again.clear();
      metrics.depth(0);
      if (working.size > 0) await new Promise<void>((resolve) => idle.push(resolve));
    },
    get length() {
      return length();
    },
  };
}

/** When keys are to be queued. What a pass answers replaces what the pass before answered; what others ask for stays. */
interface Wishes {
  asked(key: string, atMs: number): void;
  answered(key: string, atMs: number | undefined): void;
  close(): void;
}

function createWishes(
  clock: Clock,
  due: { readonly asked: (key: string) => void; readonly answered: (key: string) => void },
): Wishes {
  const askedAtMs = new Map<string, number>();
  const answeredAtMs = new Map<string, number>();
  let heap = createTimerHeap<string>();
  let timer: ScheduledCall | undefined;
  let timerAtMs = Number.POSITIVE_INFINITY;

  function arm(): void {
    const nextMs = heap.nextMs();
    if (nextMs === undefined || nextMs >= timerAtMs) return;
    timer?.cancel();
    timerAtMs = nextMs;
    timer = clock.schedule(nextMs - clock.nowMs(), fire);
  }

  function fire(): void {
    timer = undefined;
    timerAtMs = Number.POSITIVE_INFINITY;
    const nowMs = clock.nowMs();
    for (let key = heap.takeDue(nowMs); key !== undefined; key = heap.takeDue(nowMs)) {
      // An entry whose wish was replaced finds nothing due.
      const asked = takeDue(askedAtMs, key, nowMs);
      const answered = takeDue(answeredAtMs, key, nowMs);
      if (answered) due.answered(key);
      else if (asked) due.asked(key);
    }
    arm();
  }

  function push(key: string, atMs: number): void {
    heap.add(atMs, key);
    if (heap.size > 2 * (askedAtMs.size + answeredAtMs.size) + STALE_MAX) sweep();
    arm();
  }

  function sweep(): void {
    heap = createTimerHeap<string>();
    for (const [key, atMs] of [...askedAtMs, ...answeredAtMs]) heap.add(atMs, key);
  }

  return {
    asked(key, atMs) {
      const known = askedAtMs.get(key);
      if (known !== undefined && known <= atMs) return;
      askedAtMs.set(key, atMs);
      push(key, atMs);
    },
    answered(key, atMs) {
      if (atMs === undefined) {
        answeredAtMs.delete(key);
        return;
      }
      if (answeredAtMs.get(key) === atMs) return;
      answeredAtMs.set(key, atMs);
      push(key, atMs);
    },
    close() {
      timer?.cancel();
      askedAtMs.clear();
      answeredAtMs.clear();
    },
  };
}

function takeDue(wishes: Map<string, number>, key: string, nowMs: number): boolean {
  const atMs = wishes.get(key);
  if (atMs === undefined || atMs > nowMs) return false;
  wishes.delete(key);
  return true;
}
