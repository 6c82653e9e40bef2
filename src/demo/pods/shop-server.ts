import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { Clock } from '../../lib/clock.ts';
import type { VersionBehaviour } from './versions.ts';

/** Set on every answer of the shop: which version gave it. */
export const VERSION_HEADER = 'x-shop-version';

export interface ShopServer {
  readonly server: Server;
  /** From now on every answer asks the client to close the connection, so that the pod can end without hurting anyone. */
  readonly drain: () => void;
}

const BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];
/** Longer than any client keeps an idle connection, so that the server never closes one on which a request is under way. */
const KEEP_ALIVE_TIMEOUT_MS = 120_000;

/** The demo's program: answers `/` with 200 or 500 as its version behaves, `/metrics`, and `/healthz`. */
export function createShopServer(
  behaviour: VersionBehaviour,
  options: { readonly clock: Clock; readonly random: () => number; readonly pod: string },
): ShopServer {
  const { clock, random } = options;
  const requests = { '200': 0, '500': 0 };
  const buckets = BUCKETS_SECONDS.map(() => 0);
  let seconds = 0;
  let draining = false;

  const server = createServer((request, response) => {
    request.resume();
    if (draining) response.setHeader('connection', 'close');
    if (request.url === '/metrics') return respond(response, 200, render());
    if (request.url === '/healthz') return respond(response, 200, 'ok\n');
    const startMs = clock.nowMs();
    clock.schedule(behaviour.latencyMs * (0.5 + random()), () => {
      const code = random() < behaviour.errorRate ? '500' : '200';
      observe(code, (clock.nowMs() - startMs) / 1_000);
      response.setHeader(VERSION_HEADER, behaviour.version);
      respond(response, Number(code), `${JSON.stringify({ version: behaviour.version, pod: options.pod })}\n`);
    });
  });
  server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;

  function observe(code: '200' | '500', tookSeconds: number): void {
    requests[code]++;
    seconds += tookSeconds;
    BUCKETS_SECONDS.forEach((upper, index) => {
      if (tookSeconds <= upper) buckets[index] = (buckets[index] ?? 0) + 1;
    });
  }

  function render(): string {
    const total = requests['200'] + requests['500'];
    return [
      '# HELP http_requests_total Requests answered, by status code.',
      '# TYPE http_requests_total counter',
      ...Object.entries(requests).map(([code, count]) => `http_requests_total{code="${code}"} ${count}`),
      '# HELP http_request_duration_seconds Time that answering took.',
      '# TYPE http_request_duration_seconds histogram',
      ...BUCKETS_SECONDS.map(
        (upper, index) => `http_request_duration_seconds_bucket{le="${upper}"} ${buckets[index] ?? 0}`,
      ),
      `http_request_duration_seconds_bucket{le="+Inf"} ${total}`,
      `http_request_duration_seconds_sum ${seconds}`,
      `http_request_duration_seconds_count ${total}`,
      '# HELP shop_info Which version this is.',
      '# TYPE shop_info gauge',
      `shop_info{version=${JSON.stringify(behaviour.version)}} 1`,
      '',
    ].join('\n');
  }

  return {
    server,
    drain: () => {
      draining = true;
    },
  };
}

function respond(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}
