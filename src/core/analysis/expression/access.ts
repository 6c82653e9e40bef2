import { fail } from './errors.ts';
import { equal, toInt } from './operations.ts';
import { bindMethod } from './time-methods.ts';
import { formatValue, isMap, isSlice, slice, typeName } from './value.ts';
import type { MapValue, Value } from './value.ts';

const encoder = new TextEncoder();

/** `base[index]` and `base.name`: a missing key of a map is nil, a missing index of a list is an error. */
export function fetch(base: Value, index: Value): Value {
  if (isMap(base)) return base.entries.get(mapKey(base, index)) ?? (base.ofLists === true ? slice([]) : null);
  if (isSlice(base) || typeof base === 'string') {
    const at = Number(toInt(index));
    const items = isSlice(base) ? base.items : bytesOf(base);
    const position = at < 0 ? items.length + at : at;
    if (position < 0 || position >= items.length) {
      fail(`index out of range: ${position} (array length is ${items.length})`);
    }
    return items[position] ?? null;
  }
  if (typeof base === 'object' && base !== null && base.kind !== 'func' && typeof index === 'string') {
    const method = bindMethod(base, index);
    if (method !== undefined) return method;
  }
  return fail(`cannot fetch ${formatValue(index)} from ${typeName(base)}`);
}

/** As `fetch`, but nil wherever that would be an error of a missing element. */
export function getOrNil(base: Value, index: Value): Value {
  if (base === null) return null;
  if (isMap(base)) return base.entries.get(mapKey(base, index)) ?? null;
  if (!isSlice(base) && typeof base !== 'string') return null;
  const items = isSlice(base) ? base.items : bytesOf(base);
  const at = Number(toInt(index));
  return items[at < 0 ? items.length + at : at] ?? null;
}

/** `base[from:to]` with bounds moved into range. Of a string, bytes are counted, as in Go. */
export function sliceOf(base: Value, from: Value, to: Value): Value {
  if (!isSlice(base) && typeof base !== 'string') return fail(`cannot slice ${formatValue(from)}`);
  const items: readonly Value[] = isSlice(base) ? base.items : bytesOf(base);
  const start = Number(toInt(from));
  const end = Number(toInt(to));
  const low = Math.max(0, start < 0 ? items.length + start : start);
  const high = Math.min(items.length, Math.max(0, end < 0 ? items.length + end : end));
  if (isSlice(base)) return slice(items.slice(Math.min(low, high), high), base.element);
  return new TextDecoder().decode(encoder.encode(base).slice(Math.min(low, high), high));
}

/** The number of elements that a slice expression without an end goes up to. */
export function rawLength(value: Value): bigint {
  if (isSlice(value)) return BigInt(value.items.length);
  if (isMap(value)) return BigInt(value.entries.size);
  if (typeof value === 'string') return BigInt(encoder.encode(value).length);
  return fail(`invalid argument for len (type ${typeName(value)})`);
}

/** `needle in haystack`: an element of a list, a key of a map; nothing is in nil. */
export function contains(haystack: Value, needle: Value): boolean {
  if (haystack === null) return false;
  if (isSlice(haystack)) return haystack.items.some((item) => equal(item, needle));
  if (isMap(haystack)) return haystack.entries.has(mapKey(haystack, needle));
  // A struct, of which no field can be seen.
  if (typeof haystack === 'object' && haystack.kind === 'time' && typeof needle === 'string') return false;
  return fail(`operator "in" not defined on ${typeName(haystack)}`);
}

/** Keys of a `map[string]...` are strings; nil stands for the empty one. */
function mapKey(map: MapValue, key: Value): Value {
  if (map.key !== 'string') return key;
  if (key === null) return '';
  if (typeof key === 'string') return key;
  return fail(`reflect.Value.MapIndex: value of type ${typeName(key)} is not assignable to type string`);
}

function bytesOf(text: string): readonly bigint[] {
  return Array.from(encoder.encode(text), BigInt);
}
