import { spawn } from 'node:child_process';

export interface CommandRequest {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly input?: string;
  readonly timeoutMs: number;
  /** Most bytes of standard output that are kept; more ends the command. */
  readonly outputBytesMax: number;
  /** Asked now and then while the command runs; true ends it as too large. */
  readonly tooLarge?: () => Promise<boolean>;
  /** Ends the command when it aborts. */
  readonly signal?: AbortSignal;
}

export interface CommandResult {
  readonly stdout: Buffer;
  readonly stderr: string;
  readonly exitCode: number;
  /** Why the command was ended from outside, or could not start. */
  readonly ended?: 'timeout' | 'too-large' | 'absent' | 'stopped';
}

const STDERR_BYTES_MAX = 64 * 1024;
const SIZE_CHECK_EVERY_MS = 250;

/** Runs a program without a shell, in a process group of its own so that its helpers (ssh, remote-https) end with it. */
export function runCommand(request: CommandRequest): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(request.file, [...request.args], {
      cwd: request.cwd,
      env: { ...request.env },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
      windowsHide: true,
    });
    const stdout: Buffer[] = [];
    let stdoutBytes = 0;
    let stderr = '';
    let ended: CommandResult['ended'];

    function end(why: 'timeout' | 'too-large' | 'stopped'): void {
      ended ??= why;
      killGroup(child.pid);
    }
    const stop = (): void => end('stopped');
    if (request.signal?.aborted === true) stop();
    request.signal?.addEventListener('abort', stop, { once: true });
    const timer = setTimeout(() => end('timeout'), request.timeoutMs);
    const sizeTimer = watchSize(request.tooLarge, () => end('too-large'));

    function cleanUp(): void {
      clearTimeout(timer);
      clearInterval(sizeTimer);
      request.signal?.removeEventListener('abort', stop);
    }

    child.stdout.on('data', (chunk: Buffer) => {
      stdoutBytes += chunk.length;
      if (stdoutBytes > request.outputBytesMax) end('too-large');
      else stdout.push(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      if (stderr.length < STDERR_BYTES_MAX) stderr += chunk.toString('utf8');
    });
    child.stdin.on('error', () => {});
    child.stdin.end(request.input ?? '');

    child.on('error', (error: NodeJS.ErrnoException) => {
      cleanUp();
      if (error.code === 'ENOENT')
        resolve({ stdout: Buffer.alloc(0), stderr: error.message, exitCode: -1, ended: 'absent' });
      else reject(error);
    });
    child.on('close', (code) => {
      cleanUp();
      resolve({ stdout: Buffer.concat(stdout), stderr, exitCode: code ?? -1, ended });
    });
  });
}

function watchSize(tooLarge: (() => Promise<boolean>) | undefined, end: () => void): NodeJS.Timeout | undefined {
  if (tooLarge === undefined) return undefined;
  return setInterval(() => {
    void tooLarge().then(
      (isTooLarge) => {
        if (isTooLarge) end();
      },
      () => {},
    );
  }, SIZE_CHECK_EVERY_MS);
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}
