import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clearAbandonedPlanes, isRunning } from '../test/support/abandoned-planes.ts';
import { readWords } from './read-options.ts';
import {
  buildDataPlane,
  buildInfluxdb,
  buildPlane,
  fetchSkywalking,
  planesRoot,
  startPlane,
} from '../test/support/plane.ts';

/** A real control plane on loopback, for trying things by hand. */
const USAGE = `
  npm run cluster -- build     builds it, and what else tests run against (once, about ten minutes; needs Go and Maven)
  npm run cluster -- up        builds and starts it, and stays in the foreground
  npm run cluster -- down      stops it, also what is left of one that was killed
  npm run cluster -- status
`;
const RECORD = join(tmpdir(), `headgate-cluster-${process.getuid?.() ?? 0}.json`);

interface Running {
  readonly pid: number;
  readonly kubeconfig: string;
}

const [verb = 'status'] = readWords(USAGE, ['build', 'up', 'down', 'status']);
switch (verb) {
  case 'build':
    await buildPlane(say);
    await buildDataPlane(say);
    await buildInfluxdb(say);
    await fetchSkywalking(say);
    break;
  case 'up':
    await up();
    break;
  case 'down':
    await down();
    break;
  case 'status':
    status();
    break;
}

/** Stays in the foreground; ends with Ctrl-C, SIGTERM or `down`. */
async function up(): Promise<void> {
  const present = running();
  if (present !== undefined) {
    say(`already up: export KUBECONFIG=${present.kubeconfig}`);
    return;
  }
  await buildPlane(say);
  const plane = await startPlane({ auditLog: process.env['HEADGATE_AUDIT_LOG'] });
  writeFileSync(RECORD, JSON.stringify({ pid: process.pid, kubeconfig: plane.kubeconfig } satisfies Running));
  say(`export KUBECONFIG=${plane.kubeconfig}`);
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const forever = setInterval(() => undefined, 60_000);
  await Promise.race(signals.map((signal) => new Promise((resolve) => process.once(signal, resolve))));
  clearInterval(forever);
  rmSync(RECORD, { force: true });
  await plane.stop();
}

/** Stops the plane that is up, and clears away what planes left that were killed. */
async function down(): Promise<void> {
  const present = running();
  if (present !== undefined) {
    process.kill(present.pid, 'SIGTERM');
    say(`stopping ${present.pid}`);
  }
  const cleared = await clearAbandonedPlanes(planesRoot());
  for (const directory of cleared) say(`cleared ${directory}`);
  if (present === undefined && cleared.length === 0) say('not up');
}

function status(): void {
  const present = running();
  say(present === undefined ? 'not up' : `up: export KUBECONFIG=${present.kubeconfig}`);
}

function running(): Running | undefined {
  if (!existsSync(RECORD)) return undefined;
  const record = JSON.parse(readFileSync(RECORD, 'utf8')) as Running;
  if (isRunning(record.pid)) return record;
  rmSync(RECORD, { force: true });
  return undefined;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
