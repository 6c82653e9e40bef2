import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { it } from 'node:test';
import { MUTANTS } from './mutants.ts';

/** Whether each is caught takes long to find out: `npm run simulate -- --mutants`. */
it('every known defect still has the place that it is put into', () => {
  const root = resolve(import.meta.dirname, '../..');
  const lost = MUTANTS.filter(({ file, find }) => !readFileSync(resolve(root, file), 'utf8').includes(find));
  assert.deepEqual(
    lost.map(({ name, file }) => `${name}: ${file}`),
    [],
  );
  assert.ok(MUTANTS.length >= 20, `there are only ${MUTANTS.length}`);
  assert.equal(new Set(MUTANTS.map(({ name }) => name)).size, MUTANTS.length);
});
