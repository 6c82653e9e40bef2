import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { KubeObject } from '../../src/api/kube-object.ts';
import { applyMergePatch } from '../../src/lib/merge-patch.ts';

/**
 * A very small API server that misbehaves on demand: collections by address, versions, pages, watches with history, merge
 * patches guarded by resourceVersion. For tests of what our client does when the other side fails; it validates nothing.
 */
export interface ChaosApi {
  readonly url: string;
  /** Every request so far: `GET /api/v1/configmaps?limit=500`. */
  readonly requests: readonly string[];
  /** Bodies of the writes so far, in order. */
  readonly bodies: readonly unknown[];
  /** Answers instead of the server when it returns true. */
  intercept: (request: IncomingMessage, response: ServerResponse) => boolean;
  put(
    collection: string,
    object: {
      readonly metadata: { readonly name: string; readonly namespace?: string };
      readonly [field: string]: unknown;
    },
  ): KubeObject;
  remove(collection: string, key: string): void;
  objects(collection: string): readonly KubeObject[];
  readonly version: number;
  /** Forgets history: a watch from before now is answered with 410. */
  compact(): void;
  bookmark(): void;
  /** Watches that are open now. */
  readonly watches: readonly ChaosWatch[];
  close(): Promise<void>;
}

export interface ChaosWatch {
  readonly collection: string;
  readonly response: ServerResponse;
  /** Set to hold events back. */
  paused: boolean;
  sent: number;
}

interface Change {
  readonly collection: string;
  readonly version: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubeObject;
}

export async function startChaosApi(): Promise<ChaosApi> {
  const collections = new Map<string, Map<string, KubeObject>>();
  const history: Change[] = [];
  const requests: string[] = [];
  const bodies: unknown[] = [];
  const watches: ChaosWatch[] = [];
  let version = 100;
  let compactedAt = 100;
  let uid = 0;

  function collectionOf(name: string): Map<string, KubeObject> {
    let found = collections.get(name);
    if (found === undefined) collections.set(name, (found = new Map()));
    return found;
  }

  function record(change: Change): void {
    history.push(change);
    for (const watch of watches) pump(watch);
  }

  function pump(watch: ChaosWatch): void {
    while (!watch.paused && watch.sent < history.length) {
      const change = history[watch.sent++];
      if (change?.collection === watch.collection)
        watch.response.write(`${JSON.stringify({ type: change.type, object: change.object })}\n`);
    }
  }

  const put: ChaosApi['put'] = (collection, object) => {
    const objects = collectionOf(collection);
    const key = `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
    const old = objects.get(key);
    version += 1;
    const stored = {
      ...object,
      metadata: { ...object.metadata, uid: old?.metadata.uid ?? `uid-${++uid}`, resourceVersion: String(version) },
    } as unknown as KubeObject;
    objects.set(key, stored);
    record({ collection, version, type: old === undefined ? 'ADDED' : 'MODIFIED', object: stored });
    return stored;
  };

  function remove(collection: string, key: string): void {
    const old = collectionOf(collection).get(key);
    if (old === undefined) return;
    version += 1;
    collectionOf(collection).delete(key);
    record({
      collection,
      version,
      type: 'DELETED',
      object: { ...old, metadata: { ...old.metadata, resourceVersion: String(version) } },
    });
  }

  function serveList(query: URLSearchParams, collection: string, response: ServerResponse): void {
    const name = query.get('fieldSelector')?.replace('metadata.name=', '');
    const all = [...collectionOf(collection).values()].filter(
      (object) => name === undefined || object.metadata.name === name,
    );
    const [at, offset] = (query.get('continue') ?? `${version}:0`).split(':').map(Number);
    if ((at ?? 0) < compactedAt) return refuse(response, 410, 'Expired', 'the continue token is too old');
    const limit = Number(query.get('limit') ?? all.length);
    const end = (offset ?? 0) + limit;
    const next = end < all.length ? `${at}:${end}` : undefined;
    answer(response, 200, {
      kind: 'List',
      metadata: { resourceVersion: String(at), continue: next },
      items: all.slice(offset, end),
    });
  }

  function serveWatch(query: URLSearchParams, collection: string, response: ServerResponse): void {
    const from = Number(query.get('resourceVersion'));
    if (from < compactedAt) return refuse(response, 410, 'Expired', 'too old resource version');
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    const watch: ChaosWatch = {
      collection,
      response,
      paused: false,
      sent: history.findIndex((change) => change.version > from),
    };
    if (watch.sent === -1) watch.sent = history.length;
    watches.push(watch);
    response.on('close', () => watches.splice(watches.indexOf(watch), 1));
    pump(watch);
  }

  async function serveWrite(request: IncomingMessage, response: ServerResponse, address: Address): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    bodies.push(body);
    const key = `${address.namespace}/${address.name ?? ''}`;
    const old = collectionOf(address.collection).get(key);
    if (request.method === 'POST') {
      const created = body as KubeObject;
      if (collectionOf(address.collection).has(`${address.namespace}/${created.metadata.name}`))
        return refuse(response, 409, 'AlreadyExists', 'already exists');
      return answer(
        response,
        201,
        put(address.collection, { ...created, metadata: { ...created.metadata, namespace: address.namespace } }),
      );
    }
    if (request.method === 'DELETE') {
      if (old === undefined) return refuse(response, 404, 'NotFound', 'not found');
      remove(address.collection, key);
      return answer(response, 200, { kind: 'Status', status: 'Success' });
    }
    const apply = request.headers['content-type']?.includes('apply-patch') === true;
    if (old === undefined && !apply) return refuse(response, 404, 'NotFound', 'not found');
    const wanted = (body as Partial<KubeObject>).metadata?.resourceVersion;
    if (wanted !== undefined && wanted !== old?.metadata.resourceVersion)
      return refuse(response, 409, 'Conflict', 'the object has been modified');
    answer(response, 200, put(address.collection, applyMergePatch(old ?? {}, body) as KubeObject));
  }

  const api: ChaosApi = {
    url: '',
    requests,
    bodies,
    intercept: () => false,
    put,
    remove,
    objects: (collection) => [...collectionOf(collection).values()],
    get version() {
      return version;
    },
    compact() {
      compactedAt = version;
    },
    bookmark() {
      // A bookmark promises that everything before it was sent.
      for (const watch of watches.filter(({ sent }) => sent === history.length))
        watch.response.write(
          `${JSON.stringify({ type: 'BOOKMARK', object: { metadata: { resourceVersion: String(version) } } })}\n`,
        );
    },
    watches,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    if (api.intercept(request, response)) return;
    const url = new URL(request.url ?? '/', 'http://localhost');
    const address = parseAddress(url.pathname);
    if (request.method !== 'GET') void serveWrite(request, response, address);
    else if (url.searchParams.get('watch') !== null) serveWatch(url.searchParams, address.collection, response);
    else if (address.name === undefined) serveList(url.searchParams, address.collection, response);
    else {
      const object = collectionOf(address.collection).get(`${address.namespace}/${address.name}`);
      if (object === undefined) refuse(response, 404, 'NotFound', `${address.collection} "${address.name}" not found`);
      else answer(response, 200, object);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.defineProperty(api, 'url', { value: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

interface Address {
  readonly collection: string;
  readonly namespace: string;
  readonly name: string | undefined;
}

function parseAddress(path: string): Address {
  const match = /^\/(?:api\/v1|apis\/[^/]+\/[^/]+)(?:\/namespaces\/([^/]+))?\/([^/]+)(?:\/([^/]+))?/.exec(path);
  return { namespace: match?.[1] ?? '', collection: match?.[2] ?? '', name: match?.[3] };
}

export function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

export function refuse(
  response: ServerResponse,
  code: number,
  reason: string,
  message: string,
  headers: Record<string, string> = {},
): void {
  response
    .writeHead(code, { 'content-type': 'application/json', ...headers })
    .end(JSON.stringify({ kind: 'Status', status: 'Failure', code, reason, message }));
}
