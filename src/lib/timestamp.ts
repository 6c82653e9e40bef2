/** RFC 3339 in UTC with whole seconds, as Kubernetes writes `metav1.Time`; parts of a second are cut off. */
export function formatTimestamp(ms: number): string {
  return new Date(Math.floor(ms / 1_000) * 1_000).toISOString().replace('.000Z', 'Z');
}

/** RFC 3339 in UTC with milliseconds, for moments that a wait is counted from. */
export function formatTimestampMs(ms: number): string {
  return new Date(ms).toISOString();
}

/** Milliseconds since the epoch, or undefined when the text is not a time. */
export function parseTimestampMs(text: string | null | undefined): number | undefined {
  if (text === undefined || text === null || text === '') return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

/**
 * The moment that a wait counted from `text` starts: a whole-second value may have been cut down from
 * anywhere within its second, so it counts from the next full second, and a wait is never shorter than asked.
 */
export function waitStartMs(text: string): number | undefined {
  const ms = parseTimestampMs(text);
  if (ms === undefined) return undefined;
  return /\.\d/.test(text) ? ms : ms + 1_000;
}
