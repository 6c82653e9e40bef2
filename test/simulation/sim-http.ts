import { HttpRequestFailure } from '../../src/adapters/http/http-failure.ts';
import type { HttpClient, HttpRequest, HttpResponse } from '../../src/ports/http.ts';
import type { HttpTrouble } from './plan.ts';
import type { ProcessClock } from './process-clock.ts';

export type HttpFate =
  | { readonly type: 'pass' }
  | { readonly type: 'http'; readonly how: HttpTrouble }
  | { readonly type: 'crash'; readonly when: 'before' | 'after' };

/** A service outside the cluster. */
export interface SimService {
  answer(request: HttpRequest): HttpResponse;
  /** What it answers when it is in this kind of trouble; undefined where the trouble means nothing to it. */
  troubled(how: HttpTrouble): HttpResponse | undefined;
}

export interface SimHttpOptions {
  readonly services: Readonly<Record<string, SimService>>;
  readonly process: ProcessClock;
  readonly delayMs: () => number;
  readonly fateOf: (what: string, isWrite: boolean) => HttpFate;
  readonly crash: () => void;
}

/** HTTP to the outside as one simulated process sees it; services are found by host. */
export function createSimHttp(options: SimHttpOptions): HttpClient {
  return {
    send: (request, { signal } = {}) =>
      new Promise((resolve, reject) => new Sending(options, request, { resolve, reject }).start(signal)),
    close: () => undefined,
  };
}

const TIMEOUT_MS_DEFAULT = 30_000;

interface Settling {
  readonly resolve: (answer: HttpResponse) => void;
  readonly reject: (error: Error) => void;
}

class Sending {
  readonly #options: SimHttpOptions;
  readonly #request: HttpRequest;
  readonly #settle: Settling;

  constructor(options: SimHttpOptions, request: HttpRequest, settle: Settling) {
    this.#options = options;
    this.#request = request;
    this.#settle = settle;
  }

  start(signal: AbortSignal | undefined): void {
    const { process, delayMs, fateOf } = this.#options;
    const url = new URL(this.#request.url);
    const fate = fateOf(`${url.host}${url.pathname}`, url.pathname.endsWith('postMessage'));
    signal?.addEventListener('abort', () => this.#fail('cancelled'), { once: true });
    process.schedule(this.#request.timeoutMs ?? TIMEOUT_MS_DEFAULT, () => this.#fail('timeout'));
    process.schedule(delayMs(), () => this.#arrive(fate));
  }

  #arrive(fate: HttpFate): void {
    switch (fate.type) {
      case 'pass':
        return this.#settle.resolve(this.#ask());
      case 'crash':
        if (fate.when === 'after') this.#ask();
        return this.#options.crash();
      case 'http':
        return this.#arriveTroubled(fate.how);
    }
  }

  #arriveTroubled(how: HttpTrouble): void {
    if (how === 'reset') return this.#fail('reset');
    if (how === 'lose-answer' || how === 'hang') this.#ask();
    if (how === 'lose-answer') return this.#fail('reset');
    if (how === 'hang') return;
    this.#settle.resolve(this.#service()?.troubled(how) ?? this.#ask());
  }

  #ask(): HttpResponse {
    return this.#service()?.answer(this.#request) ?? { status: 404, headers: {}, body: 'no such service' };
  }

  #service(): SimService | undefined {
    return this.#options.services[new URL(this.#request.url).host];
  }

  #fail(reason: 'timeout' | 'reset' | 'cancelled'): void {
    const { host } = new URL(this.#request.url);
    this.#settle.reject(new HttpRequestFailure(reason, host, `${host}: simulated ${reason}`));
  }
}

/** Slack's Web API as far as a notifier calls it. */
export class SimSlack implements SimService {
  readonly messages: { readonly ts: number; readonly key: string; readonly text: string }[] = [];
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  answer(request: HttpRequest): HttpResponse {
    const url = new URL(request.url);
    if (url.pathname.endsWith('/chat.postMessage')) return this.#post(request.body ?? '{}');
    const oldest = Number(url.searchParams.get('oldest') ?? 0);
    const messages = this.messages
      .filter(({ ts }) => ts > oldest)
      .map(({ ts, key, text }) => ({ type: 'message', ts: String(ts), text, metadata: { event_payload: { key } } }));
    return json(200, { ok: true, messages, has_more: false });
  }

  troubled(how: HttpTrouble): HttpResponse | undefined {
    if (how === 'error') return json(500, 'oops');
    if (how === 'rate-limited') return { status: 429, headers: { 'retry-after': '5' }, body: '' };
    return undefined;
  }

  #post(body: string): HttpResponse {
    const { text, metadata } = JSON.parse(body) as {
      readonly text: string;
      readonly metadata: { readonly event_payload: { readonly key: string } };
    };
    this.messages.push({ ts: this.#nowMs() / 1_000, key: metadata.event_payload.key, text });
    return json(200, { ok: true });
  }
}

/** Prometheus' query API over what the data plane really did. */
export class SimPrometheus implements SimService {
  readonly #errorShareOf: (hash: string) => number | undefined;

  /** `errorShareOf` a version's requests; undefined while it gets none. */
  constructor(errorShareOf: (hash: string) => number | undefined) {
    this.#errorShareOf = errorShareOf;
  }

  answer(request: HttpRequest): HttpResponse {
    const query = new URLSearchParams(request.body).get('query') ?? '';
    const share = this.#errorShareOf(/hash="([^"]*)"/.exec(query)?.[1] ?? '');
    return vector(share === undefined ? [] : [String(share)]);
  }

  troubled(how: HttpTrouble): HttpResponse | undefined {
    switch (how) {
      case 'no-data':
        return vector([]);
      case 'nan':
        return vector(['NaN']);
      case 'infinite':
        return vector(['+Inf']);
      case 'error':
      case 'rate-limited':
        return json(503, { status: 'error', errorType: 'unavailable', error: 'simulated' });
      case 'reset':
      case 'lose-answer':
      case 'hang':
        return undefined;
    }
  }
}

function vector(values: readonly string[]): HttpResponse {
  const result = values.map((value) => ({ metric: {}, value: [0, value] }));
  return json(200, { status: 'success', data: { resultType: 'vector', result } });
}

function json(status: number, body: unknown): HttpResponse {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
