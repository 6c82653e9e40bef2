import { deepEqual } from './deep-equal.ts';
import { isPlainObject as isObject } from './merge-patch.ts';

/**
 * Kubernetes' dialect of JSONPath as printer columns, `kubectl wait` and metrics use it: `.spec.replicas`, `['key']`, `.a\.b`, `[0]`,
 * `[-1]`, `[1:3]`, `[::2]`, `[0,2]`, `['a','b']`, `[*]`, `..name` and filters such as `[?(@.type=="Ready")]`. Returns a reader of all
 * matches in order. Throws an Error on a path that does not parse, and the reader on one that finds more than any reader wants.
 */
export function compileJsonPath(path: string): (value: unknown) => readonly unknown[] {
  const read = readerOf(stripBraces(path.trim()));
  return (value) => read(value, { seen: 0 });
}

/** What one reading has looked at so far, also on the way and in filters. */
interface Meter {
  seen: number;
}

/** Each `..` may multiply what was found before it, and a filter with one reads on from each. A quarter of a second. */
const VALUES_MAX = 500_000;

function look(meter: Meter): void {
  meter.seen += 1;
  if (meter.seen > VALUES_MAX) throw new Error(`JSONPath finds more than ${VALUES_MAX} values`);
}

type Reader = (value: unknown, meter: Meter) => readonly unknown[];

function readerOf(path: string): Reader {
  const steps = parseSteps(path);
  return (value, meter) => {
    let current: readonly unknown[] = [value];
    for (const step of steps) current = taken(current, step, meter);
    return current;
  };
}

function taken(values: readonly unknown[], step: Step, meter: Meter): readonly unknown[] {
  const found: unknown[] = [];
  for (const value of values) {
    for (const match of step(value, meter)) {
      look(meter);
      found.push(match);
    }
  }
  return found;
}

type Step = (value: unknown, meter: Meter) => Iterable<unknown>;

function stripBraces(path: string): string {
  const inner = path.startsWith('{') && path.endsWith('}') ? path.slice(1, -1) : path;
  return inner.startsWith('$') ? inner.slice(1) : inner;
}

function parseSteps(path: string): readonly Step[] {
  const steps: Step[] = [];
  let index = 0;
  while (index < path.length) {
    if (path.startsWith('..', index)) {
      steps.push(descendants);
      index += path[index + 2] === '[' ? 2 : 1;
    } else if (path[index] === '[') {
      const end = closingBracket(path, index);
      steps.push(bracketStep(path.slice(index + 1, end)));
      index = end + 1;
    } else {
      if (path[index] === '.') index++;
      const { name, end } = readName(path, index);
      if (name !== '') steps.push(name === '*' ? children : fieldStep(name));
      if (end === index && name === '') index++;
      else index = end;
    }
  }
  return steps;
}

function readName(path: string, start: number): { name: string; end: number } {
  let name = '';
  let index = start;
  while (index < path.length && path[index] !== '.' && path[index] !== '[') {
    if (path[index] === '\\' && index + 1 < path.length) index++;
    name += path[index];
    index++;
  }
  return { name, end: index };
}

function closingBracket(path: string, start: number): number {
  let quote = '';
  let depth = 0;
  for (let index = start; index < path.length; index++) {
    const char = path[index] ?? '';
    if (quote !== '') {
      if (char === quote) quote = '';
    } else if (char === '"' || char === "'") quote = char;
    else if (char === '[') depth++;
    else if (char === ']' && --depth === 0) return index;
  }
  throw new Error(`unterminated array in JSONPath ${path}`);
}

function bracketStep(content: string): Step {
  const inner = content.trim();
  if (inner === '*') return children;
  if (inner.startsWith('?')) return filterStep(inner.slice(1).trim());
  const members = inner.split(/,(?=(?:[^'"]|'[^']*'|"[^"]*")*$)/);
  if (members.length > 1) return unionStep(members.map(bracketStep));
  const keys = /^(['"])(.*)\1$/.exec(inner);
  if (keys !== null) return fieldStep((keys[2] ?? '').replaceAll('\\', ''));
  if (/^-?\d+$/.test(inner)) return indexStep(Number(inner));
  const slice = /^(-?\d*):(-?\d*)(?::(\d*))?$/.exec(inner);
  if (slice !== null) return sliceStep({ from: slice[1] ?? '', to: slice[2] ?? '', by: slice[3] ?? '' });
  throw new Error(`invalid array index ${content} in JSONPath`);
}

function fieldStep(name: string): Step {
  return function* (value) {
    if (isObject(value) && Object.hasOwn(value, name)) yield value[name];
    else if (Array.isArray(value)) return;
  };
}

function indexStep(position: number): Step {
  return function* (value) {
    if (!Array.isArray(value)) return;
    const index = position < 0 ? value.length + position : position;
    if (index >= 0 && index < value.length) yield value[index];
  };
}

function sliceStep(range: { readonly from: string; readonly to: string; readonly by: string }): Step {
  const by = range.by === '' ? 1 : Number(range.by);
  if (by === 0) throw new Error('the step of a JSONPath slice is 0');
  return function* (value) {
    if (!Array.isArray(value)) return;
    const items = value.slice(
      range.from === '' ? 0 : Number(range.from),
      range.to === '' ? undefined : Number(range.to),
    );
    yield* items.filter((_item, index) => index % by === 0);
  };
}

function unionStep(members: readonly Step[]): Step {
  return function* (value, meter) {
    for (const member of members) yield* member(value, meter);
  };
}

function* children(value: unknown): Generator<unknown> {
  if (Array.isArray(value)) yield* value;
  else if (isObject(value)) yield* Object.values(value);
}

/** The value itself and all below it, each before what it holds; without recursion, however deep it goes. */
function* descendants(value: unknown): Generator<unknown> {
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    yield next;
    for (const child of [...children(next)].reverse()) open.push(child);
  }
}

const OPERATORS = ['==', '!=', '>=', '<=', '>', '<'] as const;
type Operator = (typeof OPERATORS)[number];

/** `(left operator right)`, or `(path)` for what has to be there. */
function filterStep(filter: string): Step {
  const inner = filter.startsWith('(') && filter.endsWith(')') ? filter.slice(1, -1) : filter;
  const comparison = splitAtOperator(inner);
  const test = comparison === undefined ? existsTest(inner) : comparisonTest(comparison);
  return function* (value, meter) {
    for (const item of children(value)) {
      look(meter);
      if (test(item, meter)) yield item;
    }
  };
}

interface Comparison {
  readonly left: string;
  readonly operator: Operator;
  readonly right: string;
}

/** At the first operator that stands outside of quotes and of nested filters. */
function splitAtOperator(text: string): Comparison | undefined {
  let quote = '';
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    const char = text[index] ?? '';
    if (quote !== '') {
      if (char === quote) quote = '';
    } else if (char === '"' || char === "'") quote = char;
    else if (char === '[') depth++;
    else if (char === ']') depth--;
    else if (depth === 0) {
      const operator = OPERATORS.find((one) => text.startsWith(one, index));
      if (operator === undefined) continue;
      return { left: text.slice(0, index), operator, right: text.slice(index + operator.length) };
    }
  }
  return undefined;
}

type Test = (item: unknown, meter: Meter) => boolean;

function existsTest(path: string): Test {
  const read = operand(path);
  return (item, meter) => read(item, meter).length > 0;
}

function comparisonTest({ left, operator, right }: Comparison): Test {
  const readLeft = operand(left);
  const readRight = operand(right);
  return (item, meter) => {
    const leftValue = readLeft(item, meter)[0];
    const rightValue = readRight(item, meter)[0];
    return leftValue !== undefined && rightValue !== undefined && compares(leftValue, operator, rightValue);
  };
}

function operand(text: string): Reader {
  const trimmed = text.trim();
  if (trimmed.startsWith('@')) return readerOf(stripBraces(trimmed.slice(1)));
  const literal = literalOf(trimmed);
  return () => [literal];
}

function literalOf(text: string): unknown {
  const string = /^(['"])(.*)\1$/.exec(text);
  if (string !== null) return string[2];
  if (text === 'true' || text === 'false') return text === 'true';
  const number = Number(text);
  if (Number.isNaN(number)) throw new Error(`unrecognized value ${text} in a JSONPath filter`);
  return number;
}

function compares(left: unknown, operator: Operator, right: unknown): boolean {
  switch (operator) {
    case '==':
      return deepEqual(left, right);
    case '!=':
      return !deepEqual(left, right);
    case '>':
      return ordered(left, right, (a, b) => a > b);
    case '<':
      return ordered(left, right, (a, b) => a < b);
    case '>=':
      return ordered(left, right, (a, b) => a >= b);
    default:
      return ordered(left, right, (a, b) => a <= b);
  }
}

function ordered(
  left: unknown,
  right: unknown,
  test: (left: string | number, right: string | number) => boolean,
): boolean {
  if (typeof left === 'number' && typeof right === 'number') return test(left, right);
  return typeof left === 'string' && typeof right === 'string' && test(left, right);
}

/** The field names of a simple path such as `.spec.replicas`, for subresource paths. */
export function simplePath(path: string): readonly string[] {
  const names: string[] = [];
  let index = 0;
  while (index < path.length) {
    if (path[index] === '.') index++;
    const { name, end } = readName(path, index);
    if (name !== '') names.push(name);
    index = Math.max(end, index + 1);
  }
  return names;
}
