import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';

const ROOT = join(import.meta.dirname, '..', '..');

it('every reason of an event or a condition is on its page', () => {
  const page = readFileSync(join(ROOT, 'docs', 'reference', 'events-and-conditions.md'), 'utf8');
  const sources = globSync('src/{core,controller}/**/*.ts', { cwd: ROOT }).filter((file) => !file.endsWith('.test.ts'));
  // A trailer of a revert's message has the same shape.
  const reasons = new Set(
    sources.flatMap((file) => {
      const text = readFileSync(join(ROOT, file), 'utf8');
      return [...text.matchAll(/reason: '([A-Z][a-zA-Z]+)'|[A-Z_]+_REASON = '([A-Z][a-zA-Z]+)'/g)].map(
        (match) => match[1] ?? match[2] ?? '',
      );
    }),
  );

  assert.ok(reasons.size > 30, `only ${reasons.size} reasons were found`);
  assert.deepEqual(
    [...reasons].filter((reason) => reason !== 'Reason' && !page.includes(`\`${reason}\``)),
    [],
  );
});
