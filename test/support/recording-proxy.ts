import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { request, type Dispatcher } from 'undici';
import { decodeProtobuf } from '../../src/kube-memory/wire/protobuf.ts';

/** One request that went through, with the answer as it came. */
export interface RecordedCall {
  /** `GET /api/v1/...`. */
  readonly call: string;
  readonly type: string | undefined;
  readonly accept: string;
  readonly agent: string;
  /** JSON or YAML; what came in protobuf is shown as JSON. */
  readonly body: string;
  readonly status: number;
  readonly answerType: string;
  readonly warning: string | undefined;
  readonly isWatch: boolean;
  /** Of a watch: what was told until somebody ended it. */
  readonly text: () => string;
  /** Of a watch: whether the client has left. */
  readonly isOver: () => boolean;
}

export interface RecordingProxy {
  readonly url: string;
  /** Everything so far, in the order in which the server took it. */
  readonly calls: readonly RecordedCall[];
  close(): Promise<void>;
}

interface Upstream {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly dispatcher: Dispatcher;
}

/**
 * Stands on loopback before an API server and writes down all that passes. One request goes through at a time (watches aside), so
 * that the order in which they are written down is the order in which they had their effect.
 */
export async function startRecordingProxy(upstream: Upstream): Promise<RecordingProxy> {
  const calls: RecordedCall[] = [];
  const watches = new AbortController();
  let turn: Promise<unknown> = Promise.resolve();

  async function pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await bodyOf(incoming);
    if (isWatch(incoming)) {
      await passWatch(incoming, outgoing, body);
      return;
    }
    const mine = turn.then(() => passOne(incoming, outgoing, body));
    turn = mine.catch(() => undefined);
    await mine;
  }

  async function passOne(incoming: IncomingMessage, outgoing: ServerResponse, body: Buffer): Promise<void> {
    const response = await ask(upstream, incoming, body);
    const answer = Buffer.from(await response.body.arrayBuffer());
    calls.push({
      ...described(incoming, body, response),
      isWatch: false,
      text: () => answer.toString('utf8'),
      isOver: () => true,
    });
    outgoing.writeHead(response.statusCode, headersOf(response)).end(answer);
  }

  async function passWatch(incoming: IncomingMessage, outgoing: ServerResponse, body: Buffer): Promise<void> {
    const gone = new AbortController();
    outgoing.on('close', () => gone.abort());
    const response = await ask(upstream, incoming, body, AbortSignal.any([gone.signal, watches.signal]));
    let text = '';
    calls.push({
      ...described(incoming, body, response),
      isWatch: true,
      text: () => text,
      isOver: () => gone.signal.aborted,
    });
    outgoing.writeHead(response.statusCode, headersOf(response)).flushHeaders();
    response.body.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
    });
    await pipeline(response.body, outgoing);
  }

  const server = createServer((incoming, outgoing) => {
    pass(incoming, outgoing).catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    close: async () => {
      watches.abort();
      await closed(server);
    },
  };
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of incoming) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

function isWatch({ url = '' }: IncomingMessage): boolean {
  return /[?&]watch=(1|true)\b/.test(url);
}

function ask(
  upstream: Upstream,
  incoming: IncomingMessage,
  body: Buffer,
  signal?: AbortSignal,
): Promise<Dispatcher.ResponseData> {
  const { accept, 'content-type': type, 'user-agent': agent } = incoming.headers;
  return request(upstream.url + (incoming.url ?? '/'), {
    method: (incoming.method ?? 'GET') as Dispatcher.HttpMethod,
    dispatcher: upstream.dispatcher,
    bodyTimeout: 0,
    headers: {
      accept: (incoming.url ?? '').startsWith('/openapi') ? (accept ?? '*/*') : readable(accept),
      'user-agent': agent ?? '',
      ...(type === undefined ? {} : { 'content-type': type }),
      ...upstream.headers,
    },
    ...(body.length === 0 ? {} : { body }),
    ...(signal === undefined ? {} : { signal }),
  });
}

/** Nobody is answered in protobuf: what is written down is to be read. */
function readable(accept = ''): string {
  const kept = accept.split(',').filter((clause) => clause !== '' && !clause.includes('protobuf'));
  return kept.length === 0 ? 'application/json' : kept.join(',');
}

const PROTOBUF = 'application/vnd.kubernetes.protobuf';

function shown(body: Buffer, type: string | undefined): string {
  return type === PROTOBUF ? JSON.stringify(decodeProtobuf(body)) : body.toString('utf8');
}

function described(
  incoming: IncomingMessage,
  body: Buffer,
  response: Dispatcher.ResponseData,
): Omit<RecordedCall, 'isWatch' | 'text' | 'isOver'> {
  const { 'content-type': answerType, warning } = response.headers;
  return {
    call: `${incoming.method ?? 'GET'} ${incoming.url ?? '/'}`,
    type: incoming.headers['content-type'] === PROTOBUF ? 'application/json' : incoming.headers['content-type'],
    accept: readable(incoming.headers.accept),
    agent: incoming.headers['user-agent'] ?? '',
    body: shown(body, incoming.headers['content-type']),
    status: response.statusCode,
    answerType: String(answerType ?? ''),
    warning: warning === undefined ? undefined : [warning].flat().join(', '),
  };
}

function headersOf({ headers }: Dispatcher.ResponseData): Record<string, string | string[]> {
  const passed: Record<string, string | string[]> = {};
  for (const name of ['content-type', 'warning', 'retry-after', 'etag']) {
    const value = headers[name];
    if (value !== undefined) passed[name] = value;
  }
  return passed;
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
