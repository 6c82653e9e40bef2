import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { formatTotals, readTotals, type Totals } from './test-process.ts';

export interface Lane {
  /** Folders whose tests run in a process of their own. */
  readonly roots: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** How far behind others the operating system puts it: 0 to 19. */
  readonly niceness?: number;
}

/** Runs all lanes at once, prints what each says as a whole, then the totals, and ends with 0 when all went well. */
export async function runLanes(lanes: readonly Lane[]): Promise<void> {
  const running = lanes.map(start);
  const stop = (signal: NodeJS.Signals): void => {
    for (const lane of running) lane.stop(signal);
    process.exit(1);
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const results: Result[] = [];
  for (const lane of running) results.push(await lane.print());
  const failures = results.flatMap((result) => result.failures);
  const sum = (name: keyof Totals): number => results.reduce((so, { totals }) => so + totals[name], 0);
  const [passed, failed, skipped] = [sum('passed'), sum('failed'), sum('skipped')];
  process.stdout.write(
    `${failures.map((line) => `${line}\n`).join('')}\n${formatTotals({ passed, failed, skipped })}\n`,
  );
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
}

interface Result {
  readonly totals: Totals;
  readonly failures: readonly string[];
}

interface RunningLane {
  /** Prints what it has said, and says until it ends. */
  print(): Promise<Result>;
  stop(signal: NodeJS.Signals): void;
}

function start({ roots, env, niceness = 0 }: Lane): RunningLane {
  const colors = process.stdout.isTTY ? { FORCE_COLOR: '1' } : {};
  const child = spawn(process.execPath, [join(import.meta.dirname, 'test.ts'), ...roots], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...colors, ...env },
  });
  if (child.pid !== undefined && niceness > 0) setPriority(child.pid, niceness);
  const ended = once(child, 'close');
  let output = '';
  let isItsTurn = false;
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
    if (isItsTurn) process.stdout.write(chunk);
  });
  return {
    async print() {
      isItsTurn = true;
      process.stdout.write(`\n=== ${roots.join(' ')}\n\n${output}`);
      await ended;
      return resultOf(output, roots);
    },
    stop: (signal) => child.kill(signal),
  };
}

function resultOf(output: string, roots: readonly string[]): Result {
  const totals = readTotals(output);
  if (totals === undefined) {
    const failure = `failed: ${roots.join(' ')} ended before all tests had`;
    return { totals: { passed: 0, failed: 1, skipped: 0 }, failures: [failure] };
  }
  return { totals, failures: output.split('\n').filter((line) => /^(failed|found): /.test(line)) };
}
