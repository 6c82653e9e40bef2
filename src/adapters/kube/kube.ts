import type { Clock } from '../../ports/clock.ts';
import type { Kube } from '../../ports/kube.ts';
import type { Log, Metrics } from '../../ports/telemetry.ts';
import { createBarrier } from './barrier.ts';
import { createCaches } from './caches.ts';
import { createKubeClient } from './client.ts';
import type { CallGuard, KubeClient } from './client.ts';
import type { Connection } from './connection.ts';
import { createEventRecorder } from './event-recorder.ts';
import { createReader, readLive } from './reader.ts';
import { createWriter } from './writer.ts';

export interface KubeOptions {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly guard?: CallGuard;
}

/** Kubernetes over one connection. `close` ends watches, lets nothing more be sent and closes the connection. */
export interface ConnectedKube extends Kube {
  readonly client: KubeClient;
  /** Plural names of what is not synced yet. */
  waitingFor(): readonly string[];
  close(): Promise<void>;
}

export function createKube(options: KubeOptions): ConnectedKube {
  const { clock, random, log, metrics } = options;
  const client = createKubeClient(options);
  const caches = createCaches({ client, clock, random, log });
  const barrier = createBarrier({ caches, clock, log, readLive: (ref) => readLive(client, ref) });
  const events = createEventRecorder({ client, clock, random, log, metrics });
  return {
    client,
    caches,
    writer: createWriter({ client, caches, barrier }),
    reader: createReader(client),
    events,
    waitingFor: () => caches.waitingFor(),
    async close() {
      events.close();
      barrier.close();
      await caches.close();
      await client.close();
    },
  };
}
