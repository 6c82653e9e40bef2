import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { Agent, request, type Dispatcher } from 'undici';

/** An API server under test. */
export interface ContractTarget {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly dispatcher: Dispatcher;
  /** Owner references are followed: dependents go with their owner. */
  readonly collectsGarbage: boolean;
  /** Makes all older revisions unknown, where the server can be told so. */
  readonly compact?: () => void;
}

// JSON of a server that is under test: its shape is what the tests find out.
// oxlint-disable-next-line typescript/no-explicit-any
export type Json = any;

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Json;
}

export interface Ask {
  readonly body?: unknown;
  readonly type?: string;
  readonly accept?: string;
}

export const MERGE = 'application/merge-patch+json';
export const JSON_PATCH = 'application/json-patch+json';
export const STRATEGIC = 'application/strategic-merge-patch+json';
export const APPLY = 'application/apply-patch+yaml';

/** Plain HTTP to the server under test; every test works in one namespace of its own run. */
export class Client {
  readonly target: ContractTarget;
  readonly namespace: string;
  /** `/api/v1/namespaces/NS`. */
  readonly core: string;
  readonly apps: string;
  #sequence = 0;

  constructor(target: ContractTarget, run: string) {
    this.target = target;
    this.namespace = `contract-${run}`;
    this.core = `/api/v1/namespaces/${this.namespace}`;
    this.apps = `/apis/apps/v1/namespaces/${this.namespace}`;
  }

  /** A name that no other test of this run has. */
  name(prefix = 'x'): string {
    return `${prefix}-${++this.#sequence}`;
  }

  async call(method: Dispatcher.HttpMethod, path: string, ask: Ask = {}): Promise<Answer> {
    const text = ask.body === undefined || typeof ask.body === 'string' ? ask.body : JSON.stringify(ask.body);
    const response = await request(this.target.url + path, {
      method,
      dispatcher: this.target.dispatcher,
      headers: {
        accept: ask.accept ?? 'application/json',
        'user-agent': 'contract/1 (test)',
        ...(text === undefined ? {} : { 'content-type': ask.type ?? 'application/json' }),
        ...this.target.headers,
      },
      ...(text === undefined ? {} : { body: text }),
    });
    const raw = await response.body.text();
    return { status: response.statusCode, headers: response.headers, body: parsed(raw) };
  }

  get(path: string, ask?: Ask): Promise<Answer> {
    return this.call('GET', path, ask);
  }

  post(path: string, body: unknown, ask: Ask = {}): Promise<Answer> {
    return this.call('POST', path, { ...ask, body });
  }

  put(path: string, body: unknown, ask: Ask = {}): Promise<Answer> {
    return this.call('PUT', path, { ...ask, body });
  }

  patch(path: string, type: string, body: unknown): Promise<Answer> {
    return this.call('PATCH', path, { type, body });
  }

  delete(path: string, body?: unknown): Promise<Answer> {
    return this.call('DELETE', path, body === undefined ? {} : { body });
  }

  apply(path: string, manager: string, body: unknown, query = ''): Promise<Answer> {
    return this.patch(`${path}?fieldManager=${manager}${query}`, APPLY, body);
  }

  /** Creates an object that the test needs and answers it; the test fails when it cannot be made. */
  async make(path: string, body: Json): Promise<Json> {
    const answer = await this.post(path, body);
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    return answer.body;
  }

  /** Asks again until `done`; the server does this work on its own time. */
  async eventually(path: string, done: (answer: Answer) => boolean): Promise<Answer> {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const answer = await this.get(path);
      if (done(answer)) return answer;
      await new Promise((resolve) => setTimeout(resolve, TRY_PAUSE_MS));
    }
    throw new Error(`${path} did not become what was waited for: ${JSON.stringify((await this.get(path)).body)}`);
  }

  /** Opens a watch; the first `count` events settle `events`. */
  async watch(path: string): Promise<Watch> {
    const abort = new AbortController();
    const response = await request(this.target.url + path, {
      dispatcher: this.target.dispatcher,
      headers: { accept: 'application/json', ...this.target.headers },
      signal: abort.signal,
    });
    return new Watch(response, abort);
  }
}

const TRIES_MAX = 100;
const TRY_PAUSE_MS = 100;

export class Watch {
  readonly status: number;
  readonly #lines: AsyncIterator<Json>;
  readonly #abort: AbortController;

  constructor(response: Dispatcher.ResponseData, abort: AbortController) {
    this.status = response.statusCode;
    this.#abort = abort;
    this.#lines = linesOf(response.body)[Symbol.asyncIterator]();
  }

  /** The next `count` events. */
  async take(count: number): Promise<readonly Json[]> {
    const events: Json[] = [];
    while (events.length < count) {
      const next = await this.#lines.next();
      if (next.done === true) throw new Error(`the watch ended after ${events.length} of ${count} events`);
      events.push(next.value);
    }
    return events;
  }

  /** Everything until the server ends the stream. */
  async rest(): Promise<readonly Json[]> {
    const events: Json[] = [];
    for (;;) {
      const next = await this.#lines.next();
      if (next.done === true) return events;
      events.push(next.value);
    }
  }

  async close(): Promise<void> {
    const left = this.#lines.next().catch(() => undefined);
    this.#abort.abort();
    await left;
  }
}

async function* linesOf(body: AsyncIterable<Buffer>): AsyncGenerator<Json> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line);
  }
  if (rest.trim() !== '') yield JSON.parse(rest);
}

function parsed(raw: string): Json {
  try {
    return raw === '' ? undefined : JSON.parse(raw);
  } catch {
    return raw;
  }
}

/** The server that a kubeconfig's current context names: tokens, client certificates and authorities inline or as files. */
export function targetOfKubeconfig(path: string): Pick<ContractTarget, 'url' | 'headers' | 'dispatcher'> {
  const config: Json = load(readFileSync(path, 'utf8'));
  const context = named(config.contexts, config['current-context']).context;
  const { cluster } = named(config.clusters, context.cluster);
  const { user } = named(config.users, context.user);
  const connect = {
    rejectUnauthorized: cluster['insecure-skip-tls-verify'] !== true,
    ca: fileOrData(cluster, 'certificate-authority'),
    cert: fileOrData(user, 'client-certificate'),
    key: fileOrData(user, 'client-key'),
  };
  return {
    url: cluster.server.replace(/\/$/, ''),
    headers: user.token === undefined ? {} : { authorization: `Bearer ${user.token}` },
    dispatcher: new Agent({ connect }),
  };
}

function named(list: Json, name: string): Json {
  return list.find((entry: Json) => entry.name === name);
}

function fileOrData(fields: Json, name: string): Buffer | undefined {
  const data: unknown = fields[`${name}-data`];
  if (typeof data === 'string') return Buffer.from(data, 'base64');
  const file: unknown = fields[name];
  return typeof file === 'string' ? readFileSync(file) : undefined;
}
