import { createServer, request as sendRequest } from 'node:http';
import type { IncomingMessage, OutgoingHttpHeaders, Server, ServerResponse } from 'node:http';
import { ConnectionPool } from './connection-pool.ts';
import { endpointsOf, matchRule } from './routing.ts';
import type { RoutingView, UpstreamEndpoint } from './routing.ts';
import { WeightedChoice } from './weighted-choice.ts';

/** Set on answers that the proxy made itself: no pod has answered. */
export const GATEWAY_ERROR_HEADER = 'x-gateway-error';
/** Set on answers that a pod made: its name. */
export const UPSTREAM_POD_HEADER = 'x-upstream-pod';

export interface ProxyOptions {
  readonly view: RoutingView;
  /** A pod that has not answered after this long counts as dead: 504. */
  readonly answerTimeoutMs: number;
}

export interface Proxy {
  readonly server: Server;
  /** To be called when endpoints have changed: connections to those that are gone are drained. */
  readonly endpointsChanged: () => void;
  readonly close: () => void;
}

/** Longer than a client keeps an idle connection, so that none is closed just when the client sends on it. */
const KEEP_ALIVE_TIMEOUT_MS = 120_000;

/** How many endpoints are tried for one request, as long as no byte of it was sent to any. */
const CONNECT_TRIES_MAX = 3;

/**
 * A reverse proxy that splits requests over the backends of HTTPRoutes by weight, and evenly over each backend's ready
 * endpoints.
 *
 * It tries another endpoint only when a connection could not be made, so before any byte of the request was sent: what
 * a pod may have begun to work on is never sent twice. A backend without endpoints gets its share nevertheless and
 * answers 503, one that does not exist answers 500, as the Gateway API asks for.
 */
export function createProxy(options: ProxyOptions): Proxy {
  const pool = new ConnectionPool();
  const backendChoices = new Map<string, WeightedChoice>();
  const endpointChoices = new Map<string, WeightedChoice>();
  const server = createServer((request, response) => route(request, response));
  server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;

  function route(request: IncomingMessage, response: ServerResponse): void {
    const { pathname } = new URL(request.url ?? '/', 'http://gateway');
    const host = (request.headers.host ?? '').replace(/:\d+$/, '');
    const { method = 'GET', headers } = request;
    const rule = matchRule(options.view.routes(), { host, path: pathname, method, headers });
    if (rule === undefined) return refuse(response, 404, 'no route matches');
    const key = choiceFor(backendChoices, rule.key).pick(
      new Map(rule.backends.map((backend) => [backend.key, backend.weight])),
    );
    const backend = rule.backends.find((candidate) => candidate.key === key);
    if (backend === undefined) return refuse(response, 500, 'no backend has a weight');
    const endpoints = endpointsOf(options.view, backend);
    if (endpoints === undefined)
      return refuse(response, 500, `service ${backend.service} or its port ${backend.port} does not exist`);
    forward({ request, response, endpoints, service: `${backend.namespace}/${backend.service}`, tried: [] });
  }

  function forward(exchange: Exchange): void {
    const { request, response, service, tried } = exchange;
    const left = exchange.endpoints.filter((endpoint) => !tried.includes(endpoint.key));
    const key = choiceFor(endpointChoices, service).pick(new Map(left.map((endpoint) => [endpoint.key, 1])));
    const endpoint = left.find((candidate) => candidate.key === key);
    if (endpoint === undefined)
      return refuse(
        response,
        503,
        tried.length === 0 ? `${service} has no ready endpoint` : `no endpoint of ${service} takes connections`,
      );
    const upstream = sendRequest({
      host: endpoint.address,
      port: endpoint.port,
      agent: pool.agentFor(endpoint),
      method: request.method,
      path: request.url,
      headers: { ...withoutHopByHop(request.headers), 'x-forwarded-for': request.socket.remoteAddress ?? '' },
    });
    let connected = false;
    let timedOut = false;
    upstream.setTimeout(options.answerTimeoutMs, () => {
      timedOut = true;
      upstream.destroy(new Error(`no answer within ${options.answerTimeoutMs} ms`));
    });
    upstream.on('socket', (socket) => {
      const start = (): void => {
        connected = true;
        request.pipe(upstream);
      };
      if (socket.connecting) socket.once('connect', start);
      else start();
    });
    upstream.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, {
        ...withoutHopByHop(answer.headers),
        [UPSTREAM_POD_HEADER]: endpoint.pod,
      });
      answer.on('error', () => response.destroy());
      answer.pipe(response);
    });
    upstream.on('error', (cause) => {
      if (!connected && tried.length + 1 < CONNECT_TRIES_MAX)
        return forward({ ...exchange, tried: [...tried, endpoint.key] });
      if (response.headersSent) return void response.destroy();
      refuse(response, timedOut ? 504 : 502, `${endpoint.pod}: ${cause.message}`);
    });
    response.on('close', () => {
      if (!response.writableFinished) upstream.destroy();
    });
  }

  return {
    server,
    endpointsChanged: () => pool.keepOnly(new Set(allEndpoints(options.view).map((endpoint) => endpoint.key))),
    close: () => {
      server.close();
      server.closeAllConnections();
      pool.close();
    },
  };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly endpoints: readonly UpstreamEndpoint[];
  readonly service: string;
  readonly tried: readonly string[];
}

function choiceFor(choices: Map<string, WeightedChoice>, key: string): WeightedChoice {
  let choice = choices.get(key);
  if (choice === undefined) {
    choice = new WeightedChoice();
    choices.set(key, choice);
  }
  return choice;
}

function allEndpoints(view: RoutingView): UpstreamEndpoint[] {
  const rules = view.routes().flatMap((route) => (route.spec.rules ?? []).map((rule) => ({ route, rule })));
  return rules.flatMap(({ route, rule }) =>
    (rule.backendRefs ?? []).flatMap((ref) => {
      const namespace = ref.namespace ?? route.metadata.namespace ?? 'default';
      return endpointsOf(view, { key: '', namespace, service: ref.name, port: ref.port, weight: 1 }) ?? [];
    }),
  );
}

const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

function withoutHopByHop(headers: IncomingMessage['headers']): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name)));
}

function refuse(response: ServerResponse, status: number, reason: string): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, {
    [GATEWAY_ERROR_HEADER]: reason.replace(/[^\x20-\x7e]/g, ' '),
    'content-type': 'text/plain',
  });
  response.end(`${reason}\n`);
}
