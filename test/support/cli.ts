import type { ProgramIo } from '../../src/main/program-io.ts';
import { runHeadgate } from '../../src/main/run-headgate.ts';

/** What a run of the program printed, and how it ended. */
export interface CliRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface CliOptions {
  readonly kubeconfig?: string;
  /** Standard output is a terminal of this size. */
  readonly screen?: { readonly columns: number; readonly rows: number };
  /** Ends a verb that watches. */
  readonly over?: AbortSignal;
  /** Called after each print with all that was printed. */
  readonly onOut?: (out: string) => void;
}

/** Runs `headgate` in this process, as with these arguments. */
export async function headgate(args: readonly string[], options: CliOptions): Promise<CliRun> {
  let out = '';
  let err = '';
  const over = options.over ?? new AbortController().signal;
  const io: ProgramIo = {
    out: (text) => {
      out += text;
      options.onOut?.(out);
    },
    err: (text) => {
      err += text;
    },
    isTerminal: options.screen !== undefined,
    ...options.screen,
    env: {},
    over: () => over,
    setExitCode: () => undefined,
  };
  const connection = options.kubeconfig === undefined ? [] : ['--kubeconfig', options.kubeconfig];
  const code = await runHeadgate([...args, ...connection], io);
  return { code, out, err };
}
