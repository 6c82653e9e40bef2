/**
 * Lets a bounded number of label values through; every later one becomes the same stand-in, so that sums stay right while
 * the number of series cannot grow with what users create.
 */
export interface LimitedLabels {
  /** The key itself, or undefined when there is no room for it. */
  admit(key: string): string | undefined;
  forget(key: string): void;
}

export function createLimitedLabels(maximum: number): LimitedLabels {
  const admitted = new Set<string>();
  return {
    admit(key) {
      if (admitted.has(key)) return key;
      if (admitted.size >= maximum) return undefined;
      admitted.add(key);
      return key;
    },
    forget(key) {
      admitted.delete(key);
    },
  };
}
