import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';

/** Requests at a steady rate, over connections that are kept, whatever becomes of them. */
export interface SteadyLoad {
  /** How many requests have ended so far: a place to count from. */
  mark(): number;
  /** What became of the requests that ended after `from`, up to `to` or now. */
  since(from: number, to?: number): LoadTally;
  /** For a failure's message: the share of an image in each quarter of a second, latest last. */
  timeline(image: string): readonly string[];
  /** Waits until so many more requests have ended; rejects when that takes far too long. */
  untilMore(count: number): Promise<void>;
  stop(): Promise<void>;
}

export interface LoadTally {
  readonly total: number;
  readonly perSecond: number;
  /** Requests that got no answer, or not one of a pod: what was wrong, and when. */
  readonly lost: readonly string[];
  /** Answered requests by image. */
  readonly byImage: ReadonlyMap<string, number>;
}

interface Ended {
  readonly atMs: number;
  readonly image: string;
  readonly problem: string | undefined;
}

const TICK_MS = 10;
/** A request without an answer after so long is lost. */
const TIMEOUT_MS = 10_000;
const TIMELINE_REQUESTS = 5_000;
/** More than these wait for an answer only when the data plane is stuck: then the pace is given up. */
const IN_FLIGHT_MAX = 1_000;

export function startSteadyLoad(target: {
  readonly origin: string;
  readonly host: string;
  readonly perSecond: number;
  readonly headers?: Readonly<Record<string, string>>;
}): SteadyLoad {
  const pool = new Pool(target.origin, { connections: 64, headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS });
  const ended: Ended[] = [];
  const startedMs = performance.now();
  const headers = { ...target.headers, host: target.host };
  let sent = 0;
  let inFlight = 0;

  async function send(): Promise<void> {
    inFlight += 1;
    try {
      const answer = await pool.request({ path: '/', method: 'GET', headers });
      await answer.body.dump();
      end(
        String(answer.headers['x-image'] ?? ''),
        answer.statusCode === 200 ? undefined : `status ${answer.statusCode}`,
      );
    } catch (error) {
      end('', error instanceof Error ? `${error.name}: ${error.message}` : String(error));
    }
    inFlight -= 1;
  }

  function end(image: string, problem: string | undefined): void {
    ended.push({ atMs: performance.now(), image, problem });
  }

  const ticking = setInterval(() => {
    const due = Math.floor(((performance.now() - startedMs) / 1_000) * target.perSecond);
    while (sent < due) {
      sent += 1;
      if (inFlight < IN_FLIGHT_MAX) void send();
    }
  }, TICK_MS);

  return {
    mark: () => ended.length,
    since: (from, to) => tallyOf(ended.slice(from, to), ended[from - 1]?.atMs ?? startedMs),
    timeline: (image) => timelineOf(ended.slice(-TIMELINE_REQUESTS), image),
    async untilMore(count) {
      const wanted = ended.length + count;
      const endMs = performance.now() + TIMEOUT_MS + (10_000 * count) / target.perSecond;
      while (ended.length < wanted) {
        if (performance.now() > endMs) throw new Error(`the load did not get ${count} answers`);
        await delay(TICK_MS);
      }
    },
    async stop() {
      clearInterval(ticking);
      while (inFlight > 0) await delay(TICK_MS);
      await pool.close();
    },
  };
}

function timelineOf(ended: readonly Ended[], image: string): readonly string[] {
  const slots = Map.groupBy(ended, ({ atMs }) => Math.floor(atMs / 250) * 250);
  return [...slots].map(([atMs, inSlot]) => {
    const matching = inSlot.filter((one) => one.image === image).length;
    return `${atMs} ms: ${matching} of ${inSlot.length}`;
  });
}

function tallyOf(ended: readonly Ended[], fromMs: number): LoadTally {
  const byImage = new Map<string, number>();
  for (const { image, problem } of ended) {
    if (problem === undefined) byImage.set(image, (byImage.get(image) ?? 0) + 1);
  }
  const lastMs = ended.at(-1)?.atMs ?? fromMs;
  return {
    total: ended.length,
    perSecond: lastMs === fromMs ? 0 : (ended.length * 1_000) / (lastMs - fromMs),
    lost: ended.flatMap(({ atMs, image, problem }) =>
      problem === undefined ? [] : [`${problem} ${image} at ${Math.round(atMs)} ms`],
    ),
    byImage,
  };
}
