import type { IncomingHttpHeaders } from 'node:http';
import type { ResourceKind } from '../../api/kube-object.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Metrics } from '../../ports/telemetry.ts';
import type { Connection } from './connection.ts';
import { createInFlight } from './in-flight.ts';
import type { InFlight, Priority } from './in-flight.ts';
import { KubeApiError, errorOfAnswer, unavailable } from './kube-error.ts';
import { createLineSplitter } from './line-splitter.ts';
import { resourcePath } from './resource-path.ts';
import { WireError, exchange, start, watchIdle } from './wire.ts';
import type { WireResponse } from './wire.ts';

/** The API server itself gives up after 60 s; half of that is a long time for one object. */
const REQUEST_TIMEOUT_MS = 30_000;
/** A page of large objects over a slow line. */
const LIST_TIMEOUT_MS = 60_000;
/** A 429 means that nothing was carried out, so the same call may be sent again; more often than this it is the caller's turn. */
const REFUSALS_MAX = 5;
/** A watch error's answer is a Status; anything longer is not read. */
const ERROR_BYTES_MAX = 64 * 1024;

export interface KubeCall {
  readonly verb: 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';
  readonly kind: ResourceKind;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  /** `application/json` when absent. */
  readonly contentType?: string;
  readonly impersonate?: string;
  readonly priority?: Priority;
  readonly timeoutMs?: number;
}

/** Checks calls against the table of permissions, and remembers which lines were used. */
export interface CallGuard {
  /** Throws InvariantViolation for a call that no line allows. */
  check(call: KubeCall): void;
  /** Each right that was used, as `verb group/resource`. */
  used(): ReadonlySet<string>;
}

/** Raw JSON to and from one API server. Every call is counted, limited in number under way, and guarded if a guard is given. */
export interface KubeClient {
  /** The parsed answer. Throws KubeError. */
  request(call: KubeCall): Promise<unknown>;
  /** Hands over each line of a watch; settles when the server ends it, rejects with KubeError when it broke or was refused. */
  watch(call: KubeCall, options: WatchOptions): Promise<void>;
  readonly inFlight: InFlight;
  close(): Promise<void>;
}

export interface WatchOptions {
  /** One line of JSON. May throw: the watch ends with that error. */
  readonly onLine: (line: string) => void;
  readonly onOpen?: () => void;
  /** Without a byte for this long the connection is taken for dead. */
  readonly idleMs: number;
  readonly signal: AbortSignal;
}

export interface KubeClientOptions {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Asserts that each call is one that the ClusterRole allows (tests). */
  readonly guard?: CallGuard;
}

export function createKubeClient(options: KubeClientOptions): KubeClient {
  const { connection, clock, metrics } = options;
  const inFlight = createInFlight(clock);
  const closing = new AbortController();

  function count(call: KubeCall, status: number): void {
    const resource = call.subresource === undefined ? call.kind.plural : `${call.kind.plural}/${call.subresource}`;
    metrics.kubeCallDone({ resource, namespace: call.namespace ?? '', verb: call.verb, status });
  }

  async function send(call: KubeCall): Promise<WireResponse> {
    const { dispatcher, headers } = await prepare(connection);
    try {
      const answer = await exchange(
        {
          dispatcher,
          origin: connection.origin,
          method: METHODS[call.verb],
          path: connection.basePath + resourcePath(call),
          headers: requestHeaders(call, headers),
          body: call.body === undefined ? undefined : JSON.stringify(call.body),
        },
        { clock, timeoutMs: call.timeoutMs ?? (call.verb === 'list' ? LIST_TIMEOUT_MS : REQUEST_TIMEOUT_MS) },
      );
      count(call, answer.status);
      return answer;
    } catch (error) {
      count(call, 0);
      throw error;
    }
  }

  async function attempt(call: KubeCall): Promise<Attempt> {
    const ticket = await inFlight.enter(call.priority ?? 'normal');
    try {
      const answer = await send(call);
      if (answer.status < 300) {
        ticket.done({ refused: false });
        return { answer };
      }
      const error = errorOfAnswer({
        status: answer.status,
        body: answer.body,
        retryAfter: single(answer.headers['retry-after']),
      });
      const refused = isRefusal(call, error);
      ticket.done({ refused, retryAfterMs: error.retryAfterMs });
      if (error.status === 401) connection.expireCredentials();
      return { error, refused };
    } catch (error) {
      ticket.done({ refused: false });
      return {
        error: error instanceof KubeApiError ? error : broken(call, error),
        brokeOff: error instanceof WireError && !error.timedOut,
      };
    }
  }

  async function request(call: KubeCall): Promise<unknown> {
    options.guard?.check(call);
    let reread = call.verb === 'get' || call.verb === 'list';
    for (let refusals = 0; ;) {
      const { answer, error, refused, brokeOff } = await attempt(call);
      if (answer !== undefined) return parse(call, answer.body);
      if (closing.signal.aborted) throw error;
      if (refused === true && ++refusals <= REFUSALS_MAX) continue;
      // The server may have closed an idle connection just as we used it; a read is safe to send again.
      if (brokeOff === true && reread) {
        reread = false;
        continue;
      }
      throw error;
    }
  }

  return {
    request,
    async watch(call, watching) {
      options.guard?.check(call);
      const prepared = await prepare(connection);
      const signal = AbortSignal.any([watching.signal, closing.signal]);
      await streamLines({
        call,
        connection,
        clock,
        prepared,
        watching: { ...watching, signal },
        counted: (status) => count(call, status),
      });
    },
    inFlight,
    async close() {
      closing.abort();
      inFlight.close();
      await connection.close();
    },
  };
}

interface Attempt {
  readonly answer?: WireResponse;
  readonly error?: KubeApiError;
  readonly refused?: boolean;
  readonly brokeOff?: boolean;
}

const METHODS = {
  get: 'GET',
  list: 'GET',
  watch: 'GET',
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
} as const;

async function prepare(connection: Connection): ReturnType<Connection['prepare']> {
  try {
    return await connection.prepare();
  } catch (error) {
    throw unavailable(`credentials of context ${connection.contextName} could not be read`, error);
  }
}

function requestHeaders(call: KubeCall, prepared: Readonly<Record<string, string>>): Record<string, string> {
  const headers: Record<string, string> = { ...prepared, accept: 'application/json' };
  if (call.body !== undefined) headers['content-type'] = call.contentType ?? 'application/json';
  if (call.impersonate !== undefined) headers['impersonate-user'] = call.impersonate;
  return headers;
}

/** An eviction's 429 is a PodDisruptionBudget speaking, not a server that is too busy. */
function isRefusal(call: KubeCall, error: KubeApiError): boolean {
  return error.reason === 'too-many-requests' && call.subresource !== 'eviction';
}

function broken(call: KubeCall, error: unknown): KubeApiError {
  const what = `${call.verb} ${call.kind.plural}${call.name === undefined ? '' : ` ${call.name}`}`;
  return unavailable(`${what}: ${error instanceof Error ? error.message : 'failed'}`, error);
}

function parse(call: KubeCall, body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    throw broken(call, error);
  }
}

interface Streaming {
  readonly call: KubeCall;
  readonly connection: Connection;
  readonly clock: Clock;
  readonly prepared: Awaited<ReturnType<Connection['prepare']>>;
  readonly watching: WatchOptions;
  readonly counted: (status: number) => void;
}

function streamLines(streaming: Streaming): Promise<void> {
  const { call, connection, clock, prepared, watching, counted } = streaming;
  return new Promise((resolve, reject) => {
    let status = 0;
    let headers: IncomingHttpHeaders = {};
    let refusal = '';
    const lines = createLineSplitter(watching.onLine);
    const idle = watchIdle(clock, watching.idleMs, () =>
      open.abort(new WireError(`nothing heard for ${watching.idleMs / 1_000} s`, { timedOut: true })),
    );
    const onAbort = (): void => open.abort(new WireError('stopped', { timedOut: false }));

    function settle(error?: unknown): void {
      idle.stop();
      watching.signal.removeEventListener('abort', onAbort);
      if (error === undefined) resolve();
      else reject(error);
    }

    const open = start(
      {
        dispatcher: prepared.dispatcher,
        origin: connection.origin,
        method: 'GET',
        path: connection.basePath + resourcePath(call),
        headers: requestHeaders(call, prepared.headers),
      },
      {
        onStatus(answered, answeredHeaders) {
          status = answered;
          headers = answeredHeaders;
          counted(status);
          idle.touch();
          if (status < 300) watching.onOpen?.();
        },
        onData(chunk) {
          idle.touch();
          if (status >= 300) {
            if (refusal.length < ERROR_BYTES_MAX) refusal += chunk.toString();
            return;
          }
          try {
            lines.push(chunk);
          } catch (error) {
            settle(error);
            open.abort(new WireError('stopped', { timedOut: false }));
          }
        },
        onEnd() {
          if (status === 401) connection.expireCredentials();
          settle(
            status < 300
              ? undefined
              : errorOfAnswer({ status, body: refusal, retryAfter: single(headers['retry-after']) }),
          );
        },
        onError(error) {
          if (status === 0) counted(0);
          settle(broken(call, error));
        },
      },
    );
    watching.signal.addEventListener('abort', onAbort, { once: true });
    if (watching.signal.aborted) onAbort();
  });
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
