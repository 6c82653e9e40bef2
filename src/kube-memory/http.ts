import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { ApiServer } from './api-server.ts';
import type { ApiRequest, ApiResponse, BodyStream } from './request.ts';

/** A request body larger than this is refused, as an API server refuses it. */
const BODY_BYTES_MAX = 3 * 1_024 * 1_024;
/** A watcher that reads so slowly that more than this waits for it is cut off; it will reconnect. */
const UNREAD_BYTES_MAX = 64 * 1_024 * 1_024;

export interface HttpFront {
  readonly url: string;
  close(): Promise<void>;
}

/** Puts the server on a loopback port (0: any free one). */
export async function listen(api: ApiServer, port: number): Promise<HttpFront> {
  const sockets = new Set<Socket>();
  const server = createServer({ keepAliveTimeout: 120_000 }, (incoming, outgoing) => {
    void serve(api, incoming, outgoing);
  });
  server.on('connection', (socket) => {
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return { url: `http://127.0.0.1:${portOf(server)}`, close: () => closeServer(server, sockets) };
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function closeServer(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const socket of sockets) socket.destroy();
  await closed;
}

async function serve(api: ApiServer, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  try {
    const body = await readBody(incoming);
    if (body === undefined) {
      outgoing.writeHead(413, { 'content-type': 'text/plain' }).end('Request entity too large: limit is 3145728');
      return;
    }
    send(await api.handle(requestOf(incoming, body)), incoming, outgoing);
  } catch {
    // The connection is lost: by a fault on purpose, or because the client went away.
    incoming.socket.destroy();
  }
}

async function readBody(incoming: IncomingMessage): Promise<string | Uint8Array | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming) {
    const buffer = chunk as Buffer;
    bytes += buffer.length;
    if (bytes > BODY_BYTES_MAX) return undefined;
    chunks.push(buffer);
  }
  if (chunks.length === 0) return '';
  const body = Buffer.concat(chunks);
  return (incoming.headers['content-type'] ?? '').includes('protobuf') ? body : body.toString('utf8');
}

function requestOf(incoming: IncomingMessage, body: string | Uint8Array): ApiRequest {
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(incoming.headers))
    headers[name] = Array.isArray(value) ? value.join(', ') : value;
  return { method: incoming.method ?? 'GET', url: incoming.url ?? '/', headers, body };
}

function send(response: ApiResponse, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(response.headers))
    headers[name] = typeof value === 'string' ? value : [...value];
  if (typeof response.body === 'string') {
    outgoing.writeHead(response.status, { ...headers, 'content-length': Buffer.byteLength(response.body) });
    outgoing.end(incoming.method === 'HEAD' ? undefined : response.body);
    return;
  }
  outgoing.writeHead(response.status, headers);
  outgoing.flushHeaders();
  stream(response.body, outgoing);
}

function stream(body: BodyStream, outgoing: ServerResponse): void {
  outgoing.on('close', () => body.cancel());
  let waiting = '';
  let scheduled = false;
  // Events of one turn leave in one chunk.
  const flush = (): void => {
    scheduled = false;
    const chunk = waiting;
    waiting = '';
    if (chunk !== '' && !outgoing.writableEnded && !outgoing.destroyed) outgoing.write(chunk);
    if (outgoing.writableLength > UNREAD_BYTES_MAX) outgoing.destroy();
  };
  body.start({
    write: (chunk) => {
      waiting += chunk;
      if (scheduled) return;
      scheduled = true;
      setImmediate(flush);
    },
    end: () => {
      flush();
      outgoing.end();
    },
    reset: () => outgoing.destroy(),
  });
}
