import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import type { Clock, ScheduledCall } from '../../ports/clock.ts';

/** More than any list page or object can be (etcd refuses above 1.5 MB an object, a page has 500): a guard for memory. */
const RESPONSE_BYTES_MAX = 768 * 1024 * 1024;

/** One HTTP exchange, on the lowest door that undici has: no streams or promises per chunk. */
export interface WireRequest {
  readonly dispatcher: Dispatcher;
  readonly origin: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface WireResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** The other side gave no whole answer: `timeout` is ours, anything else is how the connection ended. */
export class WireError extends Error {
  override readonly name = 'WireError';
  readonly timedOut: boolean;

  constructor(message: string, options: { readonly timedOut: boolean; readonly cause?: unknown }) {
    super(message, { cause: options.cause });
    this.timedOut = options.timedOut;
  }
}

/** Sends and reads the whole answer. Rejects with WireError. */
export function exchange(
  request: WireRequest,
  options: { readonly clock: Clock; readonly timeoutMs: number },
): Promise<WireResponse> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let byteCount = 0;
    let status = 0;
    let headers: IncomingHttpHeaders = {};
    const open = start(request, {
      onStatus(answeredStatus, answeredHeaders) {
        status = answeredStatus;
        headers = answeredHeaders;
      },
      onData(chunk) {
        chunks.push(chunk);
        byteCount += chunk.length;
        if (byteCount > RESPONSE_BYTES_MAX) open.abort(new WireError('the answer is too large', { timedOut: false }));
      },
      onEnd() {
        timer.cancel();
        resolve({ status, headers, body: chunks.length === 1 ? String(chunks[0]) : Buffer.concat(chunks).toString() });
      },
      onError(error) {
        timer.cancel();
        reject(error);
      },
    });
    const timer = options.clock.schedule(options.timeoutMs, () =>
      open.abort(new WireError(`no answer within ${options.timeoutMs / 1_000} s`, { timedOut: true })),
    );
  });
}

/** Hears one streamed answer; after `onEnd` or `onError` nothing follows. */
export interface WireSink {
  onStatus(status: number, headers: IncomingHttpHeaders): void;
  onData(chunk: Buffer): void;
  onEnd(): void;
  onError(error: WireError): void;
}

export interface OpenExchange {
  /** Ends it at once; the sink hears `error`, unless it has heard its end already. */
  abort(error: WireError): void;
}

/** Sends, and hands the answer over as it arrives. */
export function start(request: WireRequest, sink: WireSink): OpenExchange {
  let controller: Dispatcher.DispatchController | undefined;
  let ended = false;

  function fail(error: WireError): void {
    if (ended) return;
    ended = true;
    sink.onError(error);
    controller?.abort(error);
  }

  request.dispatcher.dispatch(
    {
      origin: request.origin,
      path: request.path,
      method: request.method,
      headers: request.headers,
      body: request.body,
    },
    {
      onRequestStart(started) {
        controller = started;
        if (ended) started.abort(new Error('given up before it was sent'));
      },
      onResponseStart(_controller, status, headers) {
        if (!ended && status >= 200) sink.onStatus(status, headers);
      },
      onResponseData(_controller, chunk) {
        if (!ended) sink.onData(chunk);
      },
      onResponseEnd() {
        if (ended) return;
        ended = true;
        sink.onEnd();
      },
      onResponseError(_controller, error) {
        fail(error instanceof WireError ? error : new WireError(describe(error), { timedOut: false, cause: error }));
      },
    },
  );
  return { abort: fail };
}

function describe(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return code !== undefined && !error.message.includes(code) ? `${error.message} (${code})` : error.message;
}

/** Calls `expired` when `touch` was not called for `idleMs`. One timer, re-armed when it fires: touching costs one clock read. */
export function watchIdle(clock: Clock, idleMs: number, expired: () => void): { touch(): void; stop(): void } {
  let touchedMs = clock.nowMs();
  let timer: ScheduledCall = clock.schedule(idleMs, check);
  function check(): void {
    const leftMs = touchedMs + idleMs - clock.nowMs();
    if (leftMs <= 0) expired();
    else timer = clock.schedule(leftMs, check);
  }
  return {
    touch() {
      touchedMs = clock.nowMs();
    },
    stop: () => timer.cancel(),
  };
}
