import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Clock, ScheduledCall } from '../../lib/clock.ts';

export interface ControllerProcessOptions {
  readonly clock: Clock;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface ControllerProcess {
  readonly pid: () => number | undefined;
  /** Whether it has said something since it was started: before that it has done nothing either. */
  readonly hasSpoken: () => boolean;
  /** How often it was started again after it had ended. */
  readonly restarts: () => number;
  /** Its last lines, for whoever has to find out why. */
  readonly lines: () => readonly string[];
  /** Ends it at once, as a crash would; it is started again. */
  readonly kill: () => void;
  /** Ends it for good: asked first, forced after some seconds. */
  readonly stop: () => Promise<void>;
  /** For the exit handler of this process, where nothing can be awaited. */
  readonly killNow: () => void;
}

const RESTART_DELAY_MIN_MS = 200;
const RESTART_DELAY_MAX_MS = 5_000;
/** One that ran this long was started well, so that the next restart is quick again. */
const RAN_WELL_MS = 10_000;
const STOP_PATIENCE_MS = 5_000;
const LINES_KEPT = 400;

/**
 * Preloaded into the child: it ends when its standard input does, so also when this process was killed. Listening alone
 * does not keep the child alive.
 */
const END_WITH_PARENT = `data:text/javascript,process.stdin.on('end',()=>process.kill(process.pid,'SIGTERM')).resume().unref()`;

/** Runs the controller as a process of its own and starts it again whenever it ends, as a cluster would. */
export function superviseController(options: ControllerProcessOptions): ControllerProcess {
  const { clock } = options;
  const lines: string[] = [];
  let child: ChildProcess | undefined;
  let restarts = 0;
  let failures = 0;
  /** Ended by `kill`: that says nothing about the program. */
  let killed: ChildProcess | undefined;
  let planned: ScheduledCall | undefined;
  let spoken: ChildProcess | undefined;
  let stopping = false;

  function start(): void {
    const startedMs = clock.nowMs();
    const env = { ...process.env, ...options.env };
    const args = ['--import', END_WITH_PARENT, ...options.args];
    const started = spawn(options.command, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
    child = started;
    for (const stream of [started.stdout, started.stderr]) {
      stream.once('data', () => {
        spoken = started;
      });
      keepLines(stream);
    }
    let ended = false;
    const onEnd = (how: string): void => {
      if (ended) return;
      ended = true;
      keep(`(the controller process ${how})`);
      if (child === started) child = undefined;
      if (stopping) return;
      const ranWell = killed === started || clock.nowMs() - startedMs >= RAN_WELL_MS;
      failures = ranWell ? 0 : failures + 1;
      const delayMs = Math.min(
        RESTART_DELAY_MAX_MS,
        RESTART_DELAY_MIN_MS * 2 ** Math.min(10, Math.max(0, failures - 2)),
      );
      planned = clock.schedule(delayMs, () => {
        restarts++;
        start();
      });
    };
    started.on('exit', (code, signal) => onEnd(signal === null ? `ended with code ${code}` : `was ended by ${signal}`));
    started.on('error', (cause) => onEnd(`could not be started: ${cause.message}`));
  }

  function keepLines(stream: NodeJS.ReadableStream): void {
    let rest = '';
    stream.on('data', (chunk: Buffer) => {
      const parts = (rest + chunk.toString('utf8')).split('\n');
      rest = parts.pop() ?? '';
      parts.forEach(keep);
    });
  }

  function keep(line: string): void {
    lines.push(line);
    if (lines.length > LINES_KEPT) lines.shift();
  }

  async function stop(): Promise<void> {
    stopping = true;
    planned?.cancel();
    const ending = child;
    if (ending === undefined) return;
    await new Promise<void>((resolve) => {
      const force = clock.schedule(STOP_PATIENCE_MS, () => ending.kill('SIGKILL'));
      ending.once('exit', () => {
        force.cancel();
        resolve();
      });
      ending.kill('SIGTERM');
    });
  }

  start();
  return {
    pid: () => child?.pid,
    hasSpoken: () => spoken === child && child !== undefined,
    restarts: () => restarts,
    lines: () => [...lines],
    kill: () => {
      killed = child;
      child?.kill('SIGKILL');
    },
    stop,
    killNow: () => {
      stopping = true;
      child?.kill('SIGKILL');
    },
  };
}
