import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const PROGRAM = join(import.meta.dirname, '..', '..', 'src', 'main', 'headgate.ts');
const LINES_KEPT = 20;

/** The controller as users run it: a process of its own, which can be killed. */
export interface ControllerProcess {
  readonly pid: number;
  /** Milliseconds from its start to its first word, which is a matter of the machine alone; undefined if it ended before. */
  readonly startMs: Promise<number | undefined>;
  /** Settles when it works on objects, or has ended. */
  readonly acting: Promise<void>;
  /** Settles when it has ended, however. */
  readonly ended: Promise<void>;
  kill(): Promise<void>;
  stop(): Promise<void>;
  /** The last lines that it wrote. */
  logTail(): string;
}

export interface ControllerProcessInput {
  readonly kubeconfig: string;
  readonly args?: readonly string[];
  /** Where compiled code is kept from one start to the next. */
  readonly compileCache?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export function startControllerProcess({
  kubeconfig,
  args = [],
  compileCache,
  env = {},
}: ControllerProcessInput): ControllerProcess {
  const startedMs = performance.now();
  const child = spawn(
    process.execPath,
    [
      PROGRAM,
      'controller',
      `--kubeconfig=${kubeconfig}`,
      '--metrics-host=127.0.0.1',
      '--metricsPort=0',
      '--healthzPort=0',
      ...args,
    ],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...env, ...(compileCache === undefined ? {} : { NODE_COMPILE_CACHE: compileCache }) },
    },
  );
  const lines: string[] = [];
  const acting = Promise.withResolvers<void>();
  const heard = Promise.withResolvers<number | undefined>();
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    heard.resolve(performance.now() - startedMs);
    if (text.includes('"acting"')) acting.resolve();
    lines.push(...text.trimEnd().split('\n'));
    lines.splice(0, lines.length - LINES_KEPT);
  });
  const ended = once(child, 'exit').then(() => {
    heard.resolve(undefined);
    acting.resolve();
  });
  return {
    pid: child.pid ?? 0,
    startMs: heard.promise,
    acting: acting.promise,
    ended,
    kill: () => end(child, ended, 'SIGKILL'),
    stop: () => end(child, ended, 'SIGTERM'),
    logTail: () => lines.join('\n'),
  };
}

async function end(child: ChildProcess, ended: Promise<void>, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill(signal);
  await ended;
}
