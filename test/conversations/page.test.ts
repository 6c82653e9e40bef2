import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { table } from '../../scripts/markdown.ts';
import { ACCEPTED_DIFFERENCES } from './differences.ts';

const PAGE = join(import.meta.dirname, '..', '..', 'docs', 'reference', 'embedded-api.md');

it('docs/reference/embedded-api.md shows every accepted difference', () => {
  const rows = ACCEPTED_DIFFERENCES.map(({ what, why }) => [what, why]);
  const expected = table(['What differs from a real kube-apiserver', 'Why it may'], rows);
  const found = /^\| What differs from .*?(?=\n\n|\n$)/ms.exec(readFileSync(PAGE, 'utf8'))?.[0];

  assert.equal(found, expected);
});
