import { setTimeout as delay } from 'node:timers/promises';
import { request, type Dispatcher } from 'undici';
import {
  isJsonObject,
  isWatch,
  type Answer,
  type Ask,
  type Exchange,
  type Json,
  type WatchEvent,
} from './conversation.ts';
import { Symbols } from './symbols.ts';

/** A server to talk with. */
export interface Listener {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly dispatcher: Dispatcher;
}

export interface Play {
  readonly listener: Listener;
  readonly asks: readonly Ask[];
  /** How many events each watch, by the number of its request, is waited for; all that come soon where it is not known. */
  readonly eventCounts?: ReadonlyMap<number, number>;
}

const AGENT = 'conversation/1 (test)';
const PATIENCE_MS_MAX = 30_000;
const POLL_MS = 50;
/** So long nothing new is told: then a watch has told everything. */
const SILENCE_MS = 400;

let namespaces = 0;

/** Holds a conversation in a namespace of its own, and tells it with the answers of this server. */
export async function play({ listener, asks, eventCounts }: Play): Promise<readonly Exchange[]> {
  namespaces += 1;
  const namespace = `talk-${Date.now().toString(36)}-${namespaces}`;
  const talk = new Talk(listener, new Symbols(namespace));
  const made = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
  await talk.send({ call: 'POST /api/v1/namespaces', body: made });
  try {
    const answers: Answer[] = [];
    for (const [index, ask] of asks.entries()) {
      answers.push(isWatch(ask) ? await talk.watch(index, ask) : await talk.answer(index, ask));
    }
    const told = await talk.told(eventCounts);
    return asks.map((ask, index) => ({ ask, answer: { ...(answers[index] as Answer), ...told.get(index) } }));
  } finally {
    talk.end();
    await talk.send({ call: `DELETE /api/v1/namespaces/${namespace}` });
  }
}

interface RawAnswer {
  readonly status: number;
  readonly headers: Dispatcher.ResponseData['headers'];
  readonly text: string;
}

class Talk {
  readonly #listener: Listener;
  readonly #symbols: Symbols;
  readonly #watches = new Map<number, OpenWatch>();

  constructor(listener: Listener, symbols: Symbols) {
    this.#listener = listener;
    this.#symbols = symbols;
  }

  async answer(index: number, ask: Ask): Promise<Answer> {
    const raw = await this.#patiently(ask);
    const body = parsed(raw.text);
    if (body !== undefined) this.#symbols.learn(body, index);
    const { 'content-type': type, warning } = raw.headers;
    return {
      status: raw.status,
      ...(type === 'application/json' || type === undefined ? {} : { type: String(type) }),
      ...(warning === undefined ? {} : { warnings: warningsIn([warning].flat().join(', ')) }),
      ...(body === undefined ? {} : { body: this.#symbols.ofAnswer(body) }),
    };
  }

  async #patiently(ask: Ask): Promise<RawAnswer> {
    const endMs = Date.now() + PATIENCE_MS_MAX;
    for (;;) {
      const raw = await this.send(ask);
      if (ask.patient !== true || raw.status !== 404 || Date.now() > endMs) return raw;
      await delay(POLL_MS);
    }
  }

  send(ask: Ask): Promise<RawAnswer> {
    return sendTo(this.#listener, this.#concrete(ask));
  }

  /** With the values of this server in the place of symbols. */
  #concrete(ask: Ask): Ask {
    const body = ask.body === undefined ? {} : { body: this.#symbols.toValues(ask.body as Json) };
    return { ...ask, call: this.#symbols.toValues(ask.call), ...body };
  }

  async watch(index: number, ask: Ask): Promise<Answer> {
    const abort = new AbortController();
    const response = await requestTo(this.#listener, this.#concrete(ask), abort.signal);
    const type = String(response.headers['content-type']);
    if (response.statusCode !== 200) {
      const body = parsed(await response.body.text());
      return { status: response.statusCode, ...(body === undefined ? {} : { body: this.#symbols.ofAnswer(body) }) };
    }
    this.#watches.set(index, new OpenWatch(response.body, abort, ask.left === true));
    return { status: 200, ...(type === 'application/json' ? {} : { type }) };
  }

  /** What the watches told, each by the number of its request. */
  async told(
    counts?: ReadonlyMap<number, number>,
  ): Promise<ReadonlyMap<number, { readonly events: readonly WatchEvent[] }>> {
    const told = await Promise.all([...this.#watches].map(([index, watch]) => eventsOf(index, watch)));
    for (const [, events] of told) this.#symbols.learn(events as unknown as Json);
    return new Map(
      told.map(([index, events]) => {
        const shown = events.map(({ type, object }) => ({ type, object: this.#symbols.ofAnswer(object as Json) }));
        return [index, { events: shown }];
      }),
    );

    async function eventsOf(index: number, watch: OpenWatch): Promise<readonly [number, readonly WatchEvent[]]> {
      const count = counts?.get(index);
      await watch.until(count);
      return [index, watch.isLeft && count !== undefined ? watch.events.slice(0, count) : [...watch.events]];
    }
  }

  end(): void {
    for (const watch of this.#watches.values()) watch.close();
  }
}

/** Sends one request as it is and reads the whole answer. */
export async function sendTo(listener: Listener, ask: Ask): Promise<RawAnswer> {
  const response = await requestTo(listener, ask);
  return { status: response.statusCode, headers: response.headers, text: await response.body.text() };
}

function requestTo(listener: Listener, ask: Ask, signal?: AbortSignal): Promise<Dispatcher.ResponseData> {
  const [method = '', ...rest] = ask.call.split(' ');
  const { body } = ask;
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  return request(listener.url + rest.join(' '), {
    method: method as Dispatcher.HttpMethod,
    dispatcher: listener.dispatcher,
    headers: {
      ...listener.headers,
      accept: ask.accept ?? 'application/json',
      'user-agent': ask.agent ?? AGENT,
      ...(text === undefined ? {} : { 'content-type': ask.type ?? 'application/json' }),
    },
    ...(text === undefined ? {} : { body: text }),
    ...(signal === undefined ? {} : { signal }),
  });
}

/** A watch whose events are kept as they come. */
class OpenWatch {
  readonly events: WatchEvent[] = [];
  readonly isLeft: boolean;
  readonly #abort: AbortController;
  #lastMs = Date.now();

  constructor(body: AsyncIterable<Buffer>, abort: AbortController, isLeft: boolean) {
    this.isLeft = isLeft;
    this.#abort = abort;
    void this.#read(body).catch(() => undefined);
  }

  async #read(body: AsyncIterable<Buffer>): Promise<void> {
    let rest = '';
    const decoder = new TextDecoder();
    for await (const chunk of body) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#take(JSON.parse(line) as WatchEvent);
    }
  }

  #take(event: WatchEvent): void {
    if (event.type === 'BOOKMARK') return;
    this.#lastMs = Date.now();
    this.events.push(event);
  }

  async until(count: number | undefined): Promise<void> {
    const endMs = Date.now() + PATIENCE_MS_MAX;
    while (Date.now() < endMs) {
      const told = count === undefined ? Date.now() > this.#lastMs + SILENCE_MS : this.events.length >= count;
      if (told) return;
      await delay(POLL_MS);
    }
  }

  close(): void {
    this.#abort.abort();
  }
}

/** Whether they came in one header or in several depends on the connection. */
export function warningsIn(header: string): readonly string[] {
  return [...header.matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)].map((match) => JSON.parse(`"${match[1] ?? ''}"`) as string);
}

export function parsed(text: string): Json | undefined {
  if (text === '') return undefined;
  try {
    const value = JSON.parse(text) as Json;
    return isJsonObject(value) || Array.isArray(value) ? value : text;
  } catch {
    return text;
  }
}

/** How many events each watch of a recorded conversation told. */
export function eventCountsOf(exchanges: readonly Exchange[]): ReadonlyMap<number, number> {
  return new Map(
    exchanges.flatMap(({ answer }, index) => (answer.events === undefined ? [] : [[index, answer.events.length]])),
  );
}
