import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The version that package.json tells, also from the bundle, which lies one folder below it. */
export function headgateVersion(): string {
  for (const above of ['../..', '..']) {
    try {
      const text = readFileSync(join(import.meta.dirname, above, 'package.json'), 'utf8');
      return (JSON.parse(text) as { version: string }).version;
    } catch {
      // Not there: try the next place.
    }
  }
  return 'unknown';
}
