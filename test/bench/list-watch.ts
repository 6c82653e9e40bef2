import { fork } from 'node:child_process';
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createSystemClock } from '../../src/adapters/clock/system-clock.ts';
import { connectTo } from '../../src/adapters/kube/connection.ts';
import { createKube } from '../../src/adapters/kube/kube.ts';
import { SILENT_LOG, SILENT_METRICS } from '../../src/adapters/telemetry/silent.ts';
import { KINDS } from '../../src/api/kinds.ts';
import type { KubeObject } from '../../src/api/kube-object.ts';

const OBJECT_COUNT = 5_000;
const EVENT_COUNT = 20_000;
const SERVE = 'serve-list-watch';

export interface ListWatchBench {
  /** CPU of this process (its garbage collector too) for one watch event, from the socket to a listener. */
  readonly cpuUsPerEvent: number;
  /** The same for one object of the first list, read in pages. */
  readonly cpuUsPerListedObject: number;
  readonly bytesPerEvent: number;
  readonly objects: number;
  readonly events: number;
}

/** What a list of 5,000 pods and then 20,000 changes to them cost. The server is a process of its own. */
export async function benchListWatch(): Promise<ListWatchBench> {
  const server = fork(import.meta.filename, [SERVE]);
  const port = await new Promise<number>((resolve, reject) => {
    server.once('message', (message) => resolve(Number(message))).once('error', reject);
  });
  const clock = createSystemClock();
  const connection = connectTo({ url: `http://127.0.0.1:${port}`, clock });
  const kube = createKube({ connection, clock, random: Math.random, log: SILENT_LOG, metrics: SILENT_METRICS });
  try {
    const listing = process.cpuUsage();
    const cache = kube.caches.open(KINDS.pod, {
      indexes: { owner: (pod) => pod.metadata.ownerReferences?.map(({ uid }) => uid) ?? [] },
    });
    await kube.caches.whenSynced();
    const cpuUsPerListedObject = usedSince(listing) / OBJECT_COUNT;

    const done = Promise.withResolvers<void>();
    let seen = 0;
    cache.subscribe(() => {
      seen += 1;
      if (seen === EVENT_COUNT) done.resolve();
    });
    const watching = process.cpuUsage();
    server.send('change');
    await done.promise;
    const cpuUsPerEvent = usedSince(watching) / EVENT_COUNT;
    const bytesPerEvent = Buffer.byteLength(JSON.stringify({ type: 'MODIFIED', object: pod(0, 1) }));
    return { cpuUsPerEvent, cpuUsPerListedObject, bytesPerEvent, objects: OBJECT_COUNT, events: EVENT_COUNT };
  } finally {
    await kube.close();
    server.kill();
  }
}

function usedSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** The other process: pages of pods, and a watch that tells of many changes as soon as it is asked to. */
function serve(): void {
  const watches: ServerResponse[] = [];
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
    response.writeHead(200, { 'content-type': 'application/json' });
    if (searchParams.has('watch')) {
      response.flushHeaders();
      watches.push(response);
      return;
    }
    const from = Number(searchParams.get('continue') ?? 0);
    const end = Math.min(OBJECT_COUNT, from + Number(searchParams.get('limit') ?? OBJECT_COUNT));
    const items = Array.from({ length: end - from }, (_, index) => pod(from + index, 1));
    const next = end < OBJECT_COUNT ? String(end) : undefined;
    response.end(JSON.stringify({ metadata: { resourceVersion: '1', continue: next }, items }));
  });
  process.on('message', () => void tellChanges(watches));
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
}

async function tellChanges(watches: readonly ServerResponse[]): Promise<void> {
  while (watches.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  for (let event = 0; event < EVENT_COUNT; event += 1) {
    const line = `${JSON.stringify({ type: 'MODIFIED', object: pod(event % OBJECT_COUNT, event + 2) })}\n`;
    for (const watch of watches) {
      if (!watch.write(line)) await new Promise((resolve) => watch.once('drain', resolve));
    }
  }
}

/** About as large as a real pod: 3 kB, a third of it managedFields. */
function pod(index: number, version: number): KubeObject {
  const env = Array.from({ length: 8 }, (_, at) => ({ name: `VARIABLE_${at}`, value: `value-${index}-${at}` }));
  const fields = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`f:field${at}`, { '.': {}, 'f:name': {} }]));
  const conditions = ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
    type,
    status: 'True',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  }));
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `pod-${index}`,
      namespace: `ns-${index % 50}`,
      uid: `uid-${index}`,
      resourceVersion: String(version),
      labels: { app: `app-${index % 500}`, 'pod-template-hash': 'abcdef' },
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'rs', uid: `owner-${index % 500}`, controller: true },
      ],
      managedFields: [
        {
          manager: 'kube-controller-manager',
          operation: 'Update',
          time: '2026-01-01T00:00:00Z',
          fieldsV1: { 'f:spec': fields },
        },
        {
          manager: 'kubelet',
          operation: 'Update',
          subresource: 'status',
          fieldsV1: { 'f:status': { 'f:conditions': {} } },
        },
      ],
    },
    spec: { nodeName: `node-${index % 100}`, containers: [{ name: 'main', image: 'example.test/image:1', env }] },
    status: { phase: 'Running', podIP: '10.0.0.1', conditions },
  };
}

if (process.argv[2] === SERVE) serve();
