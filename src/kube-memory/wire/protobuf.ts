import { FIELDS_OF_MESSAGE, MESSAGE_OF_KIND } from './protobuf-fields.ts';

/** `k8s` and a zero byte begin every protobuf body of the Kubernetes API. */
const MAGIC = [0x6b, 0x38, 0x73, 0x00];

/** A body that is not protobuf as Kubernetes writes it, or of a kind whose fields are not known here. */
export class WireProblem extends Error {
  override readonly name = 'WireProblem';
}

/**
 * The JSON form of an object that a client sent as `application/vnd.kubernetes.protobuf`. Zero values that Go's types cannot tell
 * from absent ones are left out, as `omitempty` does. Throws WireProblem.
 * Source: the protobuf wire format, and `runtime.Unknown` as the envelope.
 */
export function decodeProtobuf(body: Uint8Array): Record<string, unknown> {
  if (!MAGIC.every((byte, index) => body[index] === byte))
    throw new WireProblem('the body does not begin with the k8s protobuf prefix');
  const envelope = wireFields(body.subarray(MAGIC.length));
  const typeMeta = wireFields(bytesIn(envelope, 1));
  const apiVersion = textIn(typeMeta, 1);
  const kind = textIn(typeMeta, 2);
  const message = MESSAGE_OF_KIND[kind === 'DeleteOptions' ? 'v1/DeleteOptions' : `${apiVersion}/${kind}`];
  if (message === undefined) throw new WireProblem(`${kind} in ${apiVersion} is not read as protobuf here`);
  return { apiVersion, kind, ...decodeMessage(bytesIn(envelope, 2), message) };
}

interface Field {
  readonly name: string;
  readonly type: string;
}

const fieldsByMessage = new Map<string, ReadonlyMap<number, Field>>();

function fieldsOf(message: string): ReadonlyMap<number, Field> {
  const known = fieldsByMessage.get(message);
  if (known !== undefined) return known;
  const fields = new Map<number, Field>();
  for (const field of (FIELDS_OF_MESSAGE[message] ?? '').split(', ')) {
    const [number, name, type] = field.split(' ');
    if (number !== undefined && name !== undefined && type !== undefined) fields.set(Number(number), { name, type });
  }
  fieldsByMessage.set(message, fields);
  return fields;
}

function decodeMessage(bytes: Uint8Array, message: string): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  const fields = fieldsOf(message);
  for (const { number, value } of wireFields(bytes)) {
    const field = fields.get(number);
    if (field === undefined) continue;
    if (field.name === '~') Object.assign(object, decodeValue(value, field.type.replace('*', '')));
    else if (field.type.startsWith('[]')) append(object, field.name, decodeValue(value, field.type.slice(2)));
    else if (field.type.startsWith('{}')) putEntry(object, field.name, bytesOf(value), field.type.slice(2));
    else put(object, field, value);
  }
  return object;
}

/** Pointers are written only when they are set; of other fields the zero value means nothing. */
function put(object: Record<string, unknown>, field: Field, value: WireValue): void {
  const isPointer = field.type.startsWith('*');
  const decoded = decodeValue(value, isPointer ? field.type.slice(1) : field.type);
  if (isPointer ? decoded === undefined : isZero(decoded)) return;
  object[field.name] = decoded;
}

function isZero(value: unknown): boolean {
  if (value === undefined || value === '' || value === 0 || value === false) return true;
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
}

function append(object: Record<string, unknown>, name: string, item: unknown): void {
  const list = object[name];
  if (Array.isArray(list)) list.push(item);
  else object[name] = [item];
}

function putEntry(object: Record<string, unknown>, name: string, entry: Uint8Array, type: string): void {
  const parts = wireFields(entry);
  const value = parts.find((part) => part.number === 2)?.value ?? new Uint8Array();
  const map = (object[name] ?? {}) as Record<string, unknown>;
  Object.defineProperty(map, textIn(parts, 1), {
    value: decodeValue(value, type) ?? '',
    enumerable: true,
    configurable: true,
    writable: true,
  });
  object[name] = map;
}

function decodeValue(value: WireValue, type: string): unknown {
  switch (type) {
    case 'string':
      return textOf(bytesOf(value));
    case 'bytes':
      return Buffer.from(bytesOf(value)).toString('base64');
    case 'bool':
      return value !== 0n;
    case 'int':
      return typeof value === 'bigint' ? Number(BigInt.asIntN(64, value)) : 0;
    case 'double':
      return typeof value === 'bigint'
        ? Number(value)
        : new DataView(value.buffer, value.byteOffset, 8).getFloat64(0, true);
    case 'time':
    case 'microTime':
      return decodeTime(bytesOf(value), type);
    case 'duration':
      return `${Number(BigInt.asIntN(64, numberIn(wireFields(bytesOf(value)), 1))) / 1e9}s`;
    case 'quantity':
      return textIn(wireFields(bytesOf(value)), 1);
    case 'intOrString': {
      const fields = wireFields(bytesOf(value));
      return numberIn(fields, 1) === 1n ? textIn(fields, 3) : Number(BigInt.asIntN(64, numberIn(fields, 2)));
    }
    case 'fieldsV1':
    case 'rawExtension': {
      const raw = textIn(wireFields(bytesOf(value)), 1);
      return raw === '' ? undefined : (JSON.parse(raw) as unknown);
    }
    default: {
      const object = decodeMessage(bytesOf(value), type);
      return type.endsWith('.ExtraValue') ? (object['items'] ?? []) : object;
    }
  }
}

/** The zero time is an empty message and means that there is none. */
function decodeTime(bytes: Uint8Array, type: 'time' | 'microTime'): string | undefined {
  const fields = wireFields(bytes);
  const seconds = Number(BigInt.asIntN(64, numberIn(fields, 1)));
  const nanos = Number(numberIn(fields, 2));
  if (fields.length === 0 || (seconds === 0 && nanos === 0)) return undefined;
  const time = new Date(seconds * 1_000).toISOString().slice(0, -5);
  if (type === 'time') return `${time}Z`;
  const micros = String(Math.floor(nanos / 1_000)).padStart(6, '0');
  return `${time}.${micros}Z`;
}

/** A varint is a bigint; a length-delimited or fixed-width value is its bytes. */
type WireValue = bigint | Uint8Array;

interface WireField {
  readonly number: number;
  readonly value: WireValue;
}

function wireFields(bytes: Uint8Array): readonly WireField[] {
  const fields: WireField[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const tag = varint(bytes, offset);
    const number = Number(tag.value >> 3n);
    const { value, end } = wireValue(bytes, tag.end, Number(tag.value & 7n));
    fields.push({ number, value });
    offset = end;
  }
  return fields;
}

function wireValue(bytes: Uint8Array, offset: number, wireType: number): { value: WireValue; end: number } {
  if (wireType === 0) return varint(bytes, offset);
  if (wireType === 1) return slice(bytes, offset, 8);
  if (wireType === 5) return slice(bytes, offset, 4);
  if (wireType !== 2) throw new WireProblem(`wire type ${wireType} is not used by Kubernetes`);
  const length = varint(bytes, offset);
  return slice(bytes, length.end, Number(length.value));
}

function slice(bytes: Uint8Array, offset: number, length: number): { value: Uint8Array; end: number } {
  if (offset + length > bytes.length) throw new WireProblem('unexpected end of the body');
  return { value: bytes.subarray(offset, offset + length), end: offset + length };
}

function varint(bytes: Uint8Array, start: number): { value: bigint; end: number } {
  let value = 0n;
  for (let index = 0; index < 10; index++) {
    const byte = bytes[start + index];
    if (byte === undefined) throw new WireProblem('unexpected end of the body');
    value |= BigInt(byte & 0x7f) << BigInt(7 * index);
    if (byte < 0x80) return { value, end: start + index + 1 };
  }
  throw new WireProblem('a number is longer than ten bytes');
}

function bytesOf(value: WireValue): Uint8Array {
  return typeof value === 'bigint' ? new Uint8Array() : value;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}

function bytesIn(fields: readonly WireField[], number: number): Uint8Array {
  return bytesOf(fields.find((field) => field.number === number)?.value ?? 0n);
}

function textIn(fields: readonly WireField[], number: number): string {
  return textOf(bytesIn(fields, number));
}

function numberIn(fields: readonly WireField[], number: number): bigint {
  const value = fields.find((field) => field.number === number)?.value;
  return typeof value === 'bigint' ? value : 0n;
}
