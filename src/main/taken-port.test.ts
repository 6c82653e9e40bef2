import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTelemetryServer } from '../adapters/telemetry/telemetry-server.ts';
import { onPort } from './taken-port.ts';

test('a port that is taken is told with the option that chooses another', async (t) => {
  const listen = (port: number) => startTelemetryServer({ host: '127.0.0.1', port });
  const server = await onPort({ option: '--healthzPort', port: 0 }, () => listen(0));
  t.after(() => server.close());

  await assert.rejects(
    onPort({ option: '--healthzPort', port: server.port }, () => listen(server.port)),
    { message: `port ${server.port} is taken by another program; choose one with --healthzPort` },
  );
  await assert.rejects(
    onPort({ option: '--healthzPort', port: 0 }, () => startTelemetryServer({ host: '203.0.113.1', port: 0 })),
    { code: 'EADDRNOTAVAIL' },
  );
});
