import assert from 'node:assert/strict';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { test } from 'node:test';
import { VirtualClock } from '../../lib/virtual-clock.ts';
import { createAddressGuard } from './address-guard.ts';
import { createHttpClient } from './exchange-client.ts';
import { createTlsAgents, TLS_AGENTS_MAX } from './tls-agents.ts';

const OTHERS = Array.from({ length: TLS_AGENTS_MAX }, (_, index) => ({ serverName: `server-${index}` }));

test('a request keeps its connection when its way of verifying is given up for others', async (t) => {
  const sockets: Socket[] = [];
  const arrived = Promise.withResolvers<void>();
  // Never answers, so that every request stays under way.
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    if (sockets.push(socket) > OTHERS.length) arrived.resolve();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const http = createHttpClient({ clock: new VirtualClock() });
  t.after(() => {
    http.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const cancelling = new AbortController();

  const first = http.send({ method: 'GET', url, tls: { serverName: 'first' } }, { signal: cancelling.signal });
  const outcome = first.catch((error: unknown) => error);
  for (const tls of OTHERS) void http.send({ method: 'GET', url, tls }).catch(() => undefined);
  await Promise.race([arrived.promise, outcome]);
  cancelling.abort();

  assert.match(String(await outcome), /the request was given up/);
});

test('what is given up ends with its last request, and what is used again is kept', (t) => {
  const agents = createTlsAgents(createAddressGuard([]), 1);
  t.after(() => agents.close());
  const first = agents.take({ serverName: 'first' });
  const second = agents.take({ serverName: 'second' });
  second.done();
  const ended = t.mock.method(first.agent, 'destroy');
  const endedSecond = t.mock.method(second.agent, 'destroy');

  for (const tls of OTHERS.slice(2)) agents.take(tls).done();
  agents.take({ serverName: 'second' }).done();
  agents.take({ serverName: 'one more' }).done();
  assert.equal(ended.mock.callCount(), 0);
  assert.equal(endedSecond.mock.callCount(), 0);

  first.done();
  assert.equal(ended.mock.callCount(), 1);
  assert.notEqual(agents.take({ serverName: 'first' }).agent, first.agent);
});
