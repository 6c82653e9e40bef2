import assert from 'node:assert/strict';
import type { KubeObject } from '../../src/api/kube-object.ts';
import { VirtualClock } from '../../src/lib/virtual-clock.ts';
import type { BodyStream } from '../../src/kube-memory/request.ts';
import { createKubeMemory, type KubeMemory, type KubeMemoryOptions } from '../../src/kube-memory/server.ts';

/** The embedded API on a virtual clock, spoken to in process. */
export interface InProcessApi {
  readonly clock: VirtualClock;
  readonly server: KubeMemory;
  request(method: string, url: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  get(url: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  create(url: string, object: unknown): Promise<Answer>;
  update(url: string, object: unknown): Promise<Answer>;
  patch(url: string, type: 'json' | 'merge' | 'strategic', patch: unknown): Promise<Answer>;
  apply(url: string, manager: string, object: unknown): Promise<Answer>;
  remove(url: string, options?: unknown): Promise<Answer>;
  watch(url: string): Promise<WatchRecord>;
}

export interface Answer {
  readonly code: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** The parsed body. */
  readonly body: AnswerBody;
}

export interface AnswerBody extends KubeObject {
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly items: readonly KubeObject[];
  readonly metadata: KubeObject['metadata'] & { readonly continue?: string; readonly remainingItemCount?: number };
  readonly spec: Readonly<Record<string, unknown>>;
}

/** What a watch has sent so far. */
export interface WatchRecord {
  readonly events: { readonly type: string; readonly object: AnswerBody }[];
  readonly stream: BodyStream;
  /** How the stream ended, if it did. */
  ended(): 'end' | 'reset' | undefined;
}

const PATCH_TYPES = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
};

export function openInProcessApi(options: Partial<KubeMemoryOptions> = {}): InProcessApi {
  const clock = new VirtualClock();
  const server = createKubeMemory({ clock, ...options });
  const request: InProcessApi['request'] = async (method, url, body, headers = {}) => {
    const response = await server.handle({
      method,
      url,
      headers: { 'content-type': 'application/json', 'user-agent': 'test/1', ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    assert.ok(typeof response.body === 'string', 'the answer is no stream');
    return { code: response.status, headers: response.headers, body: parsed(response.body) };
  };
  return {
    clock,
    server,
    request,
    get: (url, headers) => request('GET', url, undefined, headers),
    create: (url, object) => request('POST', url, object),
    update: (url, object) => request('PUT', url, object),
    patch: (url, type, patch) => request('PATCH', url, patch, { 'content-type': PATCH_TYPES[type] }),
    apply: (url, manager, object) => {
      const separator = url.includes('?') ? '&' : '?';
      return request('PATCH', `${url}${separator}fieldManager=${manager}`, object, {
        'content-type': 'application/apply-patch+yaml',
      });
    },
    remove: (url, how) => request('DELETE', url, how),
    watch: (url) => watch(server, url),
  };
}

function parsed(body: string): AnswerBody {
  return (body.startsWith('{') ? JSON.parse(body) : { kind: 'Text', message: body }) as AnswerBody;
}

async function watch(server: KubeMemory, url: string): Promise<WatchRecord> {
  const response = await server.handle({ method: 'GET', url, headers: {} });
  assert.ok(typeof response.body !== 'string', `a watch is a stream, got ${JSON.stringify(response.body)}`);
  const events: WatchRecord['events'] = [];
  let ending: 'end' | 'reset' | undefined;
  response.body.start({
    write: (chunk) => {
      for (const line of chunk.split('\n'))
        if (line !== '') events.push(JSON.parse(line) as WatchRecord['events'][number]);
    },
    end: () => {
      ending = 'end';
    },
    reset: () => {
      ending = 'reset';
    },
  });
  return { events, stream: response.body, ended: () => ending };
}
