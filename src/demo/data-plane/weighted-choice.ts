/**
 * Smooth weighted round-robin: over any run of picks every choice gets its share, spread as evenly as can be. Each pick
 * adds every choice's weight to its credit, takes the one with most credit and charges it the sum of all weights.
 */
export class WeightedChoice {
  readonly #credits = new Map<string, number>();

  /** The key of the chosen one; undefined when every weight is 0. Keys that are no longer offered lose their credit. */
  pick(weights: ReadonlyMap<string, number>): string | undefined {
    let total = 0;
    let best: string | undefined;
    for (const [key, weight] of weights) {
      if (weight <= 0) continue;
      total += weight;
      const credit = (this.#credits.get(key) ?? 0) + weight;
      this.#credits.set(key, credit);
      if (best === undefined || credit > (this.#credits.get(best) ?? 0)) best = key;
    }
    for (const key of this.#credits.keys()) {
      if ((weights.get(key) ?? 0) <= 0) this.#credits.delete(key);
    }
    if (best !== undefined) this.#credits.set(best, (this.#credits.get(best) ?? 0) - total);
    return best;
  }
}
