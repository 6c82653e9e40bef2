import type { KubeObject } from '../../api/kube-object.ts';
import type { Pod } from '../../api/workloads.ts';
import type { Clock } from '../../lib/clock.ts';
import type { PodRuntime } from '../../kube-memory/controllers/pod-runtime.ts';
import type { PodNetwork } from './pod-network.ts';
import { createShopServer } from './shop-server.ts';
import { behaviourOf } from './versions.ts';

/** Where a container listens that does not say it. */
const DEFAULT_PORT = 8080;

/** Runs every pod as a real HTTP server of the version that its image names. */
export function createShopRuntime(options: {
  readonly clock: Clock;
  readonly random: () => number;
  readonly network: PodNetwork;
}): PodRuntime {
  return {
    async start(object: KubeObject) {
      const pod = object as Pod;
      const shop = createShopServer(behaviourOf(pod), { ...options, pod: pod.metadata.name });
      const containerPort = pod.spec.containers?.[0]?.ports?.[0]?.containerPort ?? DEFAULT_PORT;
      const { address, port } = await options.network.attach(shop.server, containerPort);
      return {
        ip: address,
        ...(port === containerPort ? {} : { port }),
        drain: shop.drain,
        stop: () =>
          new Promise<void>((resolve) => {
            // Connections on which nothing is under way end now, the others once they have answered.
            shop.server.close(() => resolve());
            shop.server.closeIdleConnections();
          }),
      };
    },
  };
}
