import { Dispatcher } from 'undici';
import type { Connection } from '../../src/adapters/kube/connection.ts';
import type { Clock } from '../../src/lib/clock.ts';
import type { ApiResponse, BodyStream } from '../../src/kube-memory/request.ts';
import type { KubeMemory } from '../../src/kube-memory/server.ts';
import type { ProcessClock } from './process-clock.ts';

/** What becomes of one request. */
export type CallFate =
  | { readonly type: 'pass' }
  | { readonly type: 'answer'; readonly code: number }
  | { readonly type: 'reset' }
  | { readonly type: 'lose-answer' }
  | { readonly type: 'hang' }
  | { readonly type: 'crash'; readonly when: 'before' | 'after' };

/** What becomes of a watch from one event on. */
export type EventFate =
  | { readonly type: 'pass' }
  /** This and later events come so much later, one by one or joined to the last one of each object. */
  | { readonly type: 'hold'; readonly ms: number; readonly join: boolean }
  /** The connection breaks before the event. */
  | { readonly type: 'drop' }
  /** The event is lost, and the server forgets how far the watch had come. */
  | { readonly type: 'expire' };

/** One request as the simulation speaks of it. */
export interface ApiCall {
  readonly verb: string;
  readonly resource: string;
  readonly name: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly isWrite: boolean;
  readonly isWatch: boolean;
  readonly fieldManager: string;
  readonly what: string;
}

export interface NetworkOptions {
  readonly server: KubeMemory;
  readonly clock: Clock;
  readonly process: ProcessClock;
  readonly userAgent: string;
  /** One way through the network, in milliseconds. */
  readonly delayMs: () => number;
  /** Asked as a request is sent. */
  readonly fateOf: (call: ApiCall) => CallFate;
  /** Told right before and after a write takes effect. */
  readonly around: (call: ApiCall) => (code: number) => void;
  /** Asked for each event of a watch but bookmarks and errors. */
  readonly fateOfEvent: (what: string) => EventFate;
  readonly crash: () => void;
}

/** The connection of a simulated process: our own HTTP client speaks to the embedded API without sockets, on virtual time. */
export function inProcessConnection(options: NetworkOptions): Connection {
  const dispatcher = new InProcessDispatcher(options);
  return {
    origin: 'http://simulation',
    basePath: '',
    contextName: 'simulation',
    namespace: 'default',
    prepare: () => Promise.resolve({ dispatcher, headers: { 'user-agent': options.userAgent } }),
    expireCredentials: () => undefined,
    close: () => Promise.resolve(),
  };
}

type Handler = Dispatcher.DispatchHandler;
type Controller = Dispatcher.DispatchController;

class InProcessDispatcher extends Dispatcher {
  readonly #options: NetworkOptions;

  constructor(options: NetworkOptions) {
    super();
    this.#options = options;
  }

  override dispatch(request: Dispatcher.DispatchOptions, handler: Handler): boolean {
    new Exchange(this.#options, request, handler).send();
    return true;
  }
}

/** One request on its way. */
class Exchange {
  readonly #options: NetworkOptions;
  readonly #request: Dispatcher.DispatchOptions;
  readonly #handler: Handler;
  readonly #controller: Controller;
  readonly #call: ApiCall;
  #ended = false;
  #stream: BodyStream | undefined;
  /** Lines of a watch that is held back. */
  #held: string[] | undefined;
  /** What is sent later never arrives earlier. */
  #lastArrivalMs = 0;

  constructor(options: NetworkOptions, request: Dispatcher.DispatchOptions, handler: Handler) {
    this.#options = options;
    this.#request = request;
    this.#handler = handler;
    this.#call = callOf(request);
    this.#controller = {
      aborted: false,
      paused: false,
      reason: null,
      abort: (reason: Error) => this.#fail(reason),
      pause: () => undefined,
      resume: () => undefined,
    } as unknown as Controller;
  }

  send(): void {
    const { clock, process, delayMs, fateOf } = this.#options;
    if (!process.alive) return;
    this.#handler.onRequestStart?.(this.#controller, {});
    if (this.#ended) return;
    const fate = fateOf(this.#call);
    if (!process.alive && fate.type !== 'crash') return;
    clock.schedule(delayMs(), () => void this.#arrive(fate));
  }

  async #arrive(fate: CallFate): Promise<void> {
    const { crash } = this.#options;
    switch (fate.type) {
      case 'answer':
        return this.#respond({ status: fate.code, headers: headersFor(fate.code), body: statusBody(fate.code) });
      case 'reset':
        return this.#toProcess(() => this.#fail(new Error('the connection was reset')));
      case 'crash':
        if (fate.when === 'after') await this.#handle();
        return crash();
      case 'lose-answer':
        await this.#handle();
        return this.#toProcess(() => this.#fail(new Error('the connection was reset')));
      case 'hang':
        await this.#handle();
        return;
      case 'pass':
        return this.#respond(await this.#handle());
    }
  }

  async #handle(): Promise<ApiResponse> {
    const { server, userAgent, around } = this.#options;
    const { method, path, headers, body } = this.#request;
    const after = this.#call.isWrite ? around(this.#call) : undefined;
    const given = (headers ?? {}) as Readonly<Record<string, string>>;
    const response = await server.handle({
      method: String(method),
      url: path,
      headers: { ...given, 'user-agent': userAgent },
      ...(typeof body === 'string' ? { body } : {}),
    });
    after?.(response.status);
    return response;
  }

  #respond(response: ApiResponse): void {
    const { body, headers, status } = response;
    if (typeof body !== 'string' && (this.#ended || !this.#options.process.alive)) return;
    this.#toProcess(() => {
      this.#handler.onResponseStart?.(this.#controller, status, headers as Record<string, string>, '');
      if (typeof body !== 'string') return;
      this.#handler.onResponseData?.(this.#controller, Buffer.from(body));
      this.#end();
    });
    if (typeof body !== 'string') this.#follow(body);
  }

  #follow(stream: BodyStream): void {
    this.#stream = stream;
    stream.start({
      write: (line) => {
        if (this.#ended || !this.#options.process.alive) stream.cancel();
        else this.#heard(line);
      },
      end: () => this.#toProcess(() => this.#end()),
      reset: () => this.#toProcess(() => this.#fail(new Error('the connection was reset'))),
    });
  }

  #heard(line: string): void {
    const about = subjectOf(line);
    if (about === undefined || this.#held !== undefined) return this.#tell(line);
    const fate = this.#options.fateOfEvent(`${about.type} ${this.#call.resource}/${about.name}`);
    switch (fate.type) {
      case 'pass':
        return this.#tell(line);
      case 'hold':
        this.#held = [];
        this.#options.clock.schedule(fate.ms, () => this.#release(fate.join));
        return this.#tell(line);
      case 'drop':
        this.#stream?.cancel();
        return this.#toProcess(() => this.#fail(new Error('the connection was reset')));
      case 'expire':
        this.#stream?.cancel();
        this.#tell(`{"type":"ERROR","object":${statusBody(410)}}\n`);
        return this.#toProcess(() => this.#end());
    }
  }

  #tell(line: string): void {
    if (this.#held !== undefined) this.#held.push(line);
    else this.#toProcess(() => this.#handler.onResponseData?.(this.#controller, Buffer.from(line)));
  }

  #release(join: boolean): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const line of join ? joined(held) : held) this.#tell(line);
  }

  /** Hands something over to the process after the way through the network, in order. */
  #toProcess(work: () => void): void {
    const { clock, process, delayMs } = this.#options;
    const atMs = Math.max(this.#lastArrivalMs, clock.nowMs() + delayMs());
    this.#lastArrivalMs = atMs;
    clock.schedule(atMs - clock.nowMs(), () =>
      process.run(() => {
        if (!this.#ended) work();
      }),
    );
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#handler.onResponseEnd?.(this.#controller, {});
  }

  #fail(error: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#stream?.cancel();
    this.#handler.onResponseError?.(this.#controller, error);
  }
}

/** The kind of change and the object's name; undefined for bookmarks and errors. */
function subjectOf(line: string): { readonly type: string; readonly name: string } | undefined {
  const type = /^\{"type":"(ADDED|MODIFIED|DELETED)"/.exec(line)?.[1];
  if (type === undefined) return undefined;
  return { type, name: (JSON.parse(line) as { object: { metadata: { name: string } } }).object.metadata.name };
}

/** The last line about each object, in the order of those; bookmarks stay where they are. */
function joined(lines: readonly string[]): readonly string[] {
  const last = new Map(lines.map((line, index) => [subjectOf(line)?.name ?? `#${index}`, index]));
  return lines.filter((line, index) => last.get(subjectOf(line)?.name ?? `#${index}`) === index);
}

const VERBS: Readonly<Record<string, string>> = { POST: 'create', PATCH: 'patch', PUT: 'update', DELETE: 'delete' };

function callOf(request: Dispatcher.DispatchOptions): ApiCall {
  const url = new URL(request.path, 'http://simulation');
  const parts = url.pathname.split('/').filter((part) => part !== '');
  const rest = parts[0] === 'api' ? parts.slice(2) : parts.slice(3);
  const namespaced = rest[0] === 'namespaces' && rest.length > 2;
  const [resource = '', name = '', subresource = ''] = namespaced ? rest.slice(2) : rest;
  const isWatch = url.searchParams.has('watch');
  const method = String(request.method);
  const isWrite = method !== 'GET';
  const verb = isWatch ? 'watch' : (VERBS[method] ?? (name === '' ? 'list' : 'get'));
  return {
    verb,
    resource,
    name,
    subresource,
    namespace: namespaced ? (rest[1] ?? '') : '',
    isWrite,
    isWatch,
    fieldManager: url.searchParams.get('fieldManager') ?? '',
    what: [`${verb} ${resource}`, name, subresource].filter((part) => part !== '').join('/'),
  };
}

const REASONS: Readonly<Record<number, string>> = {
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

function headersFor(code: number): Readonly<Record<string, string>> {
  const retry: Readonly<Record<string, string>> = code === 429 ? { 'retry-after': '1' } : {};
  return { 'content-type': 'application/json', ...retry };
}

function statusBody(code: number): string {
  const message = `simulated ${code}`;
  return JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', message, reason: REASONS[code], code });
}
