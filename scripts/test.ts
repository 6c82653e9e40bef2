import { spec } from 'node:test/reporters';
import { run, type EventData } from 'node:test';
import { globSync } from 'node:fs';
import { resolve } from 'node:path';

/**
 * Runs the tests in one process and ends with a line `N passed, N failed`.
 *
 *   node scripts/test.ts                      every test that needs no cluster
 *   node scripts/test.ts src/core test/git    only files under these paths
 */
const roots = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
const files = globSync(['src/**/*.test.ts', 'test/**/*.test.ts'])
  .filter((file) => roots.length === 0 || roots.some((root) => file.startsWith(root)))
  .map((file) => resolve(file))
  .sort();
if (files.length === 0) {
  process.stderr.write(`no test file under ${roots.join(', ')}\n`);
  process.exit(2);
}

// Some facts can be told only of all tests together.
if (roots.length === 0) process.env['HEADGATE_TEST_SELECTION'] = 'all';

let passed = 0;
let failed = 0;
let skipped = 0;
const failures: string[] = [];
const stream = run({ files, isolation: 'none', concurrency: false });
stream.on('test:pass', (event) => {
  if (event.details.type === 'suite') return;
  if (event.skip !== undefined || event.todo !== undefined) skipped += 1;
  else passed += 1;
});
stream.on('test:fail', (event) => {
  if (event.details.type === 'suite') return;
  failed += 1;
  failures.push(`${placeOf(event)} ${event.name}`);
});
stream.on('end', () => {
  // Printed after the report, whatever the reporter still has to flush.
  setImmediate(finish);
});
stream.compose(new spec()).pipe(process.stdout);

/** The line of a test file at which it failed. Where a test begins says less: functions of test/support begin some. */
function placeOf({ file = '', line = 0, details }: EventData.TestFail): string {
  const { cause } = details.error;
  const stack = cause instanceof Error ? (cause.stack ?? '') : '';
  return /\/[^\s()]+\.test\.ts:\d+/.exec(stack.replaceAll('file://', ''))?.[0] ?? `${file}:${line}`;
}

function finish(): void {
  for (const failure of failures) process.stdout.write(`failed: ${failure}\n`);
  const skips = skipped === 0 ? '' : `, ${skipped} skipped`;
  process.stdout.write(`\n${passed} passed, ${failed} failed${skips}\n`, () =>
    process.exit(failed === 0 && passed > 0 ? 0 : 1),
  );
}
