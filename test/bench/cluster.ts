import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
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
import { openAuditLog, type AuditLog } from './audit-log.ts';
import { addCounts, byCount, countOf, isByTime, isOfEvents, type CallCounts } from './call-counts.ts';
import { startControllerProcess, type ControllerUnderTest } from './controller-under-test.ts';
import { percentile, rounded, say, table } from './figures.ts';
import { observeFleet, type FleetObserver } from './fleet-observer.ts';
import { changeImages, createObjects } from './fleet-update.ts';
import { idleRollout, imageOf, rolloutObjects, sharedObjects, VARIANTS, type Variant } from './fleet.ts';
import { acceptRoutes } from './gateway-stand-in.ts';
import { cpuMsOf, memoryOf } from './process-usage.ts';

/**
 * `npm run bench:cluster`: what N updates at once cost on a real control plane, with the controller as a process of its
 * own. Calls are counted by the API server's audit log, CPU and memory by the kernel.
 */
const NAMESPACE = 'default';
const USER_AGENT = 'headgate';
/** So long without a call of the controller means that it has nothing left to do. */
const QUIET_MS = 1_500;
const LOOK_MS = 250;
const NO_CALLS: CallCounts = new Map();
/** The API's default for `scaleDownDelaySeconds`, and some time for the writes. */
const SCALE_DOWN_DELAY_MS = 33_000;

interface Options {
  readonly n: number;
  readonly variant: Variant;
  readonly idle: number;
  readonly rounds: number;
  readonly restMs: number;
  readonly json: boolean;
  readonly program: readonly string[];
  readonly nodeOptions: readonly string[];
}

interface Bench {
  readonly options: Options;
  readonly plane: Plane;
  readonly kube: ConnectedKube;
  readonly observer: FleetObserver;
  readonly calls: AuditLog;
  readonly prometheus: FakePrometheus;
  controller: ControllerUnderTest;
}

await main(await readOptions());

async function main(options: Options): Promise<void> {
  await buildPlane(say);
  const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'headgate-bench-'));
  const prometheus = await startFakePrometheus();
  prometheus.answer('', { value: 1 });
  const auditLog = join(directory, 'audit.log');
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
    const controller = await startControllerProcess({ ...options, kubeconfig: plane.kubeconfig });
    const bench: Bench = {
      options,
      plane,
      kube,
      observer,
      prometheus,
      controller,
      calls: openAuditLog(auditLog, USER_AGENT),
    };
    ended.unshift(() => bench.controller.stop());
    await run(bench);
  } finally {
    for (const end of ended) await end();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function run(bench: Bench): Promise<void> {
  const { options, observer } = bench;
  const names = Array.from({ length: options.n }, (_, index) => `shop-${index}`);
  await createFleet(bench, names);
  await observer.whenAllHealthy();
  await untilQuiet(bench);
  if (options.idle > 0) await measureRest(bench);
  const rounds: Round[] = [];
  for (let round = 1; round <= options.rounds; round += 1) {
    rounds.push(await update(bench, names, imageOf(round + 1)));
  }
  report(bench, rounds);
}

async function createFleet({ options, kube, prometheus }: Bench, names: readonly string[]): Promise<void> {
  const { variant } = options;
  await createObjects(kube.writer, sharedObjects(variant, { namespace: NAMESPACE, prometheus: prometheus.url }));
  const idle = Array.from({ length: options.idle }, (_, index) => [idleRollout(`idle-${index}`, NAMESPACE)]);
  const fleet = names.map((name) => rolloutObjects(variant, name, NAMESPACE));
  await Promise.all([...fleet, ...idle].map((objects) => createObjects(kube.writer, objects)));
}

interface Round {
  readonly wallS: number;
  readonly untilHealthy: CallCounts;
  readonly calls: CallCounts;
  readonly controllerCpuMs: number;
  readonly apiServerCpuMs: number;
  readonly pauseLateMs: readonly number[];
  readonly memoryMb: number;
}

/** Changes every image at once and waits until all is Healthy and nothing more is written. */
async function update(bench: Bench, names: readonly string[], image: string): Promise<Round> {
  const { kube, observer, calls, controller } = bench;
  calls.take();
  observer.takePauseLateMs();
  const apiServer = apiServerOf(bench.plane);
  const [controllerBefore, apiServerBefore] = [cpuMsOf(controller.pid), cpuMsOf(apiServer)];
  const startedMs = Date.now();
  await changeImages({ writer: kube.writer, namespace: NAMESPACE }, names, image);
  const healthyMs = await observer.whenAllHealthy();
  const untilHealthy = calls.take();
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
    untilHealthy,
    calls: addCounts(untilHealthy, toQuiet, afterwards),
    controllerCpuMs,
    apiServerCpuMs,
    pauseLateMs: observer.takePauseLateMs(),
    memoryMb: memoryOf(controller.pid).nowMb,
  };
}

/** With traffic routing the old pods are kept for half a minute. */
function waitsAfterHealthy(variant: Variant): boolean {
  return variant === 'nginx' || variant === 'httproute';
}

async function callsWithin({ calls }: Bench, ms: number): Promise<CallCounts> {
  await delay(ms);
  return calls.take();
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
  const { options, plane, calls } = bench;
  await bench.controller.stop();
  bench.controller = await startControllerProcess({ ...options, kubeconfig: plane.kubeconfig });
  const { pid, startMs } = bench.controller;
  calls.take();
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
  if (options.json) say(JSON.stringify(figures));
}

function report({ options, controller }: Bench, rounds: readonly Round[]): void {
  const { n, variant } = options;
  const updates = n * rounds.length;
  const calls = addCounts(...rounds.map((round) => round.calls));
  const late = rounds.flatMap((round) => round.pauseLateMs).toSorted((left, right) => left - right);
  const sum = (of: (round: Round) => number): number => rounds.reduce((total, round) => total + of(round), 0);
  const events = countOf(calls, (call) => isOfEvents(call) && !isByTime(call));
  const all = countOf(calls, (call) => !isByTime(call));
  const healthy = addCounts(...rounds.map((round) => round.untilHealthy));
  const { peakMb } = memoryOf(controller.pid);
  const figures = {
    n,
    variant,
    wallS: rounded(sum((round) => round.wallS) / rounds.length, 2),
    callsPerRollout: rounded(all / updates, 2),
    eventCallsPerRollout: rounded(events / updates, 2),
    cpuMsPerRollout: rounded(sum((round) => round.controllerCpuMs) / updates, 1),
    peakMemoryMb: rounded(peakMb, 1),
    pauseLateP50Ms: Math.round(percentile(late, 50)),
    pauseLateP99Ms: Math.round(percentile(late, 99)),
    apiServerCpuS: rounded(sum((round) => round.apiServerCpuMs) / rounds.length / 1_000, 2),
  };
  table(`${n} updates at once, ${variant}`, [
    ...Object.entries(figures),
    ['calls besides events', rounded((all - events) / updates, 2)],
    ['calls besides events until all were Healthy', rounded(besidesEvents(healthy) / updates, 2)],
    ...(rounds.length > 1
      ? [['memory after each round, MB', rounds.map((round) => rounded(round.memoryMb, 0)).join(' ')] as const]
      : []),
  ]);
  table(
    'calls by verb and resource, per Rollout',
    [...calls]
      .filter(([call]) => !isByTime(call))
      .sort(byCount)
      .map(([call, count]) => [call, rounded(count / updates, 2)]),
  );
  table('calls that time asks for, in all', [...calls].filter(([call]) => isByTime(call)).sort(byCount));
  if (options.json) say(JSON.stringify(figures));
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

async function readOptions(): Promise<Options> {
  const { values } = parseArgs({
    options: {
      n: { type: 'string', default: '50' },
      variant: { type: 'string', default: 'basic' },
      idle: { type: 'string', default: '0' },
      rounds: { type: 'string', default: '1' },
      rest: { type: 'string', default: '30' },
      json: { type: 'boolean', default: false },
      /** Another build to measure, or the sources: `src/main/headgate.ts`. A fresh bundle by default. */
      program: { type: 'string' },
      /** For the controller's Node, as often as wanted: `--node-option=--cpu-prof`. */
      'node-option': { type: 'string', multiple: true, default: [] },
    },
  });
  const variant = VARIANTS.find((one) => one === values.variant);
  if (variant === undefined) throw new Error(`unknown variant ${values.variant}: use ${VARIANTS.join(', ')}`);
  return {
    n: Number(values.n),
    variant,
    idle: Number(values.idle),
    rounds: Number(values.rounds),
    restMs: Number(values.rest) * 1_000,
    json: values.json,
    program: [values.program ?? (await buildBundle())],
    nodeOptions: values['node-option'],
  };
}

function besidesEvents(calls: CallCounts): number {
  return countOf(calls, (call) => !isByTime(call) && !isOfEvents(call));
}
