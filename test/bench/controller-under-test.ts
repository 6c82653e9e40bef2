import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

export interface ControllerUnderTest {
  readonly pid: number;
  /** From the start of the process until it works: caches filled, Lease held. */
  readonly startMs: number;
  stop(): Promise<void>;
}

export interface ControllerInput {
  /** The program and what comes before the verb: a bundle or the sources. */
  readonly program: readonly string[];
  readonly nodeOptions: readonly string[];
  readonly kubeconfig: string;
}

const START_MS_MAX = 120_000;
const LINES_KEPT = 50;

/** Starts the controller as a process of its own, as it runs in production, and waits until it acts. */
export async function startControllerProcess(input: ControllerInput): Promise<ControllerUnderTest> {
  const startedMs = Date.now();
  const args = ['--logformat', 'json', '--metrics-host', '127.0.0.1', '--metricsPort', '0', '--healthzPort', '0'];
  const child = spawn(
    process.execPath,
    [...input.nodeOptions, ...input.program, 'controller', '--kubeconfig', input.kubeconfig, ...args],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  await untilActing(child);
  return underTest(child, startedMs);
}

/** Starts another controller; `{kubeconfig}` in its arguments stands for the path of one. It acts once it has called. */
export async function startOtherController(
  [program = '', ...args]: readonly string[],
  { kubeconfig, whenCalling }: { kubeconfig: string; whenCalling: () => Promise<void> },
): Promise<ControllerUnderTest> {
  const startedMs = Date.now();
  const filled = args.map((arg) => arg.replace('{kubeconfig}', kubeconfig));
  const child = spawn(program, filled, { stdio: 'ignore' });
  await Promise.race([whenCalling(), untilEnded(child)]);
  return underTest(child, startedMs);
}

async function untilEnded(child: ChildProcess): Promise<void> {
  const [code] = (await once(child, 'exit')) as [number | null];
  // Later on it is meant to end: nobody listens any more.
  throw new Error(`the other controller ended with ${code}`);
}

function underTest(child: ChildProcess, startedMs: number): ControllerUnderTest {
  return {
    pid: child.pid ?? 0,
    startMs: Date.now() - startedMs,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

function untilActing(child: ChildProcess): Promise<void> {
  const lines: string[] = [];
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`the controller did not act within ${START_MS_MAX / 1_000} s:\n${lines.join('\n')}`));
    }, START_MS_MAX);
    child.stderr?.on('data', (chunk: Buffer) => {
      for (const line of chunk.toString('utf8').split('\n')) {
        if (line === '') continue;
        lines.push(line);
        if (lines.length > LINES_KEPT) lines.shift();
        if (/"level":"(warn|error)"/.test(line)) process.stderr.write(`controller: ${line}\n`);
        if (line.includes('"msg":"acting"')) {
          clearTimeout(timer);
          resolve();
        }
      }
    });
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`the controller ended with ${code}:\n${lines.join('\n')}`));
    });
  });
}
