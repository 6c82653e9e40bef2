import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import type { KubeObject } from '../../api/kube-object.ts';
import { startControllers } from '../../kube-memory/controllers/start.ts';
import type { PodRuntime } from '../../kube-memory/controllers/pod-runtime.ts';
import { startKubeMemory } from '../../kube-memory/server.ts';
import type { Clock } from '../../lib/clock.ts';
import { applyManifest, readManifests } from './manifests.ts';

export interface EmbeddedCluster {
  readonly url: string;
  readonly kubeconfigPath: string;
  readonly apply: (object: KubeObject) => Promise<void>;
  readonly stop: () => Promise<void>;
}

export interface EmbeddedClusterOptions {
  readonly clock: Clock;
  readonly podRuntime: PodRuntime;
  /** Where the kubeconfig is written. */
  readonly kubeconfigPath: string;
  readonly onError: (deed: string, cause: unknown) => void;
}

/** Times of the demo's pods: short, so that the story is. */
const POD_START_MS = 400;
const POD_STOP_MS = 400;

/**
 * The embedded API on loopback with its simulated controllers. It asks for no token: kubectl sends none over plain HTTP, and
 * there is nothing in it but the demo.
 */
export async function startEmbeddedCluster(options: EmbeddedClusterOptions): Promise<EmbeddedCluster> {
  const { clock } = options;
  const memory = await startKubeMemory({ clock, seed: randomBytes(4).readUInt32LE(), loopbackEndpoints: true });
  const controllers = startControllers(memory.store, clock, {
    podRuntime: options.podRuntime,
    startMs: POD_START_MS,
    stopMs: POD_STOP_MS,
    onError: (cause) => options.onError('running the simulated cluster', cause),
  });
  await writeFile(options.kubeconfigPath, memory.kubeconfig(), { mode: 0o600 });
  return {
    url: memory.url,
    kubeconfigPath: options.kubeconfigPath,
    apply: (object) => applyManifest({ url: memory.url, clock }, object),
    stop: async () => {
      controllers.stop();
      await memory.stop();
    },
  };
}

/** Applies what the directories hold, one after the other; `change` may alter each object first. */
export async function applyDirectories(
  cluster: Pick<EmbeddedCluster, 'apply'>,
  directories: readonly string[],
  change: (object: KubeObject) => KubeObject = (object) => object,
): Promise<void> {
  for (const directory of directories) {
    for (const object of await readManifests(directory)) await cluster.apply(change(object));
  }
}
