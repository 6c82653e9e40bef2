import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get, request as sendRequest } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { after, test } from 'node:test';
import type { EndpointSlice, HttpRoute, Service } from '../../api/workloads.ts';
import { createProxy } from './proxy.ts';
import type { Proxy } from './proxy.ts';
import type { RoutingView } from './routing.ts';

const cleanups: (() => void)[] = [];
after(() => {
  for (const cleanup of cleanups) cleanup();
});

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly pod: string | undefined;
  readonly error: string | undefined;
}

class World {
  weights: Record<string, number> = { stable: 100, canary: 0 };
  slices: Record<string, EndpointSlice[]> = {};
  services = ['stable', 'canary'];

  readonly view: RoutingView = {
    routes: () => [
      {
        apiVersion: 'gateway.networking.k8s.io/v1',
        kind: 'HTTPRoute',
        metadata: { name: 'shop', namespace: 'demo', generation: 1 },
        spec: {
          hostnames: ['shop.demo.local'],
          rules: [{ backendRefs: Object.entries(this.weights).map(([name, weight]) => ({ name, port: 80, weight })) }],
        },
      } satisfies HttpRoute,
    ],
    service: (_namespace, name) =>
      this.services.includes(name)
        ? ({
            apiVersion: 'v1',
            kind: 'Service',
            metadata: { name },
            spec: { ports: [{ port: 80, targetPort: 8080 }] },
          } satisfies Service)
        : undefined,
    slices: (_namespace, name) => this.slices[name] ?? [],
  };

  /** An endpoint of a Service, in a slice of its own because its port differs. */
  add(service: string, name: string, port: number, conditions = {}): void {
    const slice: EndpointSlice = {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: `${service}-${name}` },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['127.0.0.1'], conditions, targetRef: { name } }],
      ports: [{ port }],
    };
    this.slices[service] = [...(this.slices[service] ?? []), slice];
  }
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

/** A port on which nobody listens. */
async function deadPort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function startProxy(
  world: World,
  answerTimeoutMs = 5_000,
): Promise<{ proxy: Proxy; ask: (host?: string) => Promise<Answer>; port: number }> {
  const proxy = createProxy({ view: world.view, answerTimeoutMs });
  const port = await listen(proxy.server);
  cleanups.push(() => proxy.close());
  const ask = (host = 'shop.demo.local'): Promise<Answer> =>
    new Promise((resolve, reject) => {
      get({ host: '127.0.0.1', port, headers: { host }, agent: false }, (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        response.on('error', reject);
        response.on('end', () => {
          const header = (name: string): string | undefined => response.headers[name] as string | undefined;
          resolve({
            status: response.statusCode ?? 0,
            body,
            pod: header('x-upstream-pod'),
            error: header('x-gateway-error'),
          });
        });
      }).on('error', reject);
    });
  return { proxy, ask, port };
}

async function pod(answer: RequestListener = (_request, response) => response.end('hello')): Promise<number> {
  return listen(createServer(answer));
}

test('splits requests by the weights of the route, and evenly over endpoints', async () => {
  const world = new World();
  world.weights = { stable: 75, canary: 25 };
  world.add('stable', 'pod-1', await pod());
  world.add('stable', 'pod-2', await pod());
  world.add('canary', 'pod-3', await pod());
  const { ask } = await startProxy(world);

  const counts: Record<string, number> = {};
  for (let index = 0; index < 40; index++) {
    const { pod: name = 'none' } = await ask();
    counts[name] = (counts[name] ?? 0) + 1;
  }

  assert.deepEqual(counts, { 'pod-1': 15, 'pod-2': 15, 'pod-3': 10 });
});

test('passes on what a pod answers, errors too', async () => {
  const world = new World();
  world.add('stable', 'pod-1', await pod((_request, response) => response.writeHead(500).end('broken')));
  const { ask } = await startProxy(world);

  assert.deepEqual(await ask(), { status: 500, body: 'broken', pod: 'pod-1', error: undefined });
});

test('tries another endpoint when a connection cannot be made', async () => {
  const world = new World();
  world.add('stable', 'pod-1', await deadPort());
  world.add('stable', 'pod-2', await pod());
  const { ask } = await startProxy(world);

  assert.deepEqual([(await ask()).status, (await ask()).status], [200, 200]);
});

test('sends a request never twice: a pod that breaks off is a 502', async () => {
  let received = 0;
  const breakOff: RequestListener = (request) => {
    received++;
    request.socket.destroy();
  };
  const world = new World();
  world.add('stable', 'pod-1', await pod(breakOff));
  world.add('stable', 'pod-2', await pod(breakOff));
  const { ask } = await startProxy(world);

  const answer = await ask();

  assert.equal(answer.status, 502);
  assert.match(answer.error ?? '', /pod-1/);
  assert.equal(received, 1);
});

test('sends the body of a request to the endpoint that took the connection', async () => {
  const world = new World();
  world.add('stable', 'pod-1', await deadPort());
  world.add('stable', 'pod-2', await pod((request, response) => request.pipe(response)));
  const { port } = await startProxy(world);

  const body = await new Promise<string>((resolve, reject) => {
    const outgoing = sendRequest(
      { host: '127.0.0.1', port, method: 'POST', headers: { host: 'shop.demo.local' }, agent: false },
      (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => resolve(text));
      },
    );
    outgoing.on('error', reject);
    outgoing.end('x'.repeat(100_000));
  });

  assert.equal(body.length, 100_000);
});

test('says by itself what is wrong', async () => {
  const world = new World();
  const { ask } = await startProxy(world, 50);

  assert.deepEqual((await ask()).status, 503);
  assert.deepEqual((await ask('other.local')).status, 404);
  world.services = [];
  assert.match((await ask()).error ?? '', /service stable or its port 80 does not exist/);
  world.services = ['stable', 'canary'];
  world.weights = { stable: 0, canary: 0 };
  assert.equal((await ask()).status, 500);
  world.weights = { stable: 1 };
  world.add('stable', 'pod-1', await pod(() => undefined));
  assert.equal((await ask()).status, 504);
});

test('uses endpoints that terminate only while none is ready', async () => {
  const world = new World();
  world.add('stable', 'pod-1', await pod(), { ready: false, serving: true, terminating: true });
  const { ask } = await startProxy(world);
  assert.equal((await ask()).pod, 'pod-1');

  world.add('stable', 'pod-2', await pod(), { ready: true });
  assert.deepEqual([(await ask()).pod, (await ask()).pod], ['pod-2', 'pod-2']);
});

test('drains what is gone: a request under way is answered, idle connections are closed', async () => {
  const world = new World();
  const sockets = new Set<Socket>();
  let release: () => void = () => undefined;
  const server = createServer((request, response) => {
    if (request.url === '/slow') release = () => response.end('late');
    else response.end('soon');
  });
  server.keepAliveTimeout = 120_000;
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  world.add('stable', 'pod-1', await listen(server));
  const { proxy, ask, port } = await startProxy(world);
  const slow = fetchPath(port, '/slow');
  while (sockets.size < 1) await new Promise((resolve) => setImmediate(resolve));
  await ask();
  assert.equal(sockets.size, 2);

  world.slices['stable'] = [];
  proxy.endpointsChanged();
  while (sockets.size > 1) await new Promise((resolve) => setImmediate(resolve));
  release();

  assert.equal(await slow, 'late');
  while (sockets.size > 0) await new Promise((resolve) => setImmediate(resolve));
});

function fetchPath(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, headers: { host: 'shop.demo.local' }, agent: false }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => resolve(body));
    }).on('error', reject);
  });
}
