import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { buildBundle } from '../../scripts/build.ts';
import { oneOf, readOptions } from '../../scripts/read-options.ts';
import type { ClusterDetails } from './cluster-report.ts';
import { rounded, say } from './figures.ts';
import { VARIANTS } from './fleet.ts';
import { cpuMsOfEnded, cpuMsOfMachine } from './process-usage.ts';

/** Everything that docs/performance.md has a table of, as rows for it, one run after the other: about half an hour on a quiet machine. */
const USAGE = `
  npm run bench:tables [-- OPTIONS]

  --n 50,200          how many Rollouts are updated at once
  --variants basic    which updates
  --idle 1000         how many Rollouts rest
  --skip idle,updates,analysis    tables that are left out
`;
const SKIPPABLE = ['idle', 'updates', 'analysis'] as const;
const values = readOptions(USAGE, {
  n: { type: 'string', default: '1,50,200,500,1000' },
  variants: { type: 'string', default: VARIANTS.join(',') },
  idle: { type: 'string', default: '1000,10000' },
  skip: { type: 'string' },
});
const variants = values.variants.split(',').map((one) => oneOf('--variants', VARIANTS, one));
const skipped = values.skip?.split(',').map((one) => oneOf('--skip', SKIPPABLE, one)) ?? [];
/** So many Rollouts are updated again and again: their ReplicaSets reach the limit of their history early. */
const UPDATED_AT_ONCE = 25;
const UPDATES = 1_000;

interface RestFigures {
  readonly idle: number;
  readonly startToActingMs: number;
  readonly startCpuMs: number;
  readonly memoryMb: number;
  readonly peakMemoryMb: number;
  readonly cpuMsPerMinute: number;
  readonly callsPerMinute: number;
}

interface AnalysisFigures {
  readonly runs: number;
  readonly measurementsPerSecond: number;
  readonly lateP50Ms: number;
  readonly lateP99Ms: number;
  readonly lateMaxMs: number;
  readonly cpuMsPerMeasurement: number;
  readonly callsPerMeasurement: number;
  readonly peakMemoryMb: number;
}

/** How much of all processors others had during the last run: what makes figures worse than they are. */
let othersPercent = 0;

const directory = mkdtempSync(join(tmpdir(), 'headgate-bench-'));
try {
  await main();
} finally {
  rmSync(directory, { recursive: true, force: true });
}

async function main(): Promise<void> {
  const program = await buildBundle(join(directory, 'build'));
  const [cpu] = cpus();
  say(`${new Date().toISOString()}; ${cpus().length} x ${cpu?.model ?? '?'}; ${rounded(totalmem() / 2 ** 30, 0)} GiB`);

  heading(['variant', 'N', 'wall s', 'calls (until Healthy)', 'events', 'CPU ms', 'peak MB', 'late p50 / p99 ms']);
  for (const variant of variants) {
    for (const n of values.n.split(',')) {
      const lines = await runCluster(['--program', program, '--variant', variant, '--n', n]);
      for (const line of lines as readonly ClusterDetails[]) row([...updateCells(line), `${othersPercent} %`]);
    }
  }
  if (!skipped.includes('idle')) {
    heading(['Rollouts', 'start to acting', 'CPU of it', 'at rest', 'peak', 'CPU a minute', 'calls a minute']);
    for (const idle of values.idle.split(',')) {
      const [rest] = await runCluster(['--program', program, '--n', '1', '--idle', idle, '--rest', '60']);
      row([...restCells(rest as RestFigures), `${othersPercent} %`]);
    }
  }
  if (!skipped.includes('updates')) {
    const args = ['--n', String(UPDATED_AT_ONCE), '--updates', String(UPDATES)];
    const [details] = await runCluster(['--program', program, ...args]);
    say(`\nmemory in MB after each ${UPDATED_AT_ONCE} of ${UPDATES} updates, CPU of others ${othersPercent} %:`);
    say((details as ClusterDetails).memoryMbAfterRounds.join(' '));
  }
  if (!skipped.includes('analysis')) {
    heading(['runs', 'made over s', 'measurements a second', 'late p50 / p99 / most ms', 'CPU ms', 'calls', 'peak MB']);
    for (const over of ['10', '0']) {
      const figures = await runAnalysis(over);
      row([...analysisCells(over, figures), `${othersPercent} %`]);
    }
  }
}

/** What was noted of one run, in the order in which it was. */
async function runCluster(args: readonly string[]): Promise<readonly unknown[]> {
  const details = join(directory, 'details.jsonl');
  rmSync(details, { force: true });
  await run(['cluster.ts', ...args, '--details', details]);
  return readFileSync(details, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
}

async function runAnalysis(over: string): Promise<AnalysisFigures> {
  const told = await run(['analysis-runs.ts', '--runs', '1000', '--interval', '10', '--over', over, '--json']);
  return JSON.parse(told.trimEnd().split('\n').at(-1) ?? '') as AnalysisFigures;
}

async function run([program = '', ...args]: readonly string[]): Promise<string> {
  const [startedMs, machineMs, endedMs] = [Date.now(), cpuMsOfMachine(), cpuMsOfEnded()];
  const child = spawn(process.execPath, [join(import.meta.dirname, program), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let told = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (told += text));
  const [code] = (await once(child, 'close')) as [number | null];
  const othersMs = cpuMsOfMachine() - machineMs - (cpuMsOfEnded() - endedMs);
  othersPercent = Math.max(0, Math.round((100 * othersMs) / ((Date.now() - startedMs) * cpus().length)));
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${told}`);
  return told;
}

function heading(columns: readonly string[]): void {
  say('');
  row([...columns, 'CPU of others']);
  say(`|${'---|'.repeat(columns.length + 1)}`);
}

function row(cells: readonly (string | number)[]): void {
  say(`| ${cells.join(' | ')} |`);
}

function updateCells(line: ClusterDetails): readonly (string | number)[] {
  return [
    line.variant,
    line.n,
    rounded(line.wallS, 1),
    `${rounded(line.callsBesidesEvents, 1)} (${rounded(line.callsUntilHealthy, 1)})`,
    rounded(line.eventCallsPerRollout, 1),
    line.cpuMsPerRollout,
    Math.round(line.peakMemoryMb),
    `${line.pauseLateP50Ms} / ${line.pauseLateP99Ms}`,
  ];
}

function restCells(rest: RestFigures): readonly (string | number)[] {
  return [
    rest.idle,
    `${rounded(rest.startToActingMs / 1_000, 1)} s`,
    `${rounded(rest.startCpuMs / 1_000, 1)} s`,
    `${Math.round(rest.memoryMb)} MB`,
    `${Math.round(rest.peakMemoryMb)} MB`,
    `${rounded(rest.cpuMsPerMinute / 1_000, 2)} s`,
    rest.callsPerMinute,
  ];
}

function analysisCells(over: string, figures: AnalysisFigures): readonly (string | number)[] {
  return [
    figures.runs,
    over,
    figures.measurementsPerSecond,
    [figures.lateP50Ms, figures.lateP99Ms, figures.lateMaxMs].map(Math.round).join(' / '),
    figures.cpuMsPerMeasurement,
    figures.callsPerMeasurement,
    Math.round(figures.peakMemoryMb),
  ];
}
