import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

import { gitSourceDefaults } from '../../api/defaults.ts';
import type { GitSource } from '../../api/git-source.ts';
import { KINDS } from '../../api/kinds.ts';
import { isPlainObject } from '../../lib/merge-patch.ts';
import type { Clock } from '../../ports/clock.ts';
import type { KubeReader, ObjectCache } from '../../ports/kube.ts';
import type { Log } from '../../ports/telemetry.ts';
import { secretText } from './credentials.ts';
import { isSignedBy } from './webhook-signature.ts';

export interface WebhookInput {
  readonly sources: ObjectCache<GitSource>;
  readonly reader: KubeReader;
  readonly clock: Clock;
  readonly log: Log;
  /** Wakes one GitSource, `namespace/name`, in this process or in the one that is at work on it. */
  readonly pullNow: (key: string) => void | Promise<void>;
}

/** Push notices of large pushes are some 100 kB; forges allow 25 MB, of which nothing but `ref` is read. */
const BODY_BYTES_MAX = 5 * 1024 * 1024;
const BODY_TIMEOUT_MS = 10_000;
/** A Secret is read once for this long, so that strangers cannot make the API server work. */
const SECRET_CACHE_MS = 60_000;
const SECRETS_CACHED_MAX = 1_000;
/** The key of the Secret that `spec.webhook.secretRef` names. */
const SECRET_KEY = 'token';

/**
 * Answers `POST /webhooks/<namespace>/<name>` with 202 and wakes that GitSource, if the notice is signed with its secret. Who
 * cannot sign learns nothing: an unknown GitSource and a wrong signature give the same 401. Notices of other branches wake nobody.
 */
export function createWebhookHandler(input: WebhookInput): RequestListener {
  const secrets = new Map<string, { readonly value: string | undefined; readonly readAtMs: number }>();

  async function secretOf(source: GitSource): Promise<string | undefined> {
    const name = source.spec.webhook?.secretRef.name;
    if (name === undefined) return undefined;
    const key = `${source.metadata.namespace}/${name}`;
    const known = secrets.get(key);
    if (known !== undefined && input.clock.nowMs() - known.readAtMs < SECRET_CACHE_MS) return known.value;
    const secret = await input.reader.get({ kind: KINDS.secret, namespace: source.metadata.namespace ?? '', name });
    const value = secret === undefined ? undefined : secretText(secret, SECRET_KEY)?.trim();
    if (secrets.size >= SECRETS_CACHED_MAX) secrets.clear();
    secrets.set(key, { value, readAtMs: input.clock.nowMs() });
    return value;
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const match = /^\/webhooks\/([a-z0-9-]+)\/([a-z0-9.-]+)$/.exec((request.url ?? '').split('?')[0] ?? '');
    if (match === null) return answer(response, 404, 'POST /webhooks/<namespace>/<name>');
    if (request.method !== 'POST') return answer(response, 405, 'POST only');
    const body = await readBody(request, input.clock);
    if (body === undefined) return answer(response, 413, 'too large or too slow');
    const [, namespace = '', name = ''] = match;
    const source = input.sources.get(namespace, name);
    const secret = source === undefined ? undefined : await secretOf(source);
    if (source === undefined || secret === undefined || !isSignedBy(secret, request.headers, body)) {
      input.log.warn({ gitSource: `${namespace}/${name}` }, 'refused a webhook that is not signed by a known secret');
      return answer(response, 401, 'not signed by the secret of a GitSource');
    }
    const ref = refOf(body);
    if (ref !== undefined && ref !== `refs/heads/${gitSourceDefaults(source.spec).branch}`)
      return answer(response, 202, 'another branch');
    await input.pullNow(`${namespace}/${name}`);
    return answer(response, 202, 'pulling');
  }

  return (request, response) => {
    handle(request, response).catch((cause: unknown) => {
      input.log.error({ cause }, 'a webhook could not be handled');
      if (!response.headersSent) answer(response, 503, 'try again');
    });
  };
}

function answer(response: ServerResponse, status: number, text: string): void {
  // What is left of a body that was not read is not waited for.
  response
    .writeHead(status, { 'content-type': 'text/plain', ...(status === 413 ? { connection: 'close' } : {}) })
    .end(`${text}\n`);
}

function readBody(request: IncomingMessage, clock: Clock): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const timer = clock.schedule(BODY_TIMEOUT_MS, () => resolve(undefined));
    function end(body: Buffer | undefined): void {
      timer.cancel();
      resolve(body);
    }
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > BODY_BYTES_MAX) {
        request.pause();
        end(undefined);
      } else {
        chunks.push(chunk);
      }
    });
    request.on('end', () => end(Buffer.concat(chunks)));
    request.on('error', () => end(undefined));
  });
}

/** The ref that was pushed, in the notices of all forges; undefined for a ping or a body of some other form. */
function refOf(body: Buffer): string | undefined {
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'));
    return isPlainObject(parsed) && typeof parsed['ref'] === 'string' ? parsed['ref'] : undefined;
  } catch {
    return undefined;
  }
}
