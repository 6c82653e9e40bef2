import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

/** In a process of its own: the settings are the whole process's. */
const PROGRAM = `
  import { getHeapSpaceStatistics } from 'node:v8';
  import { collectGarbage, keepHeapSmall } from ${JSON.stringify(join(import.meta.dirname, 'small-heap.ts'))};
  const sizes = () => Object.fromEntries(getHeapSpaceStatistics().map((space) => [space.space_name, space.space_size]));
  keepHeapSmall();
  const settled = sizes().new_space;
  const kept = Array.from({ length: 20_000 }, () => []);
  for (let index = 0; index < 2_000_000; index += 1) kept[index % kept.length] = [index, String(index)];
  const loaded = sizes().new_space;
  kept.length = 0;
  const before = process.memoryUsage().heapUsed;
  collectGarbage();
  console.log(JSON.stringify({ settled, loaded, freed: before - process.memoryUsage().heapUsed }));
`;

test('the nursery has its size at once and keeps it under load, and garbage of the start can be collected', () => {
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', PROGRAM], {
    encoding: 'utf8',
  });

  assert.equal(stderr, '');
  const { settled, loaded, freed } = JSON.parse(stdout) as { settled: number; loaded: number; freed: number };
  assert.equal(settled, 8 * 1_048_576);
  assert.equal(loaded, settled);
  assert.ok(freed > 0, `${freed} bytes were freed`);
});
