import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { until } from './world.ts';

/** Beside the rest of the tests a JVM takes half a minute for what it does in six seconds by itself. */
const START = { waitMsMax: 120_000, pollMs: 100 };
/** How much of what it says is kept for the message when it does not start. */
const SAID_MAX = 2_000;

export interface ServerProgram {
  /** For messages. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Removed with the server. */
  readonly directory: string;
  /** Answers with success as soon as it serves. */
  readonly readyUrl: string;
  /** What is posted there, for one that answers nothing else. */
  readonly readyQuestion?: object;
}

/** A program of somebody else's that serves on loopback for the time of a test. */
export interface RunningServer {
  /** Settles when it serves; also once more after `stop`. One that does not come leaves nothing behind. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Leaves nothing behind. */
  close(): Promise<void>;
}

export function serverDirectory(name: string): string {
  return mkdtempSync(join(tmpdir(), `headgate-${name}-`));
}

export function serverOf({
  name,
  command,
  args,
  env,
  directory,
  readyUrl,
  readyQuestion,
}: ServerProgram): RunningServer {
  let child: ChildProcess | undefined;
  const asked = readyQuestion === undefined ? undefined : posted(readyQuestion);

  async function start(): Promise<void> {
    const started = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env } });
    child = started;
    let said = '';
    let failure: Error | undefined;
    started.stderr.on('data', (chunk: Buffer) => {
      said = `${said}${chunk.toString()}`.slice(-SAID_MAX);
    });
    started.on('error', (error) => {
      failure = error;
    });
    const isReady = async (): Promise<boolean> => {
      if (failure !== undefined) throw failure;
      if (started.exitCode !== null) throw new Error(`${name} ended with ${started.exitCode}: ${said}`);
      const answer = await request(readyUrl, asked).catch(() => undefined);
      await answer?.body.dump();
      return answer !== undefined && answer.statusCode < 300;
    };
    try {
      await until(`${name} to be ready`, isReady, undefined, START);
    } catch (error) {
      await close();
      throw error;
    }
  }

  async function stop(): Promise<void> {
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  async function close(): Promise<void> {
    await stop();
    rmSync(directory, { recursive: true, force: true });
  }

  return { start, stop, close };
}

/** What a request says that posts JSON. */
export function posted(body: unknown): { method: 'POST'; headers: Record<string, string>; body: string } {
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
