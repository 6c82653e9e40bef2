import { base64 } from '../../../lib/base64.ts';
import { parseDurationNs } from '../../../lib/go-duration.ts';
import { getOrNil, rawLength } from './access.ts';
import { fail } from './errors.ts';
import { DATE_LAYOUTS, parseLayout } from './go-layout.ts';
import { loadLocation } from './go-zone.ts';
import { CALENDAR_STEPS } from './time-methods.ts';
import { parseJson, toJson } from './json.ts';
import type { Meter } from './meter.ts';
import { parseFloatText, parseIntegerText, truncateToInt, wrapInt } from './number-text.ts';
import { equal, ordered, toInt } from './operations.ts';
import { formatValue, isMap, isNumeric, isSlice, slice, typeName } from './value.ts';
import type { LocationValue, MapValue, SliceValue, Value } from './value.ts';

export interface CallContext {
  readonly meter: Meter;
  readonly nowNs: bigint;
}

type BuiltinFunction = (args: readonly Value[], context: CallContext) => Value;

/** Calls a builtin that takes no closure. Throws EvaluationFailure where the Go implementation panics or returns an error. */
export function callBuiltin(name: string, args: readonly Value[], context: CallContext): Value {
  const builtin = BUILTINS.get(name);
  if (builtin === undefined) return fail(`unknown builtin ${name}`);
  const result = builtin(args, context);
  if (typeof result === 'string') context.meter.grow(result.length);
  context.meter.step(isSlice(result) ? 1 + result.items.length : 1);
  return result;
}

const BUILTINS: ReadonlyMap<string, BuiltinFunction> = new Map<string, BuiltinFunction>([
  ['len', ([value = null]) => (typeof value === 'string' ? BigInt(codePointCount(value)) : rawLength(value))],
  ['type', ([value = null]) => shortTypeName(value)],
  ['abs', ([value = null]) => absolute(value)],
  ['ceil', ([value = null]) => Math.ceil(rounded('ceil', value))],
  ['floor', ([value = null]) => Math.floor(rounded('floor', value))],
  ['round', ([value = null]) => roundHalfAway(rounded('round', value))],
  ['int', ([value = null]) => convertToInt(value)],
  ['float', ([value = null]) => convertToFloat(value)],
  ['string', ([value = null]) => formatValue(value)],
  ['trim', ([text = null, cut]) => trim(str(text), cut === undefined ? undefined : str(cut))],
  ['trimPrefix', ([text = null, prefix = ' ']) => withoutPrefix(str(text), str(prefix))],
  ['trimSuffix', ([text = null, suffix = ' ']) => withoutSuffix(str(text), str(suffix))],
  ['upper', ([text = null]) => str(text).toUpperCase()],
  ['lower', ([text = null]) => str(text).toLowerCase()],
  ['split', (args, context) => split(args, context, 'without')],
  ['splitAfter', (args, context) => split(args, context, 'with')],
  ['replace', replace],
  ['repeat', repeat],
  ['join', join],
  ['indexOf', ([text = null, part = null]) => byteIndex(str(text), str(text).indexOf(str(part)))],
  ['lastIndexOf', ([text = null, part = null]) => byteIndex(str(text), str(text).lastIndexOf(str(part)))],
  ['hasPrefix', ([text = null, part = null]) => str(text).startsWith(str(part))],
  ['hasSuffix', ([text = null, part = null]) => str(text).endsWith(str(part))],
  ['max', (args) => extreme('max', args, 0)],
  ['min', (args) => extreme('min', args, 0)],
  ['mean', (args) => mean(numbersIn('mean', args, 0))],
  ['median', (args) => median(numbersIn('median', args, 0))],
  ['toJSON', ([value = null]) => toJson(value)],
  ['fromJSON', ([text = null]) => parseJson(str(text))],
  ['toBase64', ([text = null]) => base64(str(text))],
  ['fromBase64', ([text = null]) => decodeBase64(str(text))],
  ['now', (_args, context) => ({ kind: 'time', ns: context.nowNs })],
  ['duration', ([text = null]) => duration(str(text))],
  ['timezone', ([name = null], context) => timezone(str(name), context.meter)],
  ['date', (args, context) => date(args, context.meter)],
  ['first', ([list = null]) => getOrNil(list, 0n)],
  ['last', ([list = null]) => getOrNil(list, -1n)],
  ['get', ([from = null, key = null]) => getOrNil(from, key)],
  ['take', take],
  ['keys', ([map = null]) => slice([...entries('get keys from', map).keys()])],
  ['values', ([map = null]) => slice([...entries('get values from', map).values()])],
  [
    'toPairs',
    ([map = null]) =>
      slice(
        [...entries('transform', map, ' to pairs')].map((pair) => slice(pair)),
        '[2]interface {}',
      ),
  ],
  ['fromPairs', ([list = null]) => fromPairs(list)],
  ['reverse', ([list = null], context) => grown(items('reverse', list).toReversed(), context)],
  ['uniq', ([list = null], context) => uniq(items('uniq', list), context)],
  [
    'concat',
    (args, context) =>
      grown(
        args.flatMap((list) => items('concat', list)),
        context,
      ),
  ],
  ['flatten', ([list = null], context) => grown(flatten(items('flatten', list), 0), context)],
  ['sort', sort],
  ['bitand', bits('bitand', (left, right) => left & right)],
  ['bitor', bits('bitor', (left, right) => left | right)],
  ['bitxor', bits('bitxor', (left, right) => left ^ right)],
  ['bitnand', bits('bitnand', (left, right) => left & ~right)],
  ['bitshl', bits('bitshl', (left, right) => (right > 63n ? 0n : wrapInt(left << shift(right))))],
  ['bitshr', bits('bitshr', (left, right) => left >> (shift(right) > 63n ? 63n : right))],
  ['bitushr', bits('bitushr', (left, right) => (shift(right) > 63n ? 0n : wrapInt(BigInt.asUintN(64, left) >> right)))],
  ['bitnot', ([value = null]) => ~bitOperand('bitnot', value)],
]);

function str(value: Value): string {
  if (typeof value === 'string') return value;
  return fail(`interface conversion: interface {} is ${value === null ? 'nil' : typeName(value)}, not string`);
}

function codePointCount(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1) count += 1;
  return count;
}

function shortTypeName(value: Value): string {
  if (value === null) return 'nil';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'number') return 'float';
  if (typeof value !== 'object') return typeof value === 'boolean' ? 'bool' : 'string';
  if (value.kind === 'slice') return 'array';
  return value.kind === 'map' || value.kind === 'func' ? value.kind : typeName(value).replace(/^\*/, '');
}

function absolute(value: Value): Value {
  if (typeof value === 'bigint') return value < 0n ? wrapInt(-value) : value;
  if (typeof value === 'number') return value < 0 ? -value : value;
  return fail(`invalid argument for abs (type ${typeName(value)})`);
}

function rounded(name: string, value: Value): number {
  if (isNumeric(value)) return Number(value);
  return fail(`invalid argument for ${name} (type ${typeName(value)})`);
}

/** Half away from zero, where JavaScript's own goes up. */
function roundHalfAway(value: number): number {
  const whole = Math.trunc(value);
  return Math.abs(value - whole) >= 0.5 ? whole + Math.sign(value) : whole;
}

function convertToInt(value: Value): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return truncateToInt(value);
  if (typeof value === 'object' && value !== null && value.kind === 'duration') return value.ns;
  if (typeof value !== 'string') return fail(`invalid operation: int(${typeName(value)})`);
  const parsed = parseIntegerText(value, 'decimal');
  return typeof parsed === 'bigint' ? parsed : fail(`invalid operation: int(${value})`);
}

function convertToFloat(value: Value): number {
  if (isNumeric(value)) return Number(value);
  if (typeof value !== 'string') return fail(`invalid operation: float(${typeName(value)})`);
  const parsed = parseFloatText(value);
  return typeof parsed === 'number' ? parsed : fail(`invalid operation: float(${value})`);
}

function trim(text: string, cut: string | undefined): string {
  if (cut === undefined) return text.replace(/^[\s\u0085]+|[\s\u0085]+$/g, '');
  const unwanted = new Set(cut);
  const characters = Array.from(text);
  let start = 0;
  let end = characters.length;
  while (start < end && unwanted.has(characters[start] ?? '')) start += 1;
  while (end > start && unwanted.has(characters[end - 1] ?? '')) end -= 1;
  return characters.slice(start, end).join('');
}

function withoutPrefix(text: string, prefix: string): string {
  return text.startsWith(prefix) ? text.slice(prefix.length) : text;
}

function withoutSuffix(text: string, suffix: string): string {
  return suffix !== '' && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text;
}

/** Parts of a text; with a limit, the last part keeps what is left. An empty separator splits characters. */
function split(args: readonly Value[], context: CallContext, separators: 'with' | 'without'): Value {
  const [textValue = null, separatorValue = null, limitValue] = args;
  const text = str(textValue);
  const separator = str(separatorValue);
  const limit = limitValue === undefined ? -1 : Number(toInt(limitValue));
  if (limit === 0) return slice([], 'string');
  const all = separator === '' ? Array.from(text) : text.split(separator);
  const glue = separator;
  context.meter.grow(all.length);
  const kept = limit > 0 && all.length > limit ? [...all.slice(0, limit - 1), all.slice(limit - 1).join(glue)] : all;
  const parts =
    separators === 'with' ? kept.map((part, index) => (index < kept.length - 1 ? part + glue : part)) : kept;
  return slice(parts, 'string');
}

function replace(args: readonly Value[], context: CallContext): Value {
  const [textValue = null, oldValue = null, newValue = null, limitValue] = args;
  const text = str(textValue);
  const old = str(oldValue);
  const fresh = str(newValue);
  const limit = limitValue === undefined ? -1 : Number(toInt(limitValue));
  const pieces = old === '' ? ['', ...Array.from(text), ''] : text.split(old);
  const count = limit < 0 ? pieces.length - 1 : Math.min(limit, pieces.length - 1);
  context.meter.grow(text.length + count * fresh.length);
  if (old === '') return replaceBetween(Array.from(text), fresh, limit);
  return [pieces.slice(0, count + 1).join(fresh), ...pieces.slice(count + 1)].join(old);
}

/** An empty search text stands before each character and at the end. */
function replaceBetween(characters: readonly string[], fresh: string, limit: number): string {
  let left = limit < 0 ? characters.length + 1 : limit;
  let result = '';
  for (const character of [...characters, '']) {
    if (left > 0) result += fresh;
    left -= 1;
    result += character;
  }
  return result;
}

function repeat(args: readonly Value[], context: CallContext): Value {
  const [textValue = null, countValue = null] = args;
  const text = str(textValue);
  const count = Number(toInt(countValue));
  if (count < 0) fail(`invalid argument for repeat (expected positive integer, got ${count})`);
  if (count > 1e6) fail('memory budget exceeded');
  context.meter.grow(text.length * count);
  return text.repeat(count);
}

function join(args: readonly Value[]): Value {
  const [list = null, glue = ''] = args;
  if (!isSlice(list) || (list.element !== 'string' && list.element !== 'interface {}')) {
    return fail(`invalid argument for join (type ${typeName(list)})`);
  }
  return list.items.map(str).join(str(glue));
}

function byteIndex(text: string, index: number): bigint {
  return index < 0 ? -1n : BigInt(new TextEncoder().encode(text.slice(0, index)).length);
}

/** How deep lists within lists are followed. */
const NESTING_MAX = 1_000;

/** The largest or smallest number of arguments and lists of numbers; nil of nothing. */
function extreme(name: 'max' | 'min', args: readonly Value[], depth: number): Value {
  if (depth > NESTING_MAX) return fail('recursion depth exceeded');
  let best: Value = null;
  for (const argument of args) {
    const candidate = isSlice(argument) ? extreme(name, argument.items, depth + 1) : argument;
    if (candidate === null && isSlice(argument)) continue;
    if (!isNumeric(candidate)) {
      if (depth === 0 && args.length === 1) return candidate;
      return fail(`invalid argument for ${name} (type ${typeName(candidate)})`);
    }
    if (best === null || ordered(name === 'max' ? '<' : '>', best, candidate)) best = candidate;
  }
  return best;
}

function numbersIn(name: string, args: readonly Value[], depth: number): number[] {
  if (depth > NESTING_MAX) return fail('recursion depth exceeded');
  const numbers: number[] = [];
  for (const argument of args) {
    if (isSlice(argument)) for (const number of numbersIn(name, argument.items, depth + 1)) numbers.push(number);
    else if (isNumeric(argument)) numbers.push(Number(argument));
    else if (typeof argument === 'object' && argument !== null && argument.kind === 'duration')
      numbers.push(Number(argument.ns));
    else fail(`invalid argument for ${name} (type ${typeName(argument)})`);
  }
  return numbers;
}

function mean(numbers: readonly number[]): number {
  let total = 0;
  for (const number of numbers) total += number;
  return numbers.length === 0 ? 0 : total / numbers.length;
}

/** NaN sorts before everything, as in Go. */
function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((left, right) => (Number.isNaN(left) ? -1 : Number.isNaN(right) ? 1 : left - right));
  const middle = Math.floor(sorted.length / 2);
  if (sorted.length === 0) return 0;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

function decodeBase64(text: string): string {
  const body = text.replace(/[\r\n]/g, '');
  const wrong = body.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(body);
  if (wrong) return fail(`illegal base64 data at input byte ${body.search(/[^A-Za-z0-9+/]|$/)}`);
  return new TextDecoder().decode(Uint8Array.from(atob(body), (character) => character.charCodeAt(0)));
}

function duration(text: string): Value {
  const ns = parseDurationNs(text);
  return typeof ns === 'bigint' ? { kind: 'duration', ns } : fail(ns);
}

function timezone(name: string, meter: Meter): LocationValue {
  meter.step(CALENDAR_STEPS);
  const location = loadLocation(name);
  return typeof location === 'string' ? fail(location) : location;
}

/** `date([location,] text [, layout [, zone]])` */
function date(args: readonly Value[], meter: Meter): Value {
  const [first = null] = args;
  const location = typeof first === 'object' && first?.kind === 'location' ? first : undefined;
  const [text = noText(), layout, zone] = (location === undefined ? args : args.slice(1)).map(str);
  meter.step(CALENDAR_STEPS + text.length + (layout?.length ?? 0));
  if (layout === undefined) return anyDate(text, location);
  const time = parseLayout(layout, text, zone === undefined ? location : timezone(zone, meter));
  return typeof time === 'string' ? fail(time) : time;
}

function noText(): never {
  return fail('runtime error: index out of range [0] with length 0');
}

function anyDate(text: string, location: LocationValue | undefined): Value {
  for (const layout of DATE_LAYOUTS) {
    const time = parseLayout(layout, text, location);
    if (typeof time !== 'string') return time;
  }
  return fail(`invalid date ${text}`);
}

function items(deed: string, value: Value): readonly Value[] {
  return isSlice(value) ? value.items : fail(`cannot ${deed} ${goKind(value)}`);
}

function entries(deed: string, value: Value, rest = ''): ReadonlyMap<Value, Value> {
  return isMap(value) ? value.entries : fail(`cannot ${deed} ${goKind(value)}${rest}`);
}

/** Go's kind of a value, which is what some builtins name in their errors. */
function goKind(value: Value): string {
  if (value === null) return 'invalid';
  if (typeof value !== 'object') return typeName(value);
  switch (value.kind) {
    case 'time':
      return 'struct';
    case 'duration':
      return 'int64';
    case 'location':
      return 'ptr';
    default:
      return value.kind;
  }
}

function take(args: readonly Value[]): Value {
  const [list = null, count = null] = args;
  if (!isSlice(list)) return fail(`cannot take from ${goKind(list)}`);
  if (typeof count !== 'bigint') return fail(`cannot take ${goKind(count)} elements`);
  if (count < 0n) return fail('reflect.Value.Slice: slice index out of bounds');
  return slice(list.items.slice(0, Number(count)), list.element);
}

function fromPairs(value: Value): Value {
  if (!isSlice(value)) return fail(`cannot transform ${formatValue(value)} from pairs`);
  const pairs = new Map<Value, Value>();
  for (const pair of value.items) {
    if (!isSlice(pair)) return fail(`invalid pair ${formatValue(pair)}`);
    if (pair.items.length !== 2) return fail(`invalid pair length ${formatValue(pair)}`);
    pairs.set(pair.items[0] ?? null, pair.items[1] ?? null);
  }
  const map: MapValue = { kind: 'map', key: 'interface {}', entries: pairs };
  return map;
}

function grown(list: readonly Value[], context: CallContext): SliceValue {
  context.meter.grow(list.length);
  return slice(list);
}

function uniq(list: readonly Value[], context: CallContext): Value {
  const kept: Value[] = [];
  for (const item of list) {
    context.meter.step(kept.length);
    if (!kept.some((one) => equal(item, one))) kept.push(item);
  }
  return slice(kept);
}

function flatten(list: readonly Value[], depth: number): readonly Value[] {
  if (depth > NESTING_MAX) return fail('recursion depth exceeded');
  return list.flatMap((item) => (isSlice(item) ? flatten(item.items, depth + 1) : [item]));
}

function sort(args: readonly Value[], context: CallContext): Value {
  const [list = null, order = 'asc'] = args;
  if (typeof order !== 'string') return fail(`sort order argument must be a string (got ${typeName(order)})`);
  if (order !== 'asc' && order !== 'desc') return fail(`invalid order ${order}, expected asc or desc`);
  return grown(
    sorted(isSlice(list) ? list.items : [], order, (item) => item, context),
    context,
  );
}

/** A stable sort by `<` of keys, ascending or descending. */
export function sorted<T>(
  list: readonly T[],
  order: 'asc' | 'desc',
  keyOf: (item: T) => Value,
  context: CallContext,
): readonly T[] {
  context.meter.step(list.length * Math.ceil(Math.log2(list.length + 1)));
  return list.toSorted((left, right) => {
    const [low, high] = order === 'asc' ? [left, right] : [right, left];
    if (ordered('<', keyOf(low), keyOf(high))) return -1;
    return ordered('<', keyOf(high), keyOf(low)) ? 1 : 0;
  });
}

function bits(name: string, operate: (left: bigint, right: bigint) => bigint): BuiltinFunction {
  return ([left = null, right = null]) => operate(bitOperand(name, left), bitOperand(name, right));
}

function bitOperand(name: string, value: Value): bigint {
  if (typeof value === 'bigint') return value;
  return fail(`cannot use ${typeName(value)} as argument (type int) to call ${name}`);
}

function shift(count: bigint): bigint {
  return count < 0n ? fail(`invalid operation: negative shift count ${count} (type int)`) : count;
}
