import { resolve } from 'node:path';
import { run, type EventData } from 'node:test';
import { spec } from 'node:test/reporters';

/** Runs test files one after the other in this process and ends it: with 0 when some passed and none failed. */
export function runTests(files: readonly string[]): void {
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  const failures: string[] = [];
  const stream = run({ files: files.map((file) => resolve(file)), isolation: 'none', concurrency: false });
  stream.on('test:pass', (event) => {
    if (event.details.type === 'suite') return;
    if (event.skip !== undefined || event.todo !== undefined) skipped += 1;
    else passed += 1;
  });
  stream.on('test:fail', (event) => {
    if (event.details.type === 'suite') return;
    const isHeldAgainst = event.todo === undefined;
    failed += isHeldAgainst ? 1 : 0;
    failures.push(`${isHeldAgainst ? 'failed' : 'found'}: ${placeOf(event)} ${event.name}`);
  });
  stream.on('end', () => {
    // Printed after the report, whatever the reporter still has to flush.
    setImmediate(() => {
      for (const failure of failures) process.stdout.write(`${failure}\n`);
      process.stdout.write(`\n${formatTotals({ passed, failed, skipped })}\n`, () =>
        process.exit(failed === 0 && passed > 0 ? 0 : 1),
      );
    });
  });
  stream.compose(new spec()).pipe(process.stdout);
}

export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export function formatTotals({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`;
}

/** The totals with which the output of a run ends; undefined when it ended otherwise. */
export function readTotals(output: string): Totals | undefined {
  const [, passed, failed, skipped = '0'] = /\n(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\n$/.exec(output) ?? [];
  if (passed === undefined || failed === undefined) return undefined;
  return { passed: Number(passed), failed: Number(failed), skipped: Number(skipped) };
}

/** The line of a test file at which it failed. Where a test begins says less: functions of test/support begin some. */
function placeOf({ file = '', line = 0, details }: EventData.TestFail): string {
  const { cause } = details.error;
  const stack = cause instanceof Error ? (cause.stack ?? '') : '';
  return /\/[^\s()]+\.test\.ts:\d+/.exec(stack.replaceAll('file://', ''))?.[0] ?? `${file}:${line}`;
}
