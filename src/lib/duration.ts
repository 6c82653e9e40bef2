/** Go's duration strings: `1h30m`, `300ms`, `1.5s`, `-2m`; the only unitless value is `0`. */
const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ['ns', 1e-6],
  ['us', 1e-3],
  ['µs', 1e-3],
  ['μs', 1e-3],
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
]);
const TERM = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/gy;

/** Milliseconds of a Go duration string, or undefined when it is not one. */
export function parseDurationMs(text: string): number | undefined {
  const negative = text.startsWith('-');
  const body = negative || text.startsWith('+') ? text.slice(1) : text;
  if (body === '0') return 0;
  if (body === '') return undefined;
  let totalMs = 0;
  TERM.lastIndex = 0;
  while (TERM.lastIndex < body.length) {
    const term = TERM.exec(body);
    if (term === null) return undefined;
    totalMs += Number(term[1]) * (UNIT_MS.get(term[2] ?? '') ?? 0);
  }
  return negative ? -totalMs : totalMs;
}

/** Milliseconds of a pause's duration: a number or numeric string counts seconds, anything else is a Go duration. */
export function parsePauseDurationMs(duration: number | string): number | undefined {
  if (typeof duration === 'number') return Number.isFinite(duration) ? duration * 1_000 : undefined;
  if (/^[+-]?\d+$/.test(duration)) return Number(duration) * 1_000;
  return parseDurationMs(duration);
}

/** A time for people, to the second: `0s`, `1m30s`, `1h5m`. */
export function formatSeconds(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  const parts = [
    [Math.floor(seconds / 3_600), 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ] as const;
  const told = parts.filter(([count]) => count > 0).map(([count, unit]) => `${count}${unit}`);
  return told.length === 0 ? '0s' : told.join('');
}
