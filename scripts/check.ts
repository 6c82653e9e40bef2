import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { readWords } from './read-options.ts';
import { checkRooms } from './rooms.ts';

/**
 * Every static check of the repository: types, lint, format, the doors between the rooms, dead code, generated files.
 * Exits 1 when any of them fails; each prints what it saw.
 */
interface Check {
  readonly name: string;
  readonly run: () => boolean;
}

const checks: readonly Check[] = [
  { name: 'types', run: () => tool('tsc', ['-p', '.', '--noEmit']) },
  { name: 'lint', run: lint },
  { name: 'format', run: () => tool('oxfmt', ['--check', 'src', 'test', 'scripts']) },
  { name: 'rooms', run: checkRooms },
  { name: 'dead code', run: () => tool('knip', []) },
  { name: 'generated files', run: () => node(['scripts/generate.ts', '--check']) },
];

const NAMES = checks.map(({ name }) => name);
const only = readWords(`npm run check [-- CHECK ...]: all of ${NAMES.join(', ')}, or those that are named`, NAMES);
const failed: string[] = [];
for (const check of checks) {
  if (only.length > 0 && !only.includes(check.name)) continue;
  const passed = check.run();
  process.stdout.write(`${passed ? 'ok    ' : 'FAILED'} ${check.name}\n`);
  if (!passed) failed.push(check.name);
}
process.exit(failed.length === 0 ? 0 : 1);

function tool(name: string, args: readonly string[]): boolean {
  return spawnSync(join('node_modules', '.bin', name), args, { stdio: 'inherit' }).status === 0;
}

function node(args: readonly string[]): boolean {
  return spawnSync(process.execPath, args, { stdio: 'inherit' }).status === 0;
}

/** The linter says how many files it saw: fewer than there are means that it silently skipped some. */
function lint(): boolean {
  const result = spawnSync(join('node_modules', '.bin', 'oxlint'), ['--type-aware', 'src', 'test', 'scripts'], {
    encoding: 'utf8',
  });
  process.stdout.write(result.stdout + result.stderr);
  const seen = Number(/on (\d+) files/.exec(result.stdout)?.[1] ?? 0);
  const present = globSync(['src/**/*.ts', 'test/**/*.ts', 'scripts/**/*.ts']).length;
  if (seen < present) process.stdout.write(`the linter saw ${seen} of ${present} files\n`);
  return result.status === 0 && seen >= present;
}
