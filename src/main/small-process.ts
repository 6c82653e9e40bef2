import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Left alone, V8 lets the nursery grow to 128 MB under load and the old generation to several times what is alive in it,
 * and compiles hot functions four at a time, each with megabytes of its own: a trade of memory for CPU that suits a machine
 * of its own, not one of many pods.
 */
const V8_OPTIONS: readonly string[] = [
  // Most of what a pass makes dies in a nursery of that size, and the controller keeps not much more.
  '--min-semi-space-size=4',
  '--max-semi-space-size=4',
  // The old generation is collected when it has grown by so much since the last time.
  '--heap-growing-percent=20',
  '--no-concurrent-recompilation',
];

const ENVIRONMENT: Readonly<Record<string, string>> = {
  // The threads of Node's own would each keep memory of malloc that the controller, which is one thread, never needs.
  MALLOC_ARENA_MAX: '1',
  // What compilers and OpenSSL give back goes back to the system: left alone, these thresholds grow with what was once needed.
  MALLOC_TRIM_THRESHOLD_: '65536',
  MALLOC_MMAP_THRESHOLD_: '65536',
  // Half of the threads resolve names of providers, and one whose servers do not answer holds its thread for long.
  UV_THREADPOOL_SIZE: '16',
};

export interface ProgramStart {
  /** Node's own options, then the program's path, then its arguments. */
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
}

type Started = Pick<NodeJS.Process, 'execArgv' | 'argv' | 'env'>;

/** How a process that was started like this would be started with our settings; absent when it was. The user's prevail. */
export function smallStart({ execArgv, argv, env }: Started): ProgramStart | undefined {
  // Of options that are given twice the last one counts, but one of the command line before any of NODE_OPTIONS.
  const given = env['NODE_OPTIONS'] ?? '';
  const options = V8_OPTIONS.filter((option) => !given.includes(option.replace(/=.*/, '')));
  if (options.every((option) => execArgv.includes(option))) return undefined;
  return { args: [...options, ...execArgv, ...argv.slice(1)], environment: { ...ENVIRONMENT, ...env } };
}

/**
 * Makes this process one that needs little memory. V8 and malloc read most of their settings once, as they start, so the
 * program starts over in the same process (execve); where the system cannot do that, nothing happens. Call it first.
 */
export function becomeSmall(): void {
  const start = smallStart(process);
  if (start === undefined || process.execve === undefined || process.platform === 'win32') return;
  process.execve(process.execPath, [process.execPath, ...start.args], start.environment);
}

/** What starting left behind goes; V8 takes the size after a full collection as the measure for the next. */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
}
