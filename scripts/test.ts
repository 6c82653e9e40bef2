import { globSync, readdirSync } from 'node:fs';
import { runLanes } from './test-lanes.ts';
import { runTests } from './test-process.ts';

/**
 * Runs the tests and ends with a line `N passed, N failed`.
 *
 *   node scripts/test.ts                      all of them, in lanes side by side
 *   node scripts/test.ts src/core test/git    only files under these paths, in one process
 */
const roots = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
if (roots.length === 0) await runLanes(lanes());
else runTests(filesUnder(roots));

/** What shares nothing with the others, and takes about as long. */
function lanes(): Parameters<typeof runLanes>[0] {
  // Recorded pauses last a minute: waited for beside the rest. Without a real control plane there is little else in this lane.
  const isReal = process.env['HEADGATE_CLUSTER'] === 'required';
  const waited = ['test/cluster', 'test/take-over', ...(isReal ? [] : ['test/life'])];
  const pure = ['src', 'test/simulation'];
  const others = readdirSync('test', { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `test/${name}`)
    .filter((folder) => ![...waited, ...pure].includes(folder));
  return [
    // Some facts can be told only after all scenarios.
    { roots: others, env: { HEADGATE_TEST_SELECTION: 'all' } },
    { roots: waited },
    // What only computes leaves the cores to those who are waited for.
    { roots: pure, niceness: 10 },
  ];
}

function filesUnder(folders: readonly string[]): readonly string[] {
  const files = globSync(['src/**/*.test.ts', 'test/**/*.test.ts']).filter((file) =>
    folders.some((folder) => file.startsWith(folder)),
  );
  if (files.length > 0) return files.sort();
  process.stderr.write(`no test file under ${folders.join(', ')}\n`);
  process.exit(2);
}
