import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTelemetryServer } from './telemetry-server.ts';

test('ready follows what is waited for, healthy does not', async (t) => {
  const waiting = ['rollouts', 'services'];
  const server = await startTelemetryServer({
    host: '127.0.0.1',
    port: 0,
    health: { problems: () => [], waitingFor: () => waiting },
  });
  t.after(() => server.close());
  const read = async (path: string): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`);
    return `${response.status} ${await response.text()}`;
  };

  assert.equal(await read('/healthz'), '200 ok\n');
  assert.equal(await read('/readyz'), '503 waiting for: rollouts, services\n');
  waiting.length = 0;
  assert.equal(await read('/readyz?verbose'), '200 ok\n');
  assert.equal(await read('/metrics'), '404 not found\n');
});

test('metrics are served in the format that they say they have', async (t) => {
  const server = await startTelemetryServer({
    host: '127.0.0.1',
    port: 0,
    metrics: { render: () => Promise.resolve('up 1\n'), contentType: 'text/plain; version=0.0.4' },
  });
  t.after(() => server.close());

  const response = await fetch(`http://127.0.0.1:${server.port}/metrics`);

  assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4');
  assert.equal(await response.text(), 'up 1\n');
});

test('an address that is taken is an error at start', async (t) => {
  const server = await startTelemetryServer({ host: '127.0.0.1', port: 0 });
  t.after(() => server.close());

  await assert.rejects(startTelemetryServer({ host: '127.0.0.1', port: server.port }), { code: 'EADDRINUSE' });
});
