import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createSystemClock } from '../../src/adapters/clock/system-clock.ts';
import { connect } from '../../src/adapters/kube/connection.ts';
import { createKube } from '../../src/adapters/kube/kube.ts';
import { SILENT_LOG, SILENT_METRICS } from '../../src/adapters/telemetry/silent.ts';
import { KINDS } from '../../src/api/kinds.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import { startControllers } from '../../src/kube-memory/controllers/start.ts';
import { startKubeMemory } from '../../src/kube-memory/server.ts';
import { openApiClient } from '../support/api-client.ts';
import { installKinds } from '../support/world.ts';
import { isByTime, type CallCounts } from './call-counts.ts';
import { startControllerProcess } from './controller-under-test.ts';
import { percentile } from './figures.ts';
import { imageOf, rolloutObjects } from './fleet.ts';
import { observeFleet } from './fleet-observer.ts';
import { changeImages, createObjects } from './fleet-update.ts';
import { cpuMsOf, memoryOf } from './process-usage.ts';

const NAMESPACE = 'default';
const USER_AGENT = 'headgate';
const QUIET_MS = 1_000;
const LOOK_MS = 100;

export interface EmbeddedBench {
  readonly rollouts: number;
  readonly wallS: number;
  /** Counted by the server while all Rollouts were updated once: `patch rollouts/status`. */
  readonly calls: CallCounts;
  readonly cpuMsPerRollout: number;
  readonly peakMemoryMb: number;
  readonly pauseLateP50Ms: number;
  readonly pauseLateP99Ms: number;
}

/** N updates at once on the embedded API, with the controller as a process of its own. */
export async function benchEmbedded(
  count: number,
  { program, nodeOptions = [] }: { program: readonly string[]; nodeOptions?: readonly string[] },
): Promise<EmbeddedBench> {
  const clock = createSystemClock();
  let calls = new Map<string, number>();
  const server = await startKubeMemory({
    clock,
    record: ({ verb, resource, subresource, userAgent }) => {
      if (userAgent !== USER_AGENT) return;
      const call = `${verb} ${resource}${subresource === '' ? '' : `/${subresource}`}`;
      calls.set(call, (calls.get(call) ?? 0) + 1);
    },
  });
  const controllers = startControllers(server.store, clock, { startMs: 50 });
  const directory = mkdtempSync(join(tmpdir(), 'headgate-bench-'));
  const ended: (() => Promise<void> | void)[] = [
    () => rmSync(directory, { recursive: true, force: true }),
    () => server.stop(),
    () => controllers.stop(),
  ];
  try {
    const kubeconfig = join(directory, 'kubeconfig');
    writeFileSync(kubeconfig, server.kubeconfig());
    const api = openApiClient(kubeconfig);
    await installKinds(api);
    await api.close();
    const connection = await connect({ clock, kubeconfigPath: kubeconfig, userAgent: 'headgate-bench' });
    const kube = createKube({ connection, clock, random: Math.random, log: SILENT_LOG, metrics: SILENT_METRICS });
    ended.push(() => kube.close());
    const observer = observeFleet(kube.caches.open<Rollout>(KINDS.rollout));
    await kube.caches.whenSynced();
    const controller = await startControllerProcess({ program, nodeOptions, kubeconfig });
    ended.push(() => controller.stop());

    const names = Array.from({ length: count }, (_, index) => `shop-${index}`);
    observer.expect(names, imageOf(1));
    await Promise.all(names.map((name) => createObjects(kube.writer, rolloutObjects('basic', name, NAMESPACE))));
    await observer.whenAllHealthy();
    await untilQuiet(() => total(calls));
    calls = new Map();
    observer.takePauseLateMs();
    const cpuBeforeMs = cpuMsOf(controller.pid);
    observer.expect(names, imageOf(2));
    const startedMs = Date.now();
    await changeImages({ writer: kube.writer, namespace: NAMESPACE }, names, imageOf(2));
    const healthyMs = await observer.whenAllHealthy();
    await untilQuiet(() => total(calls));

    const late = observer.takePauseLateMs();
    return {
      rollouts: count,
      wallS: (healthyMs - startedMs) / 1_000,
      calls: new Map(calls),
      cpuMsPerRollout: (cpuMsOf(controller.pid) - cpuBeforeMs) / count,
      peakMemoryMb: memoryOf(controller.pid).peakMb,
      pauseLateP50Ms: percentile(late, 50),
      pauseLateP99Ms: percentile(late, 99),
    };
  } finally {
    for (const end of ended.reverse()) await end();
  }
}

function total(calls: CallCounts): number {
  let sum = 0;
  for (const [call, count] of calls) if (!isByTime(call)) sum += count;
  return sum;
}

/** Until the number has stayed the same for a while. */
async function untilQuiet(count: () => number): Promise<void> {
  let before = count();
  for (let quietMs = 0; quietMs < QUIET_MS; quietMs += LOOK_MS) {
    await delay(LOOK_MS);
    if (count() !== before) quietMs = 0;
    before = count();
  }
}
