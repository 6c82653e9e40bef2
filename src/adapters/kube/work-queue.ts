import { assert } from '../../lib/assert.ts';
import type { Clock, ScheduledCall } from '../../ports/clock.ts';
import type { QueueAnswer, WorkQueue } from '../../ports/kube.ts';
import type { Log, QueueMetrics } from '../../ports/telemetry.ts';
import { backoffMs } from './backoff.ts';
import type { InFlight } from './in-flight.ts';
import { createLanes, type Lane } from './lanes.ts';
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
  /** While it answers slowly, keys begin one at a time: the more is under way, the later all of it is. Absent: as they come. */
  readonly server?: Pick<InFlight, 'isSlow'>;
}

/** For so many workers one place is kept for keys whose time has come: a pause must not end late because the calls of others hang. */
const WORKERS_PER_KEPT = 2;
/** So long one that begins holds back the next while answers are slow: several slow calls. */
const BEGINNING_MS_MAX = 250;

/**
 * Works over keys in the order of their lanes. A key waits at most once, and is worked on by at most one worker; what is
 * added meanwhile is worked on right after. All times share one timer.
 */
export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  const { clock, log, metrics } = options;
  const lanes = createLanes();
  /** Of these nothing is under way, by what the last pass answered. A process that has just started knows of none. */
  const resting = new Set<string>();
  /** Keys that are worked on, with when that began. */
  const working = new Map<string, number>();
  /** Of these the keys that rested. */
  const beginning = new Set<string>();
  /** Added while being worked on, and whether because their time has come. */
  const again = new Map<string, boolean>();
  const failures = new Map<string, number>();
  /** Of these the next time is promised. */
  const promised = new Set<string>();
  const wishes = createWishes(clock, { asked: add, answered: addInTime });
  let handle: ((key: string) => Promise<QueueAnswer>) | undefined;
  let workerCount = 0;
  let stopped = false;
  let idle: (() => void)[] = [];
  let begunAtMs = 0;
  let next: ScheduledCall | undefined;
  metrics.workingIs(() => [...working.values()].map((startedMs) => (clock.nowMs() - startedMs) / 1_000));

  function add(key: string): void {
    join(key, false);
  }

  function addInTime(key: string): void {
    join(key, promised.has(key));
  }

  function join(key: string, isDue: boolean): void {
    if (stopped) return;
    if (working.has(key)) {
      again.set(key, isDue || again.get(key) === true);
      return;
    }
    const isNew = lanes.join(key, laneOf(key, isDue), clock.nowMs());
    if (isNew) metrics.added();
    metrics.depth(lanes.size);
    startWorkers();
  }

  function laneOf(key: string, isDue: boolean): Lane {
    if (isDue) return 'due';
    return resting.has(key) ? 'resting' : 'underway';
  }

  function startWorkers(): void {
    while (handle !== undefined && !stopped && working.size < placesForOthers() + placesKept()) {
      const taken = lanes.take(lastLane());
      if (taken === undefined) return;
      metrics.depth(lanes.size);
      metrics.waited((clock.nowMs() - taken.sinceMs) / 1_000);
      if (taken.lane === 'resting') {
        beginning.add(taken.key);
        begunAtMs = clock.nowMs();
      }
      void work(taken.key, handle);
    }
  }

  function isSlow(): boolean {
    return options.server?.isSlow === true;
  }

  function placesKept(): number {
    return Math.ceil(workerCount / WORKERS_PER_KEPT);
  }

  /** For keys whose time has not come. Fewer while answers are slow: each call would make the others later. */
  function placesForOthers(): number {
    return isSlow() ? workerCount - Math.floor(workerCount / WORKERS_PER_KEPT) : workerCount;
  }

  /** The last of the lanes that a worker may take from now. */
  function lastLane(): Lane {
    if (working.size >= placesForOthers()) return 'due';
    return isSlow() && someoneBegins() ? 'underway' : 'resting';
  }

  /** One whose calls hang keeps the others waiting for a moment only. */
  function someoneBegins(): boolean {
    const leftMs = begunAtMs + BEGINNING_MS_MAX - clock.nowMs();
    if (beginning.size === 0 || leftMs <= 0) return false;
    next ??= clock.schedule(leftMs, () => {
      next = undefined;
      startWorkers();
    });
    return true;
  }

  async function work(key: string, run: (key: string) => Promise<QueueAnswer>): Promise<void> {
    assert(!working.has(key), 'one key is never worked on twice at once');
    const startedMs = clock.nowMs();
    working.set(key, startedMs);
    const answer = await answerOf(key, run);
    metrics.worked((clock.nowMs() - startedMs) / 1_000);
    working.delete(key);
    beginning.delete(key);
    if (stopped) {
      if (working.size === 0) wakeIdle();
      return;
    }
    take(key, answer);
    const isDue = again.get(key);
    again.delete(key);
    if (isDue !== undefined) join(key, isDue);
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
    if (answer.promised === true) promised.add(key);
    else promised.delete(key);
    if (answer.resting === true) resting.add(key);
    else resting.delete(key);
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
      next?.cancel();
      lanes.clear();
      again.clear();
      metrics.depth(0);
      if (working.size > 0) await new Promise<void>((resolve) => idle.push(resolve));
    },
    get length() {
      return lanes.size;
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
