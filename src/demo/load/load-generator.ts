import { Agent, get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Clock, ScheduledCall } from '../../lib/clock.ts';
import { GATEWAY_ERROR_HEADER, UPSTREAM_POD_HEADER } from '../data-plane/proxy.ts';
import { VERSION_HEADER } from '../pods/shop-server.ts';
import { LoadStatistics } from './load-statistics.ts';
import type { LoadSnapshot, RequestOutcome } from './load-statistics.ts';

export interface LoadOptions {
  readonly clock: Clock;
  readonly url: string;
  readonly host: string;
  readonly requestsPerSecond: number;
}

export interface Load {
  readonly snapshot: () => LoadSnapshot;
  /** Sends no more; settles when every request that is under way has ended and is counted. */
  readonly stop: () => Promise<void>;
}

const ANSWER_TIMEOUT_MS = 15_000;

/**
 * Steady load: requests leave at their times whether or not earlier ones were answered. A request is lost when no pod
 * answered it: the connection failed, it took too long, or the gateway answered by itself. It is never sent again.
 */
export function startLoad(options: LoadOptions): Load {
  const { clock } = options;
  const statistics = new LoadStatistics();
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 32 });
  const intervalMs = 1_000 / options.requestsPerSecond;
  const underWay = new Set<Promise<void>>();
  let dueMs = clock.nowMs();
  let next: ScheduledCall | undefined;
  let stopped = false;

  function tick(): void {
    if (stopped) return;
    const nowMs = clock.nowMs();
    // After a stall (a laptop that slept) the missed requests are not made up for.
    dueMs = Math.max(dueMs, nowMs - 1_000);
    while (dueMs <= nowMs) {
      dueMs += intervalMs;
      const done = send({ url: options.url, host: options.host, agent }).then((outcome) => {
        statistics.record(outcome, clock.nowMs());
        underWay.delete(done);
      });
      underWay.add(done);
    }
    next = clock.schedule(dueMs - nowMs, tick);
  }

  tick();
  return {
    snapshot: () => statistics.snapshot(clock.nowMs()),
    stop: async () => {
      stopped = true;
      next?.cancel();
      await Promise.all(underWay);
      agent.destroy();
    },
  };
}

function send(request: {
  readonly url: string;
  readonly host: string;
  readonly agent: Agent;
}): Promise<RequestOutcome> {
  return new Promise((resolve) => {
    const outgoing = get(
      request.url,
      { agent: request.agent, headers: { host: request.host }, timeout: ANSWER_TIMEOUT_MS },
      (response) => {
        response.resume();
        response.on('end', () => resolve(outcomeOf(response)));
        response.on('error', (cause) => resolve({ type: 'lost', reason: `answer was cut off: ${cause.message}` }));
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${ANSWER_TIMEOUT_MS} ms`)));
    outgoing.on('error', (cause) => resolve({ type: 'lost', reason: cause.message }));
  });
}

function outcomeOf(response: IncomingMessage): RequestOutcome {
  const status = response.statusCode ?? 0;
  const gatewayError = response.headers[GATEWAY_ERROR_HEADER];
  const pod = response.headers[UPSTREAM_POD_HEADER];
  const version = response.headers[VERSION_HEADER];
  if (typeof gatewayError === 'string') return { type: 'lost', reason: `gateway answered ${status}: ${gatewayError}` };
  if (typeof pod !== 'string' || typeof version !== 'string')
    return { type: 'lost', reason: `${status} from no pod of the shop` };
  return { type: 'answered', status, version, pod };
}
