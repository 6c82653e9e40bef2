import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { VirtualClock } from '../../lib/virtual-clock.ts';
import { startLoad } from './load-generator.ts';
import type { LoadSnapshot } from './load-statistics.ts';
import { LoadStatistics } from './load-statistics.ts';

/** Sends a steady load of four requests over 300 ms of the clock's time. */
async function loadAgainst(answer: RequestListener): Promise<LoadSnapshot> {
  const clock = new VirtualClock();
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const load = startLoad({
    clock,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    host: 'shop.demo.local',
    requestsPerSecond: 10,
  });
  try {
    clock.advance(300);
    await load.stop();
    return load.snapshot();
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

test('counts what pods answered by version, and their own errors as failed, not as lost', async () => {
  let count = 0;
  const snapshot = await loadAgainst((_request, response) => {
    const status = count++ === 1 ? 500 : 200;
    response.writeHead(status, { 'x-upstream-pod': 'p', 'x-shop-version': '1.0.0' }).end();
  });

  assert.deepEqual([snapshot.requests, snapshot.lost], [4, 0]);
  assert.deepEqual([...snapshot.byVersion], [['1.0.0', { answered: 4, failed: 1 }]]);
});

test('counts as lost what the gateway answered by itself', async () => {
  const snapshot = await loadAgainst((_request, response) =>
    response.writeHead(503, { 'x-gateway-error': 'no ready endpoint' }).end(),
  );

  assert.deepEqual([snapshot.requests, snapshot.lost], [4, 4]);
  assert.equal(snapshot.losses[0]?.reason, 'gateway answered 503: no ready endpoint');
});

test('counts as lost what was cut off', async () => {
  const cutOff: RequestListener = (request, response) => {
    response.writeHead(200, { 'x-upstream-pod': 'p', 'x-shop-version': '1.0.0', 'content-length': 10 });
    response.write('half', () => request.socket.destroy());
  };

  assert.equal((await loadAgainst(cutOff)).lost, 4);
  assert.equal((await loadAgainst((request) => request.socket.destroy())).lost, 4);
});

test('shows the last seconds apart', () => {
  const statistics = new LoadStatistics();
  statistics.record({ type: 'answered', status: 200, version: 'old', pod: 'p' }, 1_000);
  statistics.record({ type: 'answered', status: 500, version: 'new', pod: 'p' }, 10_000);

  const { byVersion, recent } = statistics.snapshot(10_500);

  assert.deepEqual(
    [[...byVersion.keys()], [...recent.byVersion]],
    [['old', 'new'], [['new', { answered: 1, failed: 1 }]]],
  );
});
