import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { smallStart } from './small-process.ts';

/** In a process of its own: the settings are the whole process's. */
const PROGRAM = `
  import { getHeapSpaceStatistics } from 'node:v8';
  import { becomeSmall, collectGarbage } from ${JSON.stringify(join(import.meta.dirname, 'small-process.ts'))};
  becomeSmall();
  const nursery = () => getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size;
  const kept = Array.from({ length: 20_000 }, () => []);
  let most = nursery();
  for (let index = 0; index < 2_000_000; index += 1) {
    kept[index % kept.length] = [index, String(index)];
    if (index % 1_000 === 0) most = Math.max(most, nursery());
  }
  kept.length = 0;
  const before = process.memoryUsage().heapUsed;
  collectGarbage();
  const freed = before - process.memoryUsage().heapUsed;
  console.log(JSON.stringify({ most, freed, pid: process.pid, arenas: process.env.MALLOC_ARENA_MAX, threads: process.env.UV_THREADPOOL_SIZE }));
`;

describe('the process of the controller', () => {
  it('starts over with a nursery that stays small under load, and can drop the garbage of its start', () => {
    const { MALLOC_ARENA_MAX: _, ...env } = process.env;
    const { stdout, stderr, pid } = spawnSync(process.execPath, ['--input-type=module', '--eval', PROGRAM], {
      encoding: 'utf8',
      env: { ...env, UV_THREADPOOL_SIZE: '7' },
    });

    assert.equal(stderr, '');
    const { most, freed, ...rest } = JSON.parse(stdout) as Readonly<Record<string, number>>;
    assert.ok(most !== undefined && most <= 12 * 1_048_576, `${most} bytes of nursery`);
    assert.ok(freed !== undefined && freed > 0, `${freed} bytes were freed`);
    assert.deepEqual(rest, { pid, arenas: '1', threads: '7' });
  });

  it('leaves to the user what NODE_OPTIONS set', () => {
    const env = { NODE_OPTIONS: '--max-semi-space-size=32' };
    const start = smallStart({ execArgv: [], argv: ['/node', '/headgate.mjs', 'controller'], env });

    assert.ok(start !== undefined);
    assert.ok(start.args.includes('--min-semi-space-size=4'));
    assert.ok(!start.args.some((arg) => arg.startsWith('--max-semi-space-size')));
    assert.equal(smallStart({ execArgv: start.args.slice(0, -2), argv: ['/node', '/headgate.mjs'], env }), undefined);
  });

  it('keeps its arguments, and what the user set for Node prevails', () => {
    const start = smallStart({
      execArgv: ['--max-semi-space-size=32', '--inspect'],
      argv: ['/node', '/headgate.mjs', 'controller', '--namespaced'],
      env: { MALLOC_ARENA_MAX: '2', HOME: '/root' },
    });

    assert.deepEqual(start?.args.slice(-5), [
      '--max-semi-space-size=32',
      '--inspect',
      '/headgate.mjs',
      'controller',
      '--namespaced',
    ]);
    assert.equal(start.environment['MALLOC_ARENA_MAX'], '2');
    assert.equal(start.environment['HOME'], '/root');
    assert.equal(
      smallStart({ execArgv: start.args.slice(0, -3), argv: ['/node', '/headgate.mjs'], env: {} }),
      undefined,
    );
  });
});
