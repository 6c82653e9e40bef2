/** A statement that must hold; when it does not, the program has a defect and the pass that found it stops. */
export function assert(condition: boolean, statement: string): asserts condition {
  if (!condition) throw new InvariantViolation(statement);
}

export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation';

  constructor(statement: string) {
    super(`this should always hold: ${statement}`);
  }
}
