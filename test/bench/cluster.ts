import { appendFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createSystemClock } from '../../src/adapters/clock/system-clock.ts';
import { connect } from '../../src/adapters/kube/connection.ts';
import { createKube, type ConnectedKube } from '../../src/adapters/kube/kube.ts';
import { SILENT_LOG, SILENT_METRICS } from '../../src/adapters/telemetry/silent.ts';
import { KINDS } from '../../src/api/kinds.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import { buildBundle } from '../../scripts/build.ts';
import { openApiClient } from '../support/api-client.ts';
import { startFakePrometheus, type FakePrometheus } from '../support/fake-prometheus.ts';
import { buildPlane, startPlane, type Plane } from '../support/plane.ts';
import { installKinds } from '../support/world.ts';
import { openAuditLog, type AuditLog, type NotedCall } from './audit-log.ts';
import { addCounts, countCalls, countOf, isByTime, type CallCounts } from './call-counts.ts';
import { readClusterOptions, type ClusterOptions } from './cluster-options.ts';
import { reportRatios, reportRounds, type ClusterFigures, type Round } from './cluster-report.ts';
import { startControllerProcess, startOtherController, type ControllerUnderTest } from './controller-under-test.ts';
import { rounded, say, table } from './figures.ts';
import { observeFleet, type FleetObserver } from './fleet-observer.ts';
import { changeImages, createObjects } from './fleet-update.ts';
import { idleRollout, imageOf, rolloutObjects, sharedObjects, type Variant } from './fleet.ts';
import { acceptRoutes } from './gateway-stand-in.ts';
import { cpuMsOf, memoryOf } from './process-usage.ts';

/**
 * `npm run bench:cluster`: what N updates at once cost on a real control plane, with the controller as a process of its
 * own. Calls are counted by the API server's audit log, CPU and memory by the kernel.
 */
const NAMESPACE = 'default';
/** So long without a call of the controller means that it has nothing left to do. */
const QUIET_MS = 1_500;
const LOOK_MS = 250;
/** Another controller that has called nobody by then waits for something that is not there. */
const CALLING_MS_MAX = 120_000;
const NO_CALLS: CallCounts = new Map();
/** The API's default for `scaleDownDelaySeconds`, and some time for the writes. */
const SCALE_DOWN_DELAY_MS = 33_000;

interface Bench {
  readonly options: ClusterOptions;
  readonly plane: Plane;
  readonly kube: ConnectedKube;
  readonly observer: FleetObserver;
  readonly calls: AuditLog;
  readonly prometheus: FakePrometheus;
  readonly start: () => Promise<ControllerUnderTest>;
  controller: ControllerUnderTest;
}

await main(readClusterOptions());

async function main(options: ClusterOptions): Promise<void> {
  await buildPlane(say);
  const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'headgate-bench-'));
  try {
    const program = options.program ?? (await buildBundle(join(directory, 'build')));
    const ours = await measure(options, directory, { name: 'headgate', userAgent: 'headgate', program });
    if (options.against !== undefined) {
      const { userAgent, command } = options.against;
      const theirs = await measure(options, directory, { name: userAgent, userAgent, command });
      reportRatios(ours, theirs);
    }
    if (options.json) say(JSON.stringify(ours));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

type Subject = { readonly name: string; readonly userAgent: string } & (
  | { readonly program: string }
  | { readonly command: readonly string[] }
);

/** Each on a control plane of its own, so that nothing is left of the one before. */
async function measure(options: ClusterOptions, directory: string, subject: Subject): Promise<ClusterFigures> {
  const prometheus = await startFakePrometheus();
  prometheus.answer('', { value: 1 });
  const auditLog = join(directory, `audit-${subject.name}.log`);
  const plane = await startPlane({ auditLog });
  const ended: (() => Promise<void>)[] = [() => plane.stop(), () => prometheus.close()];
  try {
    const api = openApiClient(plane.kubeconfig);
    await installKinds(api);
    await api.close();
    const kube = await openKube(plane.kubeconfig);
    ended.unshift(() => kube.close());
    const observer = observeFleet(kube.caches.open<Rollout>(KINDS.rollout));
    if (options.variant === 'httproute') acceptRoutes(kube);
    await kube.caches.whenSynced();
    const calls = openAuditLog(auditLog, subject.userAgent);
    const start = (): Promise<ControllerUnderTest> => startSubject(subject, options, plane.kubeconfig, calls);
    const controller = await start();
    const bench: Bench = { options, plane, kube, observer, prometheus, calls, start, controller };
    ended.unshift(() => bench.controller.stop());
    const rounds = await run(bench);
    const peakMemoryMb = memoryOf(bench.controller.pid).peakMb;
    const { figures, details } = reportRounds(options, { controller: subject.name, rounds, peakMemoryMb });
    note(options, { controller: subject.name, ...details });
    return figures;
  } finally {
    for (const end of ended) await end();
  }
}

function startSubject(
  subject: Subject,
  { nodeOptions }: ClusterOptions,
  kubeconfig: string,
  calls: AuditLog,
): Promise<ControllerUnderTest> {
  if ('program' in subject) return startControllerProcess({ program: [subject.program], nodeOptions, kubeconfig });
  return startOtherController(subject.command, { kubeconfig, whenCalling: () => untilCalling(calls) });
}

async function run(bench: Bench): Promise<readonly Round[]> {
  const { options, observer } = bench;
  const names = Array.from({ length: options.n }, (_, index) => `shop-${index}`);
  observer.expect(names, imageOf(1));
  await createFleet(bench, names);
  await observer.whenAllHealthy();
  await untilQuiet(bench);
  if (options.idle > 0) await measureRest(bench);
  const rounds: Round[] = [];
  for (let round = 1; round <= options.rounds; round += 1) {
    rounds.push(await update(bench, names, imageOf(round + 1)));
  }
  return rounds;
}

async function createFleet({ options, kube, prometheus }: Bench, names: readonly string[]): Promise<void> {
  const { variant } = options;
  await createObjects(kube.writer, sharedObjects(variant, { namespace: NAMESPACE, prometheus: prometheus.url }));
  const idle = Array.from({ length: options.idle }, (_, index) => [idleRollout(`idle-${index}`, NAMESPACE)]);
  const fleet = names.map((name) => rolloutObjects(variant, name, NAMESPACE));
  await Promise.all([...fleet, ...idle].map((objects) => createObjects(kube.writer, objects)));
}

/** Changes every image at once and waits until all is Healthy and nothing more is written. */
async function update(bench: Bench, names: readonly string[], image: string): Promise<Round> {
  const { kube, observer, calls, controller } = bench;
  calls.take();
  observer.takePauseLateMs();
  const apiServer = apiServerOf(bench.plane);
  const [controllerBefore, apiServerBefore] = [cpuMsOf(controller.pid), cpuMsOf(apiServer)];
  observer.expect(names, image);
  const startedMs = Date.now();
  await changeImages({ writer: kube.writer, namespace: NAMESPACE }, names, image);
  const healthyMs = await observer.whenAllHealthy();
  const toHealthy = calls.takeCalls();
  const toQuiet = await untilQuiet(bench);
  const [controllerCpuMs, apiServerCpuMs] = [
    cpuMsOf(controller.pid) - controllerBefore,
    cpuMsOf(apiServer) - apiServerBefore,
  ];
  const afterwards = waitsAfterHealthy(bench.options.variant)
    ? await callsWithin(bench, SCALE_DOWN_DELAY_MS)
    : NO_CALLS;
  return {
    wallS: (healthyMs - startedMs) / 1_000,
    untilHealthy: countCalls(beforeHealthy(toHealthy, observer.healthyAtMs).map(({ call }) => call)),
    calls: addCounts(countCalls(toHealthy.map(({ call }) => call)), toQuiet, afterwards),
    controllerCpuMs,
    apiServerCpuMs,
    pauseLateMs: observer.takePauseLateMs(),
    memoryMb: memoryOf(controller.pid).nowMb,
  };
}

/** Names begin with their Rollout's: `shop-7-canary`. A call that names nothing is a creation, and comes early. */
function beforeHealthy(calls: readonly NotedCall[], healthyAtMs: ReadonlyMap<string, number>): readonly NotedCall[] {
  return calls.filter(({ name, atMs }) => {
    const [rollout = ''] = /^shop-\d+/.exec(name) ?? [];
    return atMs <= (healthyAtMs.get(rollout) ?? Number.POSITIVE_INFINITY);
  });
}

/** With traffic routing the old pods are kept for half a minute. */
function waitsAfterHealthy(variant: Variant): boolean {
  return variant === 'nginx' || variant === 'httproute';
}

async function callsWithin({ calls }: Bench, ms: number): Promise<CallCounts> {
  await delay(ms);
  return calls.take();
}

/** Another controller does not tell us that it acts; once it watches Rollouts, it is on its way. */
async function untilCalling(calls: AuditLog): Promise<void> {
  for (let waitedMs = 0; calls.takeCalls().length === 0; waitedMs += LOOK_MS) {
    if (waitedMs > CALLING_MS_MAX) {
      throw new Error('the other controller calls nobody; see --against and --against-user-agent in --help');
    }
    await delay(LOOK_MS);
  }
}

/** Reads on in the audit log until the controller calls no more; what it noted in the meantime. */
async function untilQuiet({ calls }: Bench): Promise<CallCounts> {
  let counted: CallCounts = new Map();
  for (let quietMs = 0; quietMs < QUIET_MS; quietMs += LOOK_MS) {
    await delay(LOOK_MS);
    const more = calls.take();
    if (countOf(more, (call) => !isByTime(call)) > 0) quietMs = 0;
    counted = addCounts(counted, more);
  }
  return counted;
}

/** Starts the controller anew beside what exists, and measures it at rest. */
async function measureRest(bench: Bench): Promise<void> {
  const { options, calls } = bench;
  await bench.controller.stop();
  bench.controller = await bench.start();
  const { pid, startMs } = bench.controller;
  const toRest = await untilQuiet(bench);
  const startCpuMs = cpuMsOf(pid);
  calls.take();
  await delay(options.restMs);
  const perMinute = 60_000 / options.restMs;
  const resting = calls.take();
  const { nowMb, peakMb } = memoryOf(pid);
  const figures = {
    idle: options.idle,
    startToActingMs: startMs,
    startCpuMs,
    startWrites: countOf(toRest, (call) => !isByTime(call)),
    memoryMb: rounded(nowMb, 1),
    peakMemoryMb: rounded(peakMb, 1),
    cpuMsPerMinute: Math.round((cpuMsOf(pid) - startCpuMs) * perMinute),
    callsPerMinute: Math.round(countOf(resting, () => true) * perMinute),
  };
  table(`${options.idle} Rollouts at rest, the controller started anew`, Object.entries(figures));
  note(options, figures);
}

function note({ details }: ClusterOptions, figures: object): void {
  if (details !== undefined) appendFileSync(details, `${JSON.stringify(figures)}\n`);
}

/** The programs of the plane in the order in which they were started: etcd comes first. */
function apiServerOf(plane: Plane): number {
  return plane.pids[1] ?? 0;
}

async function openKube(kubeconfigPath: string): Promise<ConnectedKube> {
  const clock = createSystemClock();
  const connection = await connect({ clock, kubeconfigPath, userAgent: 'headgate-bench' });
  return createKube({ connection, clock, random: Math.random, log: SILENT_LOG, metrics: SILENT_METRICS });
}
