import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const ROOT = join(import.meta.dirname, '..', '..');

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(script: string, ...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [join(ROOT, script), ...args], { cwd: ROOT }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode, stdout, stderr }),
    );
  });
}

describe('a script', { concurrency: 4 }, () => {
  for (const [script, args, why] of [
    ['test/simulation/simulate.ts', ['--random', 'x'], '--random x: use a number of 0 or more'],
    ['test/bench/cluster.ts', ['--variant', 'x'], '--variant x: use basic, nginx, httproute, analysis'],
    ['test/bench/tables.ts', ['--nope'], "Unknown option '--nope'"],
    ['scripts/cluster.ts', ['nope'], 'unknown nope: use build, up, down, status'],
    ['scripts/generate.ts', ['--nope'], "Unknown option '--nope'"],
    ['scripts/check.ts', ['nope'], 'unknown nope: use types, lint, format, rooms, dead code, generated files'],
  ] as const) {
    it(`${script} refuses ${args.join(' ')} in one line`, async () => {
      const { code, stderr } = await run(script, ...args);

      assert.deepEqual({ code, stderr }, { code: 2, stderr: `${why} (--help shows what there is)\n` });
    });
  }

  it('tells how it is used', async () => {
    const { code, stdout } = await run('test/bench/tables.ts', '--help');

    assert.equal(code, 0);
    assert.match(stdout, /^ {2}npm run bench:tables .*--skip idle/s);
  });
});
