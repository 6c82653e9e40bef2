import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** A condition, and the result that it is to be evaluated over, as `scripts/golden/expr` reads it. */
export interface ConditionCase {
  readonly kind: 'json' | 'scalar' | 'vector';
  /** As JSON; the number itself for a scalar. */
  readonly result: string;
  readonly text: string;
}

/** What the Go implementation made of a case: a printed value of a type, or an error. */
export interface GoAnswer {
  readonly type?: string;
  readonly value?: string;
  readonly phase?: 'compile' | 'run';
  readonly error?: string;
}

/** Why the Go implementation cannot be asked here, or undefined. */
export function goRefusal(): string | undefined {
  return spawnSync('go', ['version']).status === 0 ? undefined : 'there is no go on the PATH';
}

/** One answer for each case, in order. Builds the program at the first call. */
export function askGo(cases: readonly ConditionCase[]): readonly GoAnswer[] {
  const directory = join(import.meta.dirname, '..', '..', 'scripts', 'golden', 'expr');
  const input = cases.map(({ kind, result, text }) => `${kind}\t${result}\t${text}\n`).join('');
  const { status, stdout, stderr } = spawnSync('go', ['run', '.'], {
    cwd: directory,
    input,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(`go run failed: ${stderr}`);
  return JSON.parse(stdout) as readonly GoAnswer[];
}
