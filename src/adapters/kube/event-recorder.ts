import { KINDS } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kube-object.ts';
import type { EventNotice } from '../../api/kube-write.ts';
import { sleep } from '../../lib/clock.ts';
import { formatTimestamp } from '../../lib/timestamp.ts';
import type { Clock } from '../../ports/clock.ts';
import type { EventRecorder } from '../../ports/kube.ts';
import type { Log, Metrics } from '../../ports/telemetry.ts';
import { backoffMs } from './backoff.ts';
import type { KubeClient } from './client.ts';
import { FIELD_MANAGER } from './connection.ts';
import { isKubeError } from './kube-error.ts';

/** The component that users' tools and dashboards filter events by. */
const COMPONENT = 'rollouts-controller';
/** Repeats within this time count up one Event instead of making another; the API server forgets Events after an hour. */
const REPEAT_WINDOW_MS = 10 * 60_000;
/** Events that are remembered for counting up; the longest unused is forgotten first. */
const REMEMBERED_MAX = 4_096;
/** Above this rate per object, what still waits is joined with what is like it: nobody reads faster, and etcd is shared. */
const BURST = 60;
const REFILL_PER_SECOND = 2;
/** Occurrences that may wait over all objects; beyond it (the API server is away for long) the newest are dropped and counted. */
const WAITING_MAX = 50_000;
const ATTEMPTS_MAX = 4;
const RETRY_BASE_MS = 500;
const RETRY_MAX_MS = 10_000;
/** An object's name is at most 253 characters; the suffix needs 17. */
const NAME_PREFIX_MAX = 236;

export interface EventRecorderOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly metrics: Metrics;
}

interface Occurrence {
  /** Of the Event, should it be a new one; fixed here, so that an attempt that was carried out unheard is not made twice. */
  readonly eventName: string;
  readonly involved: Involved;
  readonly type: EventNotice['type'];
  readonly reason: string;
  message: string;
  count: number;
  readonly firstMs: number;
  lastMs: number;
}

/** The full reference that an Event carries. */
interface Involved {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string | undefined;
}

interface ObjectQueue {
  readonly waiting: Occurrence[];
  tokens: number;
  refilledMs: number;
}

/** An Event that was posted, for counting up. */
interface Posted {
  readonly name: string;
  count: number;
  lastMs: number;
}

/**
 * Posts events in the background: those of one object in order, one at a time; each occurrence is a write of its own, a
 * repeat counts up the Event that is there. Never throws and never waits.
 */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder & { close(): void } {
  const { clock, log, metrics } = options;
  const queues = new Map<string, ObjectQueue>();
  const posted = new Map<string, Posted>();
  const closing = new AbortController();
  let waitingCount = 0;
  let sequence = 0;
  let flushed: (() => void)[] = [];

  function record(object: KubeObject, notice: EventNotice): void {
    if (closing.signal.aborted) return;
    const involved = involvedOf(object);
    // Runs and Experiments have series of their own; there are too many of them to count their events, too.
    if (involved.kind === KINDS.rollout.kind) {
      metrics.eventRecorded({
        namespace: involved.namespace,
        name: involved.name,
        type: notice.type,
        reason: notice.reason,
      });
    }
    const queue = queueOf(involved);
    if (!spendToken(queue, clock.nowMs()) && joined(queue, notice)) return;
    if (waitingCount >= WAITING_MAX) {
      log.warn(
        { namespace: involved.namespace, name: involved.name, reason: notice.reason },
        'too many events wait to be posted; this one is dropped',
      );
      return;
    }
    const nowMs = clock.nowMs();
    queue.waiting.push({
      eventName: nextName(involved),
      involved,
      type: notice.type,
      reason: notice.reason,
      message: notice.message,
      count: 1,
      firstMs: nowMs,
      lastMs: nowMs,
    });
    waitingCount += 1;
    if (queue.waiting.length === 1) void work(involved.uid, queue);
  }

  function queueOf(involved: Involved): ObjectQueue {
    let queue = queues.get(involved.uid);
    if (queue === undefined) {
      queue = { waiting: [], tokens: BURST, refilledMs: clock.nowMs() };
      queues.set(involved.uid, queue);
    }
    return queue;
  }

  /** Above the rate: the occurrence is counted into one that still waits and has the same reason. The first is being posted already. */
  function joined(queue: ObjectQueue, notice: EventNotice): boolean {
    const alike = queue.waiting.findLast(
      (waiting, index) => index > 0 && waiting.reason === notice.reason && waiting.type === notice.type,
    );
    if (alike === undefined) return false;
    alike.count += 1;
    alike.message = notice.message;
    alike.lastMs = clock.nowMs();
    return true;
  }

  async function work(uid: string, queue: ObjectQueue): Promise<void> {
    // Joins may still be made while the caller's pass goes on; a first turn later it is on its way.
    await Promise.resolve();
    for (let next = queue.waiting[0]; next !== undefined && !closing.signal.aborted; next = queue.waiting[0]) {
      await postPatiently(next);
      queue.waiting.shift();
      waitingCount -= 1;
    }
    forgetRested(uid, queue);
    if (waitingCount === 0) wakeFlushed();
  }

  /** A queue that spent nothing of its burst needs no memory; one that did is kept until a later occurrence of any object sweeps it. */
  function forgetRested(uid: string, queue: ObjectQueue): void {
    refill(queue, clock.nowMs());
    if (queue.tokens >= BURST) queues.delete(uid);
    if (queues.size <= REMEMBERED_MAX) return;
    for (const [other, rested] of queues) {
      if (rested.waiting.length === 0) queues.delete(other);
      if (queues.size <= REMEMBERED_MAX / 2) return;
    }
  }

  async function postPatiently(occurrence: Occurrence): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await post(occurrence);
        return;
      } catch (cause) {
        const hopeless =
          isKubeError(cause) &&
          (cause.reason === 'invalid' || cause.reason === 'forbidden' || cause.reason === 'not-found');
        if (hopeless || attempt >= ATTEMPTS_MAX || closing.signal.aborted) {
          const { involved, reason } = occurrence;
          log.warn(
            { cause, namespace: involved.namespace, name: involved.name, reason },
            'an event could not be posted',
          );
          return;
        }
        await sleep(
          clock,
          backoffMs(attempt - 1, { baseMs: RETRY_BASE_MS, maxMs: RETRY_MAX_MS, random: options.random }),
          closing.signal,
        );
      }
    }
  }

  async function post(occurrence: Occurrence): Promise<void> {
    const key = repeatKey(occurrence);
    const known = posted.get(key);
    if (
      known !== undefined &&
      occurrence.firstMs - known.lastMs < REPEAT_WINDOW_MS &&
      (await countUp(known, occurrence))
    ) {
      remember(key, { name: known.name, count: known.count + occurrence.count, lastMs: occurrence.lastMs });
      return;
    }
    await create(occurrence);
    remember(key, { name: occurrence.eventName, count: occurrence.count, lastMs: occurrence.lastMs });
  }

  /** False when the Event is gone. */
  async function countUp(known: Posted, occurrence: Occurrence): Promise<boolean> {
    try {
      await options.client.request({
        verb: 'patch',
        kind: KINDS.event,
        namespace: namespaceOf(occurrence),
        name: known.name,
        contentType: 'application/merge-patch+json',
        priority: 'background',
        query: { fieldManager: FIELD_MANAGER },
        body: {
          count: known.count + occurrence.count,
          lastTimestamp: formatTimestamp(occurrence.lastMs),
          message: occurrence.message,
        },
      });
      return true;
    } catch (error) {
      if (isKubeError(error) && error.reason === 'not-found') return false;
      throw error;
    }
  }

  async function create(occurrence: Occurrence): Promise<void> {
    try {
      await options.client.request({
        verb: 'create',
        kind: KINDS.event,
        namespace: namespaceOf(occurrence),
        priority: 'background',
        query: { fieldManager: FIELD_MANAGER },
        body: eventOf(occurrence),
      });
    } catch (error) {
      if (!isKubeError(error) || error.reason !== 'already-exists') throw error;
    }
  }

  /** `<object>.<time in hexadecimal nanoseconds>`, as other clients name Events; the sequence keeps those of one moment apart. */
  function nextName(involved: Involved): string {
    sequence = (sequence + 1) % 1_000_000;
    const stamp = BigInt(Math.floor(clock.nowMs())) * 1_000_000n + BigInt(sequence);
    return `${involved.name.slice(0, NAME_PREFIX_MAX)}.${stamp.toString(16)}`;
  }

  function remember(key: string, entry: Posted): void {
    posted.delete(key);
    posted.set(key, entry);
    if (posted.size <= REMEMBERED_MAX) return;
    const oldest = posted.keys().next().value;
    if (oldest !== undefined) posted.delete(oldest);
  }

  function wakeFlushed(): void {
    const waiters = flushed;
    flushed = [];
    for (const run of waiters) run();
  }

  return {
    record,
    async flush(withinMs) {
      if (waitingCount === 0 || closing.signal.aborted) return;
      const done = new AbortController();
      flushed.push(() => done.abort());
      await sleep(clock, withinMs, done.signal);
    },
    close() {
      closing.abort();
      wakeFlushed();
    },
  };
}

function involvedOf(object: KubeObject): Involved {
  const { name, namespace = '', uid, resourceVersion } = object.metadata;
  const { apiVersion, kind } = object;
  return {
    apiVersion,
    kind,
    namespace,
    name,
    uid: uid ?? `${apiVersion}/${kind}/${namespace}/${name}`,
    resourceVersion,
  };
}

/** Events of cluster-scoped objects live in `default`. */
function namespaceOf({ involved }: Occurrence): string {
  return involved.namespace === '' ? 'default' : involved.namespace;
}

function repeatKey({ involved, type, reason, message }: Occurrence): string {
  return JSON.stringify([involved.uid, type, reason, message]);
}

function spendToken(queue: ObjectQueue, nowMs: number): boolean {
  refill(queue, nowMs);
  if (queue.tokens < 1) return false;
  queue.tokens -= 1;
  return true;
}

function refill(queue: ObjectQueue, nowMs: number): void {
  queue.tokens = Math.min(BURST, queue.tokens + ((nowMs - queue.refilledMs) / 1_000) * REFILL_PER_SECOND);
  queue.refilledMs = nowMs;
}

function eventOf(occurrence: Occurrence): unknown {
  const { eventName: name, involved, type, reason, message, count, firstMs, lastMs } = occurrence;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace: namespaceOf(occurrence) },
    involvedObject: { ...involved, namespace: involved.namespace === '' ? undefined : involved.namespace },
    type,
    reason,
    message,
    count,
    firstTimestamp: formatTimestamp(firstMs),
    lastTimestamp: formatTimestamp(lastMs),
    source: { component: COMPONENT },
    reportingComponent: COMPONENT,
    reportingInstance: '',
  };
}
