import { fail } from './errors.ts';
import { formatTimeJson } from './go-time.ts';
import { localNs, offsetOf, offsetText } from './go-zone.ts';
import { fromJson } from './value.ts';
import type { MapValue, SliceValue, TimeValue, Value } from './value.ts';

/** JSON as Go's encoder writes it with an indent of two spaces: sorted keys, `<`, `>` and `&` escaped. */
export function toJson(value: Value, indent = ''): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number' && !Number.isFinite(value)) {
    return fail(`json: unsupported value: ${Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'}`);
  }
  if (typeof value !== 'object') return Object.is(value, -0) ? '-0' : String(value);
  switch (value.kind) {
    case 'slice':
      return listToJson(value, indent);
    case 'map':
      return mapToJson(value, indent);
    case 'time':
      return quote(formatTimeJson(localNs(value), jsonZone(value)));
    case 'duration':
      return String(value.ns);
    case 'location':
      return '{}';
    case 'func':
      return fail('json: unsupported type: func');
  }
}

function jsonZone(time: TimeValue): string {
  const offset = offsetOf(time);
  return offset === 0 ? 'Z' : offsetText(offset).replace(/..$/, ':$&');
}

function listToJson(list: SliceValue, indent: string): string {
  if (list.items.length === 0) return '[]';
  const inner = `${indent}  `;
  return `[\n${list.items.map((item) => inner + toJson(item, inner)).join(',\n')}\n${indent}]`;
}

function mapToJson(map: MapValue, indent: string): string {
  if (map.key !== 'string') return fail('json: unsupported type: map[interface {}]interface {}');
  if (map.entries.size === 0) return '{}';
  const inner = `${indent}  `;
  const entries = [...map.entries].map(([key, item]) => ({ key: typeof key === 'string' ? key : '', item }));
  entries.sort((left, right) => (left.key < right.key ? -1 : 1));
  const lines = entries.map(({ key, item }) => `${inner}${quote(key)}: ${toJson(item, inner)}`);
  return `{\n${lines.join(',\n')}\n${indent}}`;
}

function quote(text: string): string {
  return JSON.stringify(text).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The value of a JSON text; numbers become float64. */
export function parseJson(text: string): Value {
  try {
    return fromJson(JSON.parse(text));
  } catch {
    return fail(text.trim() === '' ? 'unexpected end of JSON input' : 'invalid character in JSON');
  }
}
