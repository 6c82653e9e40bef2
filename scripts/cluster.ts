import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildDataPlane, buildPlane, startPlane } from '../test/support/plane.ts';

/** `npm run cluster -- build | up | down | status`: a real control plane on loopback, for trying things by hand. */
const RECORD = join(tmpdir(), `headgate-cluster-${process.getuid?.() ?? 0}.json`);

interface Running {
  readonly pid: number;
  readonly kubeconfig: string;
}

const verb = process.argv[2] ?? 'status';
switch (verb) {
  case 'build':
    await buildPlane(say);
    await buildDataPlane(say);
    break;
  case 'up':
    await up();
    break;
  case 'down':
    down();
    break;
  case 'status':
    status();
    break;
  default:
    say(`unknown verb ${verb}: use build, up, down or status`);
    process.exitCode = 2;
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

function down(): void {
  const present = running();
  if (present === undefined) {
    say('not up');
    return;
  }
  process.kill(present.pid, 'SIGTERM');
  say(`stopping ${present.pid}`);
}

function status(): void {
  const present = running();
  say(present === undefined ? 'not up' : `up: export KUBECONFIG=${present.kubeconfig}`);
}

function running(): Running | undefined {
  if (!existsSync(RECORD)) return undefined;
  const record = JSON.parse(readFileSync(RECORD, 'utf8')) as Running;
  try {
    process.kill(record.pid, 0);
    return record;
  } catch {
    rmSync(RECORD, { force: true });
    return undefined;
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
