import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { KINDS } from '../../api/kinds.ts';
import { VirtualClock } from '../../lib/virtual-clock.ts';
import { SILENT_METRICS } from '../telemetry/silent.ts';
import { createKubeClient } from './client.ts';
import { connectTo } from './connection.ts';
import type { Connection } from './connection.ts';

test('requests one after the other share connections and say who asks', async (t) => {
  const ports = new Set<number | undefined>();
  const agents = new Set<string | undefined>();
  const server = createServer((request, response) => {
    ports.add(request.socket.remotePort);
    agents.add(request.headers['user-agent']);
    response.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const clock = new VirtualClock();
  const connection = connectTo({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/under/a/path`,
    clock,
    userAgent: 'headgate/1',
  });
  const client = createKubeClient({ connection, clock, metrics: SILENT_METRICS });
  t.after(async () => {
    await client.close();
    server.close();
  });

  for (let count = 0; count < 20; count += 1)
    await client.request({ verb: 'get', kind: KINDS.pod, namespace: 'ns', name: 'p' });

  // A pool hands the next request to a second connection while the first is just finishing.
  assert.ok(ports.size <= 3, `${ports.size} connections`);
  assert.deepEqual([...agents], ['headgate/1']);
  assert.equal(connection.basePath, '/under/a/path');
});

test('credentials are read again after a while, and at once when the server refused them', async (t) => {
  const clock = new VirtualClock();
  const connection = connectTo({ url: 'http://127.0.0.1:1', clock });
  t.after(() => connection.close());
  const first = await connection.prepare();

  assert.equal(await connection.prepare(), first);
  clock.advance(10_000);
  const second = await connection.prepare();
  assert.notEqual(second, first);
  assert.equal(second.dispatcher, first.dispatcher, 'the same certificates keep the same connections');
  connection.expireCredentials();
  assert.notEqual(await connection.prepare(), second);
});

test('a failure of credentials names the context and tells nothing else', async () => {
  const connection: Connection = {
    ...connectTo({ url: 'http://127.0.0.1:1', clock: new VirtualClock() }),
    contextName: 'prod',
    prepare: () => Promise.reject(new Error('exec said: token=hush')),
  };
  const client = createKubeClient({ connection, clock: new VirtualClock(), metrics: SILENT_METRICS });

  await assert.rejects(client.request({ verb: 'get', kind: KINDS.pod, namespace: 'ns', name: 'p' }), {
    reason: 'unavailable',
    message: 'credentials of context prod could not be read',
  });
});
