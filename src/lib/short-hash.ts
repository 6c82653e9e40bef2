import { fnv1a } from './fnv.ts';

/** Eight hexadecimal digits that tell texts apart: FNV-1a, 32 bit, over UTF-8. Not for secrets. */
export function shortHash(text: string): string {
  return fnv1a(new TextEncoder().encode(text)).toString(16).padStart(8, '0');
}
