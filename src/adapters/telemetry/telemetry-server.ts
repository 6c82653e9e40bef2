import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { MetricsRegistry } from './metrics.ts';

export interface TelemetryServerOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Served under `/metrics`; without it the address does not exist. */
  readonly metrics?: Pick<MetricsRegistry, 'render' | 'contentType'>;
  readonly health?: Health;
}

export interface Health {
  /** What keeps this process from doing its work at all; empty when it is well. Answers `/healthz`. */
  problems(): readonly string[];
  /** What it still waits for before it can act; empty when it is ready. Answers `/readyz`. */
  waitingFor(): readonly string[];
}

export interface TelemetryServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves `/metrics`, `/healthz` and `/readyz`, and nothing else. Rejects when the address cannot be bound. */
export async function startTelemetryServer(options: TelemetryServerOptions): Promise<TelemetryServer> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end();
      return;
    }
    void respond(options, request.url?.split('?', 1)[0] ?? '/', response);
  });
  await listen(server, options);
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function respond(options: TelemetryServerOptions, path: string, response: ServerResponse): Promise<void> {
  const { metrics, health } = options;
  if (path === '/metrics' && metrics !== undefined) {
    try {
      const page = await metrics.render();
      response.writeHead(200, { 'content-type': metrics.contentType }).end(page);
    } catch {
      response.writeHead(500).end('metrics could not be collected\n');
    }
  } else if (path === '/healthz' && health !== undefined) {
    judge(response, health.problems(), '');
  } else if (path === '/readyz' && health !== undefined) {
    judge(response, [...health.problems(), ...health.waitingFor()], 'waiting for: ');
  } else {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('not found\n');
  }
}

function judge(response: ServerResponse, against: readonly string[], lead: string): void {
  const well = against.length === 0;
  response
    .writeHead(well ? 200 : 503, { 'content-type': 'text/plain' })
    .end(well ? 'ok\n' : `${lead}${against.join(', ')}\n`);
}

function listen(server: Server, { host, port }: TelemetryServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}
