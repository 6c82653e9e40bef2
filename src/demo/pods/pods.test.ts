import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { Pod } from '../../api/workloads.ts';
import { seededRandom } from '../../lib/random.ts';
import { VirtualClock } from '../../lib/virtual-clock.ts';
import { parseExposition } from '../prometheus/exposition.ts';
import { PodNetwork } from './pod-network.ts';
import { createShopServer } from './shop-server.ts';
import { behaviourOf } from './versions.ts';

function podWith(image: string, env: { name: string; value: string }[] = []): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p' },
    spec: { containers: [{ name: 'shop', image, env }] },
  };
}

test('the tag says how a version behaves, the environment may say otherwise', () => {
  assert.deepEqual(behaviourOf(podWith('demo.local/shop:1.2.0')), { version: '1.2.0', errorRate: 0, latencyMs: 5 });
  assert.equal(behaviourOf(podWith('demo.local:5000/shop:1.3.0-bad')).errorRate, 0.35);
  assert.equal(behaviourOf(podWith('demo.local:5000/shop')).version, 'latest');
  assert.deepEqual(
    behaviourOf(
      podWith('demo.local/shop:1.3.0-bad', [
        { name: 'ERROR_RATE', value: '0.5' },
        { name: 'LATENCY_MS', value: '1' },
      ]),
    ),
    { version: '1.3.0-bad', errorRate: 0.5, latencyMs: 1 },
  );
});

test('counts what it answers; both codes are there from the start', async () => {
  const clock = new VirtualClock();
  const { server, drain } = createShopServer(
    { version: '1-bad', errorRate: 1, latencyMs: 20 },
    { clock, random: seededRandom(1), pod: 'p' },
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const metrics = async (): Promise<Map<string, number>> => {
    const text = await (await fetch(`${base}/metrics`)).text();
    return new Map(
      parseExposition(text).map(({ labels, value }) => [
        `${labels['__name__']} ${labels['code'] ?? labels['le'] ?? ''}`,
        value,
      ]),
    );
  };

  try {
    const before = await metrics();
    assert.deepEqual([before.get('http_requests_total 200'), before.get('http_requests_total 500')], [0, 0]);

    const asked = fetch(base);
    while (clock.nextAtMs() === undefined) await new Promise((resolve) => setImmediate(resolve));
    clock.advance(1_000);
    const response = await asked;
    assert.deepEqual([response.status, await response.json()], [500, { version: '1-bad', pod: 'p' }]);
    const afterwards = await metrics();
    assert.deepEqual(
      [
        'http_requests_total 500',
        'http_request_duration_seconds_bucket 0.005',
        'http_request_duration_seconds_bucket 0.05',
        'http_request_duration_seconds_count ',
      ].map((key) => afterwards.get(key)),
      [1, 0, 1, 1],
    );

    drain();
    assert.equal((await fetch(`${base}/healthz`)).headers.get('connection'), 'close');
  } finally {
    server.close();
    server.closeAllConnections();
  }
});

const SUBNETS = [
  ['127.101.7', 'gives every pod an address of its own'],
  ['203.0.113', 'lets pods share one address where this machine has no others, each with a port of its own'],
] as const;

for (const [subnet, rule] of SUBNETS) {
  test(rule, async () => {
    const network = new PodNetwork(subnet);
    const servers = ['a', 'b'].map((text) => createServer((_request, response) => response.end(text)));

    try {
      const addresses = [];
      for (const server of servers) addresses.push(await network.attach(server, 18_080));

      assert.notDeepEqual(addresses[0], addresses[1]);
      assert.equal(addresses[0]?.address === addresses[1]?.address, subnet === '203.0.113');
      const answers = addresses.map(async ({ address, port }) => (await fetch(`http://${address}:${port}/`)).text());
      assert.deepEqual(await Promise.all(answers), ['a', 'b']);
    } finally {
      for (const server of servers) {
        server.close();
        server.closeAllConnections();
      }
    }
  });
}

test('lets pods share one address where a program has their port on all addresses', async () => {
  const other = createServer().listen(0, '0.0.0.0');
  await once(other, 'listening');
  const servers = ['a', 'b'].map((text) => createServer((_request, response) => response.end(text)));
  const network = new PodNetwork('127.101.8');

  try {
    for (const [index, server] of servers.entries()) {
      const { address, port } = await network.attach(server, (other.address() as AddressInfo).port);
      assert.equal(await (await fetch(`http://${address}:${port}/`)).text(), ['a', 'b'][index]);
    }
  } finally {
    for (const server of [...servers, other]) {
      server.close();
      server.closeAllConnections();
    }
  }
});
