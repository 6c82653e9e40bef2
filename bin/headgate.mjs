#!/usr/bin/env node
// Starts Headgate from the sources where they are, else from the bundle, on a Node that can run it: this one when
// it is new enough, else the one that npm has put beside the other tools.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// What it was called, for the commands that it suggests.
if (basename(process.argv[1] ?? '').startsWith('kubectl-')) process.env.HEADGATE_INVOKED_AS ??= 'kubectl headgate';

const NODE_MAJOR_MIN = 24;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const sources = join(root, 'src', 'main', 'headgate.ts');
const program = existsSync(sources) ? sources : join(root, 'dist', 'headgate.mjs');

if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN) {
  process.argv[1] = program;
  await import(program);
} else {
  const node = join(root, 'node_modules', '.bin', 'node');
  if (!existsSync(node)) {
    process.stderr.write(`headgate: needs Node ${NODE_MAJOR_MIN} or newer; this is ${process.version}\n`);
    process.exit(1);
  }
  const child = spawn(node, [program, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    if (signal !== null) process.kill(process.pid, signal);
    process.exitCode = code ?? 1;
  });
}
