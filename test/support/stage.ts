import { setTimeout as delay } from 'node:timers/promises';
import { sharedGuard } from './shared-guard.ts';
import type { KubeCall } from '../../src/adapters/kube/client.ts';
import type { CallGuard } from '../../src/adapters/kube/client.ts';
import { SILENT_LOG } from '../../src/adapters/telemetry/silent.ts';
import type { ControllerOptions } from '../../src/main/controller-options.ts';
import { startController, type RunningController } from '../../src/main/run-controller.ts';
import type { ApiClient, Manifest } from './api-client.ts';
import { testOptions } from './test-options.ts';
import { openCluster, type Cluster, type Scene } from './world.ts';

/** A cluster with the controller running on it, in this process. */
export interface Stage {
  readonly cluster: Cluster;
  readonly api: ApiClient;
  readonly controller: RunningController;
  /** Writes that the controller has made so far, besides events and Leases. */
  calls(): number;
  /** Which ConfigMaps and Secrets the controller has read, and by what: `configmaps team/settings`. */
  configReads(): readonly string[];
  /** Another controller takes over; what this one had under way is lost. */
  restart(): Promise<void>;
  /** Makes the controller look at everything again. */
  wakeAll(): Promise<void>;
  /** resourceVersions of everything in the scene, once they stay the same for a while. */
  untilQuiet(scene: Scene): Promise<Readonly<Record<string, string>>>;
  stop(): Promise<void>;
}

const QUIET_MS = 700;
const WATCHED = [
  'rollouts.argoproj.io',
  'replicasets.apps',
  'services',
  'analysisruns.argoproj.io',
  'experiments.argoproj.io',
];

export async function startStage(name: Cluster['name'], wishes: Partial<ControllerOptions> = {}): Promise<Stage> {
  const cluster = await openCluster(name);
  let calls = 0;
  const configReads = new Set<string>();
  const guard: CallGuard = {
    check: (call) => {
      sharedGuard.check(call);
      const quiet = call.verb === 'get' || call.verb === 'list' || call.verb === 'watch';
      if (quiet && (call.kind.plural === 'configmaps' || call.kind.plural === 'secrets'))
        configReads.add(readText(call));
      if (!quiet && call.kind.plural !== 'events' && call.kind.plural !== 'leases') calls += 1;
    },
    used: () => sharedGuard.used(),
  };
  const options = { ...testOptions(cluster.kubeconfig), ...wishes };
  const start = async (): Promise<RunningController> => {
    const started = await startController(options, SILENT_LOG, guard);
    await started.whenActing();
    return started;
  };
  let controller = await start();
  return {
    cluster,
    api: cluster.api,
    get controller() {
      return controller;
    },
    calls: () => calls,
    restart: async () => {
      await controller.stop();
      controller = await start();
    },
    configReads: () => [...configReads].sort(),
    wakeAll: async () => {
      controller.resync();
      await delay(QUIET_MS);
    },
    untilQuiet: async (scene) => {
      let before = await versionsIn(scene);
      for (;;) {
        await delay(QUIET_MS);
        const now = await versionsIn(scene);
        if (JSON.stringify(now) === JSON.stringify(before)) return now;
        before = now;
      }
    },
    stop: async () => {
      await controller.stop();
      await cluster.stop();
    },
  };
}

function readText({ kind, namespace, name, query }: KubeCall): string {
  const { labelSelector, fieldSelector = '' } = query ?? {};
  if (labelSelector !== undefined) return `${kind.plural} -l ${labelSelector}`;
  return `${kind.plural} ${namespace}/${name ?? fieldSelector.replace('metadata.name=', '')}`;
}

async function versionsIn(scene: Scene): Promise<Readonly<Record<string, string>>> {
  const versions: Record<string, string> = {};
  for (const resource of WATCHED) {
    for (const object of await scene.list(resource))
      versions[`${resource}/${object.metadata.name}`] = versionOf(object);
  }
  return versions;
}

function versionOf(object: Manifest): string {
  return object.metadata.resourceVersion ?? '';
}
