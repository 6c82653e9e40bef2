import { isJsonObject, type Json, type JsonObject } from './conversation.ts';

const UID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.(\d+))?(?:Z|[+-]\d\d:\d\d)/g;
const NODE_PORT = /:3\d{4}\b/g;
const AGE = /(?<![\w.-])(?:\d+[smhdy])+(?![\w.-])/g;
const VERSION_IN_TEXT = /(esource ?[vV]ersion\D{0,60}?)(\d+)/g;
const SYMBOL = /\{(?:uid|rv|list|name|ip|port|continue) [\d.]+\}|\{namespace\}/g;

/**
 * What a server made up, and the symbol that stands for it: the same row of requests gets the same symbols from every server.
 * A version is counted per object (`{rv 3.2}`: the second one seen of object 3), so that one odd write shifts no others.
 */
export class Symbols {
  readonly #symbols = new Map<string, string>();
  /** Revisions of lists; they may be those of objects as well. */
  readonly #lists = new Map<string, string>();
  /** Generated names, addresses and the namespace: found within other text. */
  readonly #words = new Map<string, string>();
  readonly #values = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  constructor(namespace: string) {
    this.#words.set(namespace, '{namespace}');
    this.#values.set('{namespace}', namespace);
  }

  /** Takes in what the answer to the request of this number shows for the first time. */
  learn(body: Json, place = 0): void {
    if (Array.isArray(body)) for (const item of body) this.learn(item, place);
    if (!isJsonObject(body)) return;
    const { metadata } = body;
    const isList = body['items'] !== undefined || body['kind'] === 'Table';
    if (isJsonObject(metadata)) {
      if (isList) this.#learnList(metadata, place);
      else this.#learnObject(body, metadata);
    }
    for (const key of Object.keys(body).toSorted()) this.learn(body[key] ?? null, place);
  }

  #learnList(metadata: JsonObject, place: number): void {
    const { resourceVersion, continue: more } = metadata;
    if (typeof resourceVersion === 'string' && resourceVersion !== '')
      this.#add(this.#lists, resourceVersion, `{list ${place}}`);
    if (typeof more === 'string' && more !== '') this.#add(this.#symbols, more, `{continue ${place}}`);
  }

  #learnObject(body: JsonObject, metadata: JsonObject): void {
    const { uid, resourceVersion, generateName, name } = metadata;
    if (typeof uid !== 'string') return;
    if (!this.#symbols.has(uid)) this.#add(this.#symbols, uid, `{uid ${this.#next('uid')}}`);
    const owner = (this.#symbols.get(uid) ?? '').slice('{uid '.length, -1);
    if (typeof resourceVersion === 'string' && resourceVersion !== '' && !this.#symbols.has(resourceVersion))
      this.#add(this.#symbols, resourceVersion, `{rv ${owner}.${this.#next(`rv ${owner}`)}}`);
    if (typeof generateName === 'string' && typeof name === 'string' && !this.#words.has(name))
      this.#add(this.#words, name, `{name ${this.#next('name')}}`);
    const spec = isJsonObject(body['spec']) ? body['spec'] : {};
    const address = spec['clusterIP'];
    if (typeof address === 'string' && /\d/.test(address)) this.#add(this.#words, address, `{ip ${owner}}`);
  }

  #add(map: Map<string, string>, value: string, symbol: string): void {
    map.set(value, symbol);
    this.#values.set(symbol, value);
  }

  #next(kind: string): number {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    return count;
  }

  /** A text that was printed. */
  ofPrinted(text: string): string {
    return timeless(this.#string(text, ''));
  }

  /** An answer with symbols in the place of what the server made up. */
  ofAnswer(body: Json): Json {
    return settled(this.#replaced(body, ''));
  }

  /** A request as a client sent it, with symbols for what it had been told before. */
  ofAsk(body: Json): Json {
    return this.#replaced(body, '');
  }

  ofCall(call: string): string {
    const versioned = call.replaceAll(/([?&]resourceVersion=)(\d+)/g, (whole, start: string, version: string) => {
      const symbol = this.#lists.get(version) ?? this.#symbols.get(version);
      return symbol === undefined ? whole : `${start}${symbol}`;
    });
    const continued = versioned.replaceAll(/([?&]continue=)([^&]+)/g, (whole, start: string, token: string) => {
      const symbol = this.#symbols.get(decodeURIComponent(token));
      return symbol === undefined ? whole : `${start}${symbol}`;
    });
    return this.#text(continued);
  }

  /** The same with the values of this server. */
  toValues<T extends Json>(value: T): T {
    const text = JSON.stringify(value);
    return JSON.parse(text.replaceAll(SYMBOL, (symbol) => this.#values.get(symbol) ?? symbol)) as T;
  }

  #replaced(value: Json, key: string): Json {
    if (typeof value === 'string') return this.#string(value, key);
    if (Array.isArray(value)) return value.map((item: Json) => this.#replaced(item, key));
    if (isJsonObject(value) && value['path'] === '/metadata/resourceVersion')
      return { ...value, value: this.#replaced(value['value'] ?? null, 'resourceVersion') };
    if (!isJsonObject(value)) return key === 'nodePort' && Number(value) >= NODE_PORT_MIN ? '{port}' : value;
    const isList = isJsonObject(value['metadata']) && (value['items'] !== undefined || value['kind'] === 'Table');
    const entries = Object.entries(value).map(([name, item]): [string, Json] => [
      this.#text(name),
      isList && name === 'metadata' && isJsonObject(item) ? this.#listMetadata(item) : this.#replaced(item, name),
    ]);
    return Object.fromEntries(entries.toSorted(([left], [right]) => (left < right ? -1 : 1)));
  }

  #listMetadata(metadata: JsonObject): Json {
    const version = metadata['resourceVersion'];
    const symbol = typeof version === 'string' && version !== '' ? '{list}' : (version ?? null);
    return { ...(this.#replaced(metadata, 'metadata') as JsonObject), resourceVersion: symbol };
  }

  #string(value: string, key: string): string {
    if (key === 'resourceVersion') return this.#symbols.get(value) ?? value;
    if (key === 'continue') return this.#symbols.get(value) ?? value;
    const versioned = value.includes('ersion')
      ? value.replaceAll(VERSION_IN_TEXT, (whole, start: string, version: string) => {
          const symbol = this.#symbols.get(version) ?? this.#lists.get(version);
          return symbol === undefined ? whole : `${start}${symbol}`;
        })
      : value;
    return this.#text(versioned);
  }

  #text(value: string): string {
    let text = value.replaceAll(UID, (uid) => this.#symbols.get(uid) ?? uid);
    for (const [word, symbol] of this.#words) if (text.includes(word)) text = text.replaceAll(word, symbol);
    return text;
  }
}

const NODE_PORT_MIN = 30_000;

/** Without what differs from one second to the next, from one wording to another, and from one walk through a map to the next. */
function settled(value: Json): Json {
  if (!isJsonObject(value)) return withoutTimes(value);
  if (value['kind'] === 'Status') return withoutTimes(withSortedCauses(value));
  return withoutTimes(value['kind'] === 'Table' ? withoutAges(value) : value);
}

/** Errors come in the order of a Go map: as causes they are sorted, and in the message they are counted. */
function withSortedCauses(status: JsonObject): JsonObject {
  const { details, message } = status;
  const causes = isJsonObject(details) ? details['causes'] : undefined;
  if (!Array.isArray(causes) || causes.length < 2 || typeof message !== 'string') return status;
  const sorted = (causes as readonly Json[]).toSorted((left, right) =>
    JSON.stringify(left) < JSON.stringify(right) ? -1 : 1,
  );
  const counted = message.replace(/: \[.*\]$/s, `: [${causes.length} errors]`);
  return { ...status, message: counted, details: { ...(details as JsonObject), causes: sorted } };
}

function timeless(text: string): string {
  return text.replaceAll(TIME, (_, fraction?: string) =>
    fraction === undefined ? '{time}' : `{time.${fraction.length}}`,
  );
}

function withoutTimes(value: Json): Json {
  if (typeof value === 'string') return timeless(value);
  if (Array.isArray(value)) return value.map(withoutTimes);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, withoutTimes(key === 'managedFields' ? byManager(item) : item)]),
  );
}

/** Managers are kept by time, so that their order hangs on the second in which each wrote. */
function byManager(entries: Json): Json {
  if (!Array.isArray(entries)) return entries;
  const rank = (entry: Json): string =>
    isJsonObject(entry) ? JSON.stringify([entry['operation'], entry['manager'], entry['subresource']]) : '';
  return (entries as readonly Json[]).toSorted((left, right) => (rank(left) < rank(right) ? -1 : 1));
}

/** A table without ages, and without the descriptions of its columns. */
function withoutAges(table: JsonObject): JsonObject {
  const rows = Array.isArray(table['rows']) ? (table['rows'] as readonly JsonObject[]) : [];
  const aged = rows.map((row) => {
    const cells = Array.isArray(row['cells']) ? (row['cells'] as readonly Json[]) : [];
    return {
      ...row,
      cells: cells.map((cell) =>
        typeof cell === 'string' ? cell.replaceAll(AGE, '{age}').replaceAll(NODE_PORT, ':{port}') : cell,
      ),
    };
  });
  const columns = table['columnDefinitions'];
  const bare = Array.isArray(columns)
    ? (columns as readonly JsonObject[]).map(({ description: _description, ...column }) => column)
    : (columns ?? null);
  return { ...table, columnDefinitions: bare, ...(table['rows'] === undefined ? {} : { rows: aged }) };
}
