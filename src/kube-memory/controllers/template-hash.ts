const LETTERS = 'bcdfghjklmnpqrstvwxz2456789';

/** A short, stable name part for any JSON value: FNV-1a (Fowler, Noll and Vo, public domain) in letters that make no words. */
export function shortHash(value: unknown): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(canonical(value))) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return String(hash).replaceAll(/\d/g, (digit) => LETTERS[Number(digit) * 2] ?? '');
}

/** JSON with sorted keys, so that equal values give equal texts. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
  return `{${entries
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, entry]) => `${JSON.stringify(key)}:${canonical(entry)}`)
    .join(',')}}`;
}
