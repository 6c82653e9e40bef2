import { fail } from './errors.ts';
import { EXPRESSION_LIMITS } from './limits.ts';

/** Counts what one evaluation costs and ends it when that is too much. */
export class Meter {
  #memory = 0;
  #operationCount = 0;

  /** Elements of lists and maps, characters of built strings. */
  grow(size: number): void {
    this.#memory += size;
    if (this.#memory >= EXPRESSION_LIMITS.memoryMax) fail('memory budget exceeded');
  }

  step(count = 1): void {
    this.#operationCount += count;
    if (this.#operationCount > EXPRESSION_LIMITS.operationCountMax) fail('operation budget exceeded');
  }
}
