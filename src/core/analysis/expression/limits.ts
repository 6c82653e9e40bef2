/** Bounds on what a condition may cost. The first two are those of expr itself; the rest keep one user from holding up others. */
export const EXPRESSION_LIMITS = {
  /** Syntax nodes of one expression. */
  nodeCountMax: 10_000,
  /** Elements (and characters of built strings) that one evaluation may create. */
  memoryMax: 1_000_000,
  /** Steps of one evaluation: about a quarter of a second. */
  operationCountMax: 2_000_000,
  /** Characters of an expression; the longest that people write are under 2,000. */
  textLengthMax: 65_536,
  /** Levels of nesting, so that no input can exhaust the stack. */
  depthMax: 500,
} as const;
