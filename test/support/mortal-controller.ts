import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SILENT_LOG } from '../../src/adapters/telemetry/silent.ts';
import { startController, type RunningController } from '../../src/main/run-controller.ts';
import { sharedGuard } from './shared-guard.ts';
import { testOptions } from './test-options.ts';

/** A controller in this process that is cut off at random moments, each time followed by one that knows nothing. */
export interface MortalController {
  readonly lives: number;
  stop(): Promise<void>;
}

export interface MortalInput {
  readonly kubeconfig: string;
  readonly random: () => number;
  /** Counted from when it may act, and longer where starting takes long; undefined for one that lives until it is stopped. */
  readonly lifeMsMax: number | undefined;
}

/** One life in so many ends while the controller still starts. */
const EARLY = 8;
/** On a busy machine, where nothing would get done in a short life, the longest is this many times what a start takes. */
const STARTS_PER_LIFE = 10;

/**
 * What an API server sees of a process that is killed is its connections breaking off, at any byte: so each life has a
 * connection of its own, which ends it.
 */
export function startMortalController(input: MortalInput): MortalController {
  const { kubeconfig, random, lifeMsMax } = input;
  const directory = mkdtempSync(join(tmpdir(), 'headgate-lives-'));
  const stopping = new AbortController();
  const ends: Promise<void>[] = [];
  let lives = 0;

  async function live(): Promise<void> {
    lives += 1;
    const wire = await openWire(readFileSync(kubeconfig, 'utf8'));
    const file = join(directory, `${lives}`);
    writeFileSync(file, wire.kubeconfig);
    const starting = startLife(file);
    if (lifeMsMax === undefined) await untilStopping();
    else await untilDeath(starting, lifeMsMax);
    const isLast = stopping.signal.aborted;
    if (!isLast) wire.cut();
    const end = starting.then((controller) => controller?.stop()).catch(() => undefined);
    // Those that were cut off end while others live: they try for a while to post their last events, to nobody.
    ends.push(end);
    if (!isLast) return;
    await end;
    wire.cut();
  }

  async function untilDeath(starting: Promise<RunningController | undefined>, lifeMsMax: number): Promise<void> {
    const acting = starting.then((controller) => controller?.whenActing());
    const startedMs = Date.now();
    const isEarly = random() <= 1 / EARLY;
    if (!isEarly) await Promise.race([acting, untilStopping()]);
    const longestMs = isEarly ? lifeMsMax : Math.max(lifeMsMax, STARTS_PER_LIFE * (Date.now() - startedMs));
    // Short lives are as likely as long ones: most of what happens does so right after a start.
    const lifeMs = longestMs * random() ** 2;
    await delay(lifeMs, undefined, { signal: stopping.signal }).catch(() => undefined);
  }

  function untilStopping(): Promise<void> {
    return new Promise((resolve) => {
      if (stopping.signal.aborted) resolve();
      else stopping.signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  const living = (async () => {
    while (!stopping.signal.aborted) await live();
  })();

  return {
    get lives() {
      return lives;
    },
    stop: async () => {
      stopping.abort();
      await living;
      await Promise.all(ends);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Undefined when it was cut off while it started. */
function startLife(kubeconfig: string): Promise<RunningController | undefined> {
  const options = { ...testOptions(kubeconfig), leaderElect: false };
  return startController(options, SILENT_LOG, sharedGuard).catch(() => undefined);
}

interface Wire {
  /** Leads to the API server as long as the wire holds. */
  readonly kubeconfig: string;
  cut(): void;
}

async function openWire(kubeconfig: string): Promise<Wire> {
  const address = /https?:\/\/127\.0\.0\.1:(\d+)/.exec(kubeconfig);
  if (address === null) throw new Error('the API server is not on loopback');
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(address[1]), '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one
        .on('error', () => undefined)
        .on('close', () => {
          sockets.delete(one);
          other.destroy();
        });
      one.pipe(other);
    }
  });
  const port = await listen(server);
  return {
    kubeconfig: kubeconfig.replaceAll(address[0], address[0].replace(/\d+$/, String(port))),
    cut: () => {
      server.close();
      for (const socket of sockets) socket.resetAndDestroy();
    },
  };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return (server.address() as { readonly port: number }).port;
}
