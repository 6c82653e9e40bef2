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

/** A short form for people: `45s`, `12m`, `3h20m`, `5d`. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`;
  return `${Math.floor(hours / 24)}d`;
}
