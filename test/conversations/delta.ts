import { isJsonObject, type Json, type JsonObject } from './conversation.ts';

/** How one JSON document is made from another: what is set and what is gone, by JSON pointer. */
export interface Delta {
  readonly set?: Readonly<Record<string, Json>>;
  readonly gone?: readonly string[];
}

export function deltaBetween(from: Json, to: Json): Delta {
  const set: Record<string, Json> = {};
  const gone: string[] = [];
  collect(from, to, '', { set, gone });
  return { ...(Object.keys(set).length === 0 ? {} : { set }), ...(gone.length === 0 ? {} : { gone }) };
}

function collect(from: Json, to: Json, path: string, into: { set: Record<string, Json>; gone: string[] }): void {
  if (Array.isArray(from) && Array.isArray(to) && from.length === to.length) {
    for (const [index, item] of (to as readonly Json[]).entries())
      collect(from[index] as Json, item, `${path}/${index}`, into);
    return;
  }
  if (!isJsonObject(from) || !isJsonObject(to)) {
    if (JSON.stringify(from) !== JSON.stringify(to)) into.set[path] = to;
    return;
  }
  for (const key of Object.keys(from)) if (!Object.hasOwn(to, key)) into.gone.push(`${path}/${escaped(key)}`);
  for (const [key, value] of Object.entries(to)) {
    const place = `${path}/${escaped(key)}`;
    if (Object.hasOwn(from, key)) collect(from[key] as Json, value, place, into);
    else into.set[place] = value;
  }
}

export function withDelta(from: Json, { set = {}, gone = [] }: Delta): Json {
  let result = copied(from);
  for (const [path, value] of Object.entries(set)) result = placed(result, path, value);
  for (const path of gone) result = placed(result, path, undefined);
  return result as Json;
}

type Writable = null | boolean | number | string | Writable[] | { [key: string]: Writable };

function placed(document: Writable, path: string, value: Json | undefined): Writable {
  const keys = path.split('/').slice(1).map(unescaped);
  const last = keys.pop();
  if (last === undefined) return value as Writable;
  let place = document as Record<string, Writable>;
  for (const key of keys) place = ownValue(place, key) as Record<string, Writable>;
  if (value === undefined) delete place[last];
  else define(place, last, copied(value));
  return document;
}

/** A key may be called like something that every object inherits, `__proto__` too. */
function ownValue(place: Record<string, Writable>, key: string): Writable | undefined {
  return Object.getOwnPropertyDescriptor(place, key)?.value as Writable | undefined;
}

function define(place: Record<string, Writable>, key: string, value: Writable): void {
  Object.defineProperty(place, key, { value, writable: true, enumerable: true, configurable: true });
}

/** Not by structuredClone, which takes a key called `__proto__` for the prototype. */
function copied(value: Json): Writable {
  return JSON.parse(JSON.stringify(value)) as Writable;
}

function escaped(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}

function unescaped(key: string): string {
  return key.replaceAll('~1', '/').replaceAll('~0', '~');
}

/**
 * Packs documents one after the other: each as its difference from the earlier one that is most like it, where that is much
 * shorter. `{"like": 3, ...}` differs from the fourth document.
 */
export function packer(): { readonly pack: (document: Json) => Json; readonly unpack: (packed: Json) => Json } {
  const documents: { readonly document: Json; readonly key: string }[] = [];

  function remember(document: Json): void {
    documents.push({ document, key: keyOf(document) });
  }
  return {
    pack(document) {
      const key = keyOf(document);
      const like = documents.findLastIndex((each) => each.key === key);
      remember(document);
      const near = documents[like];
      if (like < 0 || near === undefined) return document;
      const packed = { like, ...deltaBetween(near.document, document) } as unknown as Json;
      return JSON.stringify(packed).length * 2 < JSON.stringify(document).length ? packed : document;
    },
    unpack(packed) {
      const like = isJsonObject(packed) ? packed['like'] : undefined;
      const near = typeof like === 'number' ? documents[like]?.document : undefined;
      const document = near === undefined ? packed : withDelta(near, packed as Delta);
      remember(document);
      return document;
    },
  };
}

/** Documents with the same key are worth comparing: states of one object, or of one list. */
function keyOf(document: Json): string {
  if (!isJsonObject(document)) return typeof document;
  const metadata = (document['metadata'] ?? {}) as JsonObject;
  return JSON.stringify([document['kind'], metadata['name']]);
}
