import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const PROGRAM = join(import.meta.dirname, '..', '..', 'src', 'main', 'headgate.ts');

/** The controller as users run it: a process of its own, which can be killed. */
export interface ControllerProcess {
  readonly pid: number;
  /** Settles when it has ended, however. */
  readonly ended: Promise<void>;
  kill(): Promise<void>;
  stop(): Promise<void>;
  /** The last lines that it wrote. */
  logTail(): string;
}

export function startControllerProcess(input: {
  readonly kubeconfig: string;
  readonly logFile: string;
  readonly args?: readonly string[];
}): ControllerProcess {
  const log = openSync(input.logFile, 'a');
  const child = spawn(
    process.execPath,
    [
      PROGRAM,
      'controller',
      '--kubeconfig',
      input.kubeconfig,
      '--metrics-host=127.0.0.1',
      '--metricsPort=0',
      '--healthzPort=0',
      ...(input.args ?? []),
    ],
    { stdio: ['ignore', log, log] },
  );
  closeSync(log);
  const ended = once(child, 'exit').then(() => undefined);
  return {
    pid: child.pid ?? 0,
    ended,
    kill: () => end(child, ended, 'SIGKILL'),
    stop: () => end(child, ended, 'SIGTERM'),
    logTail: () => readFileSync(input.logFile, 'utf8').split('\n').slice(-20).join('\n'),
  };
}

async function end(child: ChildProcess, ended: Promise<void>, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill(signal);
  await ended;
}
