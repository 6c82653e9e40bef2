import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createSystemClock } from '../adapters/clock/system-clock.ts';
import { connect } from '../adapters/kube/connection.ts';
import { createKube } from '../adapters/kube/kube.ts';
import { SILENT_LOG, SILENT_METRICS } from '../adapters/telemetry/silent.ts';
import { startDemo } from '../demo/demo.ts';
import type { Output } from '../demo/terminal/display.ts';

export interface DemoVerbOptions {
  readonly story: boolean;
  readonly killEvery?: number;
  /** Where the screen is drawn; this process's own terminal if unset. */
  readonly output?: Output;
}

/** The verb `demo`: answers the exit code. */
export async function runDemo(options: DemoVerbOptions): Promise<number> {
  const clock = createSystemClock();
  const over = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => over.abort());
  const root = rootDirectory();
  const code = await startDemo({
    clock,
    connect: async (kubeconfigPath) => {
      const connection = await connect({ clock, kubeconfigPath, userAgent: 'headgate-demo' });
      return createKube({ connection, clock, random: Math.random, log: SILENT_LOG, metrics: SILENT_METRICS });
    },
    program: { command: process.execPath, args: [process.argv[1] ?? ''] },
    crdsDirectory: join(root, 'crds'),
    exampleDirectory: join(root, 'examples', '01-demo'),
    story: options.story,
    output: options.output ?? process.stdout,
    input: process.stdin,
    lines: options.output === undefined && process.env['CI'] !== undefined,
    signal: over.signal,
    killControllerEveryMs: options.killEvery,
  });
  await drained(process.stdout);
  return code;
}

/** From the sources the repository is two folders up, from the bundle one. */
function rootDirectory(): string {
  const candidates = [join(import.meta.dirname, '..', '..'), join(import.meta.dirname, '..')];
  return candidates.find((candidate) => existsSync(join(candidate, 'crds'))) ?? process.cwd();
}

async function drained(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.writableLength > 0) await once(stream, 'drain');
}
