import { fail } from './errors.ts';
import { truncateToInt, wrapInt } from './number-text.ts';
import { isMap, isNumeric, isSlice, typeName } from './value.ts';
import type { MapValue, SliceValue, Value } from './value.ts';

/** `==`: numbers by value over int and float, lists element by element, anything else only within its type. */
export function equal(left: Value, right: Value): boolean {
  if (isNumeric(left) && isNumeric(right)) return sameNumber(left, right);
  if (left === null || right === null || typeof left !== 'object' || typeof right !== 'object') return left === right;
  if (isSlice(left) && isSlice(right)) return equalSlices(left, right);
  if (left.kind === 'map' && right.kind === 'map') return deepEqualMaps(left, right);
  if (left.kind === 'time' && right.kind === 'time') return left.ns === right.ns;
  if (left.kind === 'duration' && right.kind === 'duration') return left.ns === right.ns;
  return false;
}

function sameNumber(left: bigint | number, right: bigint | number): boolean {
  return typeof left === typeof right ? left === right : Number(left) === Number(right);
}

/** Lists of different element types are equal only when one of them is a list of anything. */
function equalSlices(left: SliceValue, right: SliceValue): boolean {
  if (left.element !== right.element && left.element !== 'interface {}' && right.element !== 'interface {}')
    return false;
  return (
    left.items.length === right.items.length &&
    left.items.every((item, index) => equal(item, right.items[index] ?? null))
  );
}

/** Inside maps nothing is converted: 1 and 1.0 differ, as do lists of different types. */
function deepEqual(left: Value, right: Value): boolean {
  if (isNumeric(left) || isNumeric(right)) return left === right;
  if (isSlice(left) && isSlice(right)) {
    if (left.element !== right.element || left.items.length !== right.items.length) return false;
    return left.items.every((item, index) => deepEqual(item, right.items[index] ?? null));
  }
  return isMap(left) && isMap(right) ? deepEqualMaps(left, right) : equal(left, right);
}

function deepEqualMaps(left: MapValue, right: MapValue): boolean {
  if (left.key !== right.key || left.entries.size !== right.entries.size) return false;
  for (const [key, item] of left.entries) {
    const other = right.entries.get(key);
    if (other === undefined || !deepEqual(item, other)) return false;
  }
  return true;
}

export type Ordering = '<' | '>' | '<=' | '>=';

/** Numbers by size, strings by their UTF-8 bytes, times and durations by length. NaN is in no order. */
export function ordered(operator: Ordering, left: Value, right: Value): boolean {
  if (isNumeric(left) && isNumeric(right)) return compareNumbers(operator, left, right);
  if (typeof left === 'string' && typeof right === 'string') return holds(operator, compareStrings(left, right));
  const sameKind =
    typeof left === 'object' &&
    typeof right === 'object' &&
    left !== null &&
    right !== null &&
    left.kind === right.kind;
  if (sameKind && 'ns' in left && 'ns' in right)
    return holds(operator, left.ns < right.ns ? -1 : left.ns > right.ns ? 1 : 0);
  return fail(`invalid operation: ${typeName(left)} ${operator} ${typeName(right)}`);
}

function compareNumbers(operator: Ordering, left: bigint | number, right: bigint | number): boolean {
  const mixed = typeof left !== typeof right;
  const a = mixed ? Number(left) : left;
  const b = mixed ? Number(right) : right;
  switch (operator) {
    case '<':
      return a < b;
    case '>':
      return a > b;
    case '<=':
      return a <= b;
    case '>=':
      return a >= b;
  }
}

/** By code point, which is the order of UTF-8 bytes (UTF-16 units would sort some differently). */
function compareStrings(left: string, right: string): number {
  let at = 0;
  while (at < left.length && at < right.length && left.charCodeAt(at) === right.charCodeAt(at)) at += 1;
  const a = left.codePointAt(at) ?? -1;
  const b = right.codePointAt(at) ?? -1;
  const bothSurrogates = a >= 0xdc00 && a <= 0xdfff && b >= 0xdc00 && b <= 0xdfff;
  return bothSurrogates || a !== b ? a - b : 0;
}

function holds(operator: Ordering, comparison: number): boolean {
  switch (operator) {
    case '<':
      return comparison < 0;
    case '>':
      return comparison > 0;
    case '<=':
      return comparison <= 0;
    case '>=':
      return comparison >= 0;
  }
}

export function add(left: Value, right: Value): Value {
  if (typeof left === 'bigint' && typeof right === 'bigint') return wrapInt(left + right);
  if (isNumeric(left) && isNumeric(right)) return Number(left) + Number(right);
  if (typeof left === 'string' && typeof right === 'string') return left + right;
  if (isKind(left, 'time') && isKind(right, 'duration')) return { ...left, ns: left.ns + right.ns };
  if (isKind(left, 'duration') && isKind(right, 'time')) return { ...right, ns: left.ns + right.ns };
  if (isKind(left, 'duration') && isKind(right, 'duration'))
    return { kind: 'duration', ns: wrapInt(left.ns + right.ns) };
  return undefinedOperation('+', left, right);
}

export function subtract(left: Value, right: Value): Value {
  if (typeof left === 'bigint' && typeof right === 'bigint') return wrapInt(left - right);
  if (isNumeric(left) && isNumeric(right)) return Number(left) - Number(right);
  if (isKind(left, 'time') && isKind(right, 'time')) return { kind: 'duration', ns: saturate(left.ns - right.ns) };
  if (isKind(left, 'time') && isKind(right, 'duration')) return { ...left, ns: left.ns - right.ns };
  if (isKind(left, 'duration') && isKind(right, 'duration'))
    return { kind: 'duration', ns: wrapInt(left.ns - right.ns) };
  return undefinedOperation('-', left, right);
}

/** A duration times a float is a plain float of nanoseconds, as in the Go implementation. */
export function multiply(left: Value, right: Value): Value {
  if (typeof left === 'bigint' && typeof right === 'bigint') return wrapInt(left * right);
  if (isNumeric(left) && isNumeric(right)) return Number(left) * Number(right);
  const a = isKind(left, 'duration') ? left.ns : left;
  const b = isKind(right, 'duration') ? right.ns : right;
  const hasDuration = isKind(left, 'duration') || isKind(right, 'duration');
  if (hasDuration && typeof a === 'bigint' && typeof b === 'bigint') return { kind: 'duration', ns: wrapInt(a * b) };
  if (hasDuration && isNumeric(a) && isNumeric(b)) return Number(a) * Number(b);
  return undefinedOperation('*', left, right);
}

/** Always a float: 7 / 2 is 3.5, and a division by zero is an infinity or NaN. */
export function divide(left: Value, right: Value): Value {
  if (isNumeric(left) && isNumeric(right)) return Number(left) / Number(right);
  return undefinedOperation('/', left, right);
}

/** Of integers only; the sign is the dividend's. */
export function modulo(left: Value, right: Value): Value {
  if (typeof left !== 'bigint' || typeof right !== 'bigint') return undefinedOperation('%', left, right);
  if (right === 0n) return fail('runtime error: integer divide by zero');
  return left % right;
}

/** Always a float. Where IEEE 754's pow and JavaScript's differ (1 to the power of anything, -1 of an infinity), IEEE wins. */
export function power(left: Value, right: Value): Value {
  const base = toFloat(left);
  const exponent = toFloat(right);
  if (base === 1 || (base === -1 && !Number.isFinite(exponent) && !Number.isNaN(exponent))) return 1;
  return base ** exponent;
}

export function negate(value: Value): Value {
  if (typeof value === 'bigint') return wrapInt(-value);
  if (typeof value === 'number') return -value;
  return fail(`invalid operation: - ${typeName(value)}`);
}

export function toInt(value: Value): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return truncateToInt(value);
  return fail(`invalid operation: int(${typeName(value)})`);
}

export function toFloat(value: Value): number {
  if (isNumeric(value)) return Number(value);
  return fail(`invalid operation: float(${typeName(value)})`);
}

function isKind<K extends 'time' | 'duration'>(value: Value, kind: K): value is Extract<Value, { readonly kind: K }> {
  return typeof value === 'object' && value !== null && value.kind === kind;
}

function saturate(ns: bigint): bigint {
  const max = (1n << 63n) - 1n;
  return ns > max ? max : ns < -max - 1n ? -max - 1n : ns;
}

function undefinedOperation(operator: string, left: Value, right: Value): never {
  return fail(`invalid operation: ${typeName(left)} ${operator} ${typeName(right)}`);
}
