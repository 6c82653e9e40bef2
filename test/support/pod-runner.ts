import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { openApiClient, type ApiClient, type Manifest } from './api-client.ts';
import { watchObjects } from './watch-objects.ts';

/**
 * A process that is all the pods of the test plane: each pod that runs gets an HTTP server at its own address, becomes
 * ready when that listens, and, once it is deleted, serves on for a while as a pod with a preStop hook does.
 *
 *   node test/support/pod-runner.ts <kubeconfig>
 *
 * Ends when its parent goes.
 */
const STARTUP_MS = 150;
/** Longer than a proxy may take to hear that a pod is going. */
const LAME_DUCK_MS = 6_000;

const LAST_ANSWERS_MS = 100;
const BACKLOG = 1_024;

const [kubeconfig = ''] = process.argv.slice(2);
const api = openApiClient(kubeconfig);
const servers = new Map<string, Promise<Server>>();

const watch = watchObjects(api, '/api/v1/pods', (change, pod) => {
  const uid = pod.metadata.uid ?? '';
  const leaving = change === 'gone' || pod.metadata.deletionTimestamp !== undefined;
  if (leaving) void stop(uid);
  else if (!servers.has(uid) && pod['status']?.podIP !== undefined && pod['status'].phase === 'Running')
    servers.set(uid, start(pod));
});
process.once('disconnect', () => {
  watch.stop();
  process.exit(0);
});

async function start(pod: Manifest): Promise<Server> {
  await delay(STARTUP_MS);
  const server = createServer({ keepAliveTimeout: 75_000 }, (_request, response) => {
    response.setHeader('x-image', pod['spec'].containers[0].image as string);
    response.setHeader('x-pod', pod.metadata.name);
    if (!server.listening) response.setHeader('connection', 'close');
    response.end('water\n');
  });
  const port = pod['spec'].containers[0].ports[0].containerPort as number;
  // An address is given out again while the pod that had it before still serves its last requests.
  while (!(await listens(server, port, pod['status'].podIP as string))) await delay(STARTUP_MS);
  await markReady(api, pod);
  return server;
}

async function listens(server: Server, port: number, address: string): Promise<boolean> {
  const listening = once(server, 'listening').then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') return false;
      throw error;
    },
  );
  server.listen(port, address, BACKLOG);
  return listening;
}

async function stop(uid: string): Promise<void> {
  const starting = servers.get(uid);
  if (starting === undefined) return;
  servers.delete(uid);
  await delay(LAME_DUCK_MS);
  const server = await starting;
  server.close();
  server.closeIdleConnections();
  // What a process that ends takes with it. The address may be given to another pod, which must not inherit connections.
  await delay(LAST_ANSWERS_MS);
  server.closeAllConnections();
}

/** What a kubelet writes when the readiness probe succeeds. A pod that is gone needs it no more. */
async function markReady(client: ApiClient, pod: Manifest): Promise<void> {
  const { name, namespace = '' } = pod.metadata;
  const now = new Date().toISOString();
  const condition = (type: string): unknown => ({ type, status: 'True', lastTransitionTime: now });
  const containerStatuses = (pod['status'].containerStatuses as readonly object[]).map((status) => ({
    ...status,
    ready: true,
  }));
  await client
    .patch(`/api/v1/namespaces/${namespace}/pods/${name}/status`, {
      status: { conditions: ['Initialized', 'ContainersReady', 'Ready'].map(condition), containerStatuses },
    })
    .catch(() => undefined);
}
