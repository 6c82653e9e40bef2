/** How benchmarks tell what they measured. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function table(title: string, rows: readonly (readonly [string, string | number])[]): void {
  say(`\n${title}`);
  const width = Math.max(0, ...rows.map(([label]) => label.length));
  for (const [label, value] of rows) say(`  ${label.padEnd(width)}  ${value}`);
}

export function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

/** Of values in order of size. */
export function percentile(ordered: readonly number[], percent: number): number {
  return ordered[Math.min(ordered.length - 1, Math.floor((ordered.length * percent) / 100))] ?? 0;
}
