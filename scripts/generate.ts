import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { generatedFiles } from './generated-files.ts';
import { readOptions } from './read-options.ts';

/** Writes every file that is made from the code: CRDs, the chart's parts, reference pages. */
const USAGE = `
  npm run generate               writes them
  npm run generate -- --check    fails when one of them is not as it would be written
`;
const { check } = readOptions(USAGE, { check: { type: 'boolean', default: false } });
const outdated: string[] = [];
for (const [path, text] of generatedFiles()) {
  if (present(path) === text) continue;
  outdated.push(path);
  if (check) continue;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
for (const path of outdated) process.stdout.write(`${check ? 'outdated' : 'wrote'} ${path}\n`);
if (check && outdated.length > 0) {
  process.stdout.write('run `npm run generate` and commit what it writes\n');
  process.exitCode = 1;
}

function present(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
