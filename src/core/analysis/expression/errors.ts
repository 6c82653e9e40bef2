/**
 * What is wrong with a condition. `message` is the Go implementation's text, which users know from run messages;
 * the position is for editors and lint. `compile`: the text can never work; `run`: this result cannot be judged by it.
 */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
  readonly phase: 'compile' | 'run';
  /** UTF-16 offset into the text. */
  readonly offset: number;

  constructor(phase: 'compile' | 'run', message: string, offset: number) {
    super(message);
    this.phase = phase;
    this.offset = offset;
  }
}

/** A failure inside an operator or builtin, before it is known where in the text that is. */
export class EvaluationFailure extends Error {
  override readonly name = 'EvaluationFailure';
}

export function fail(message: string): never {
  throw new EvaluationFailure(message);
}

/** One-based line and column of an offset, counting characters as people see them in an editor. */
export function positionOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: Array.from(before.slice(lineStart)).length + 1 };
}
