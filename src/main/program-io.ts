/** What the program needs of the process it runs in; tests hand in their own. */
export interface ProgramIo {
  out(text: string): void;
  err(text: string): void;
  /** Standard output is a terminal. */
  readonly isTerminal: boolean;
  readonly columns?: number;
  readonly rows?: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted when the user ends the program; asked for only by verbs that watch. */
  readonly over: () => AbortSignal;
  setExitCode(code: number): void;
}

export function processIo(): ProgramIo {
  const { stdout, stderr, env } = process;
  let over: AbortController | undefined;
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    isTerminal: stdout.isTTY,
    columns: stdout.columns,
    rows: stdout.rows,
    env,
    over: () => {
      over ??= untilSignal();
      return over.signal;
    },
    setExitCode: (code) => {
      process.exitCode = code;
    },
  };
}

function untilSignal(): AbortController {
  const over = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => over.abort());
  return over;
}
