import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { buildBundle } from '../../scripts/build.ts';
import { numberOf, readOptions } from '../../scripts/read-options.ts';
import type { AnalysisRun } from '../../src/api/analysis.ts';
import { openApiClient, type ApiClient } from '../support/api-client.ts';
import { buildPlane, startPlane } from '../support/plane.ts';
import { installKinds } from '../support/world.ts';
import { openAuditLog } from './audit-log.ts';
import { countOf, isByTime, isOfEvents } from './call-counts.ts';
import { startControllerProcess } from './controller-under-test.ts';
import { percentile, rounded, say, table } from './figures.ts';
import { cpuMsOf, memoryOf } from './process-usage.ts';

/**
 * So many AnalysisRuns measure at once on a real control plane. Lateness is counted from the time at which a measurement
 * was due (the end of the one before, and the interval) until its query arrives at the server of metrics, which answers at once.
 */
const USAGE = `
  npm run bench:analysis [-- OPTIONS]

  --runs 1000                 AnalysisRuns
  --interval 10               seconds between the measurements of a run
  --seconds 60                how long is measured, after every run has been measured once
  --over 0                    seconds within which the runs are made: evenly over the interval, so do their measurements come; 0 is as fast as it goes
  --node-option=--cpu-prof    for the controller's Node, as often as wanted
  --json                      the figures as a line of JSON at the end
`;
const NAMESPACE = 'default';
const USER_AGENT = 'headgate';
const CREATED_AT_ONCE = 20;

const values = readOptions(USAGE, {
  runs: { type: 'string', default: '1000' },
  interval: { type: 'string', default: '10' },
  seconds: { type: 'string', default: '60' },
  over: { type: 'string', default: '0' },
  json: { type: 'boolean', default: false },
  'node-option': { type: 'string', multiple: true, default: [] },
});
const overMs = numberOf('--over', values.over) * 1_000;
await main(
  numberOf('--runs', values.runs),
  numberOf('--interval', values.interval),
  numberOf('--seconds', values.seconds),
);

async function main(runs: number, intervalS: number, seconds: number): Promise<void> {
  await buildPlane(say);
  const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'headgate-bench-'));
  const auditLog = join(directory, 'audit.log');
  const metrics = await startMetrics();
  const plane = await startPlane({ auditLog });
  const ended: (() => Promise<void>)[] = [() => plane.stop(), () => metrics.close()];
  try {
    const api = openApiClient(plane.kubeconfig);
    ended.unshift(() => api.close());
    await installKinds(api);
    const program = [await buildBundle(join(directory, 'build'))];
    const controller = await startControllerProcess({
      program,
      nodeOptions: values['node-option'],
      kubeconfig: plane.kubeconfig,
    });
    ended.unshift(() => controller.stop());
    const calls = openAuditLog(auditLog, USER_AGENT);
    await createRuns(api, { runs, intervalS, url: metrics.url, overMs });
    while (metrics.arrivals.size < runs) await delay(100);
    calls.take();
    const [beforeMs, arrivedBefore] = [cpuMsOf(controller.pid), metrics.count()];
    await delay(seconds * 1_000);
    const cpuMs = cpuMsOf(controller.pid) - beforeMs;
    const measured = metrics.count() - arrivedBefore;
    const counted = calls.take();
    const late = lateness(await measuredRuns(api), metrics.arrivals, intervalS * 1_000);
    const { peakMb } = memoryOf(controller.pid);
    const figures = {
      runs,
      intervalS,
      measurementsPerSecond: rounded(measured / seconds, 1),
      lateP50Ms: rounded(percentile(late, 50), 1),
      lateP99Ms: rounded(percentile(late, 99), 1),
      lateMaxMs: rounded(late.at(-1) ?? 0, 1),
      cpuMsPerMeasurement: rounded(cpuMs / measured, 2),
      callsPerMeasurement: rounded(countOf(counted, (call) => !isByTime(call) && !isOfEvents(call)) / measured, 2),
      peakMemoryMb: rounded(peakMb, 1),
    };
    table(`${runs} AnalysisRuns at once`, Object.entries(figures));
    if (values.json) say(JSON.stringify(figures));
  } finally {
    for (const end of ended) await end();
    rmSync(directory, { recursive: true, force: true });
  }
}

interface Metrics {
  readonly url: string;
  /** By run: when each of its queries came. */
  readonly arrivals: ReadonlyMap<string, readonly number[]>;
  count(): number;
  close(): Promise<void>;
}

async function startMetrics(): Promise<Metrics> {
  const arrivals = new Map<string, number[]>();
  const server: Server = createServer((request, response) => {
    const run = request.url?.split('/')[1] ?? '';
    arrivals.set(run, [...(arrivals.get(run) ?? []), Date.now()]);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ status: 'success', data: { resultType: 'scalar', result: [0, '0.01'] } }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arrivals,
    count: () => [...arrivals.values()].reduce((sum, times) => sum + times.length, 0),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Wanted {
  readonly runs: number;
  readonly intervalS: number;
  readonly url: string;
  readonly overMs: number;
}

async function createRuns(api: ApiClient, { runs, intervalS, url, overMs }: Wanted): Promise<void> {
  const startedMs = Date.now();
  let made = 0;
  const workers = Array.from({ length: CREATED_AT_ONCE }, async () => {
    for (let index = made++; index < runs; index = made++) {
      await delay(Math.max(0, startedMs + (overMs * index) / runs - Date.now()));
      const run = runOf(`run-${index}`, intervalS, url);
      await api.create(`/apis/argoproj.io/v1alpha1/namespaces/${NAMESPACE}/analysisruns`, run);
    }
  });
  await Promise.all(workers);
}

/** Measures without end. */
function runOf(name: string, intervalS: number, url: string): object {
  const provider = { prometheus: { address: `${url}/${name}`, query: 'vector(0.01)' } };
  const metric = { name: 'errors', interval: `${intervalS}s`, successCondition: 'result <= 0.05', provider };
  const spec = { metrics: [metric] };
  return { apiVersion: 'argoproj.io/v1alpha1', kind: 'AnalysisRun', metadata: { name, namespace: NAMESPACE }, spec };
}

function measuredRuns(api: ApiClient): Promise<readonly AnalysisRun[]> {
  return api.list<AnalysisRun>(`/apis/argoproj.io/v1alpha1/namespaces/${NAMESPACE}/analysisruns`);
}

/** In order of size. Status keeps the last measurements of each run; they are matched from the end. */
function lateness(
  runs: readonly AnalysisRun[],
  arrivals: ReadonlyMap<string, readonly number[]>,
  intervalMs: number,
): readonly number[] {
  const late = runs.flatMap((run) => {
    const measurements = run.status?.metricResults?.[0]?.measurements ?? [];
    const times = arrivals.get(run.metadata.name) ?? [];
    return measurements.slice(1).flatMap((measurement, index) => {
      const dueMs = Date.parse(measurements[index]?.finishedAt ?? '') + intervalMs;
      const arrivedMs = times.find((time) => time >= Date.parse(measurement.startedAt ?? ''));
      return arrivedMs === undefined ? [] : [arrivedMs - dueMs];
    });
  });
  return late.toSorted((left, right) => left - right);
}
