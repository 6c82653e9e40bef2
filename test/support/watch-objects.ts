import { setTimeout as delay } from 'node:timers/promises';
import type { ApiClient, Manifest } from './api-client.ts';

export type Told = (change: 'present' | 'gone', object: Manifest) => void;

export interface ObjectWatch {
  stop(): void;
}

interface Collection {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly Manifest[];
}

const RETRY_MS = 100;

/** Tells of every object under `path`, as it is now and whenever it changes. A watch that ends is started anew from a list. */
export function watchObjects(api: ApiClient, path: string, tell: Told): ObjectWatch {
  const stopping = new AbortController();
  void watchUntilStopped({ api, path, tell, signal: stopping.signal });
  return { stop: () => stopping.abort() };
}

interface WatchInput {
  readonly api: ApiClient;
  readonly path: string;
  readonly tell: Told;
  readonly signal: AbortSignal;
}

async function watchUntilStopped(input: WatchInput): Promise<void> {
  const known = new Map<string, Manifest>();
  while (!input.signal.aborted) {
    try {
      await watchOnce(input, known);
    } catch {
      // Whatever ended it: the list at the start of the next one tells what was missed.
    }
    if (!input.signal.aborted) await delay(RETRY_MS);
  }
}

async function watchOnce({ api, path, tell, signal }: WatchInput, known: Map<string, Manifest>): Promise<void> {
  const listed = await api.get<Collection>(path);
  if (listed === undefined) return;
  const uids = new Set(listed.items.map(uidOf));
  for (const object of [...known.values()].filter((one) => !uids.has(uidOf(one)))) gone(object);
  for (const object of listed.items) present(object);
  const stream = await api.stream(`${path}?watch=true&resourceVersion=${listed.metadata.resourceVersion}`, signal);
  for await (const line of linesOf(stream)) {
    const { type, object } = JSON.parse(line) as { type: string; object: Manifest };
    if (type === 'DELETED') gone(object);
    else if (type === 'ADDED' || type === 'MODIFIED') present(object);
    else return;
  }

  function present(object: Manifest): void {
    known.set(uidOf(object), object);
    tell('present', object);
  }

  function gone(object: Manifest): void {
    known.delete(uidOf(object));
    tell('gone', object);
  }
}

function uidOf(object: Manifest): string {
  return object.metadata.uid ?? '';
}

async function* linesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of stream) {
    const lines = (rest + chunk.toString('utf8')).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}
