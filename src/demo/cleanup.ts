/** What must be undone in the end, in the reverse order in which it was done. */
export class Cleanup {
  readonly #deeds: { readonly name: string; readonly run: () => unknown }[] = [];

  add(name: string, run: () => unknown): void {
    this.#deeds.push({ name, run });
  }

  /** Undoes everything, also when something fails; answers what failed. A second call does nothing. */
  async run(): Promise<readonly string[]> {
    const failures: string[] = [];
    for (let deed = this.#deeds.pop(); deed !== undefined; deed = this.#deeds.pop()) {
      try {
        await deed.run();
      } catch (cause) {
        failures.push(`${deed.name}: ${cause instanceof Error ? cause.message : String(cause)}`);
      }
    }
    return failures;
  }
}
