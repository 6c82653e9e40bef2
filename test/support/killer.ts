import { setTimeout as delay } from 'node:timers/promises';
import type { ControllerProcess } from './controller-process.ts';

/** Controllers that are killed again and again, and started again at once. */
export interface Killer {
  readonly kills: number;
  /** Ends the killing and the controllers. */
  stop(): Promise<void>;
}

export interface KillerInput {
  /** How many controllers there are at a time. */
  readonly replicas: number;
  readonly start: () => ControllerProcess;
  readonly random: () => number;
  /** A life is at most so long, counted from when some controller acts; as many times longer as starts take longer than usual. */
  readonly lifeMsMax: number;
}

/** One kill in so many hits a controller that is still starting. */
const EARLY = 8;
const START_MS_MAX = 600;
/** One kill in so many takes all controllers at once. */
const ALL = 4;
/** A controller that waits for a Lease is not waited for longer. */
const ACTING_MS_MAX = 4_000;
/** From the start of a process to its first word, where nobody else wants the CPU. */
const USUAL_START_MS = 500;

export function startKiller(input: KillerInput): Killer {
  const { replicas, random, lifeMsMax } = input;
  const stopping = new AbortController();
  let kills = 0;
  let slowness = 1;
  const running = Array.from({ length: replicas }, start);

  function start(): ControllerProcess {
    const controller = input.start();
    void controller.startMs.then((startMs) => {
      if (startMs !== undefined) slowness = Math.max(1, startMs / USUAL_START_MS);
    });
    return controller;
  }

  async function replace(index: number): Promise<void> {
    await running[index]?.kill();
    kills += 1;
    running[index] = start();
  }

  async function killOnce(): Promise<void> {
    const early = random() < 1 / EARLY;
    // Short lives are as likely as long ones: most of what happens does so right after a start.
    const lifeMs = early ? random() * START_MS_MAX : lifeMsMax * random() ** 2;
    const all = random() < 1 / ALL;
    const chosen = Math.floor(random() * replicas);
    if (!early) {
      const acting = Promise.race(running.map((controller) => controller.acting));
      await Promise.race([acting, pause(ACTING_MS_MAX)]);
    }
    await pause(lifeMs);
    if (stopping.signal.aborted) return;
    const indexes = all ? [...running.keys()] : [chosen];
    await Promise.all(indexes.map(replace));
  }

  function pause(ms: number): Promise<unknown> {
    return delay(ms * slowness, undefined, { signal: stopping.signal }).catch(() => undefined);
  }

  const killing = (async () => {
    while (!stopping.signal.aborted) await killOnce();
  })();

  return {
    get kills() {
      return kills;
    },
    async stop() {
      stopping.abort();
      await killing;
      await Promise.all(running.map((controller) => controller.stop()));
    },
  };
}
