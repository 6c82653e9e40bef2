const OFFSET = 0x811c9dc5;

/** FNV-1a, 32 bit. Goes on from the hash of the bytes before, if there are some. Not for secrets. */
export function fnv1a(bytes: Iterable<number>, before: number = OFFSET): number {
  let hash = before;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}
