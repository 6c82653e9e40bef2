import { contains, fetch, rawLength, sliceOf } from './access.ts';
import { callBuiltin, sorted } from './builtins.ts';
import { EvaluationFailure, ExpressionError, fail } from './errors.ts';
import { Meter } from './meter.ts';
import { add, divide, equal, modulo, multiply, negate, ordered, power, subtract, toInt } from './operations.ts';
import { isPredicateBuiltin } from './parser.ts';
import { matchesPattern } from './patterns.ts';
import type { Binary, Builtin, Call, Conditional, Member, Node } from './syntax.ts';
import { isMap, isNumeric, isSlice, slice, typeName } from './value.ts';
import type { Value } from './value.ts';

export interface EvaluationInput {
  readonly values: ReadonlyMap<string, Value>;
  /** What `now()` returns: nanoseconds since the Unix epoch. */
  readonly nowNs: bigint;
  /** Integer literals that stand for floats, found by the checker. */
  readonly floatLiterals: ReadonlySet<Node>;
}

export interface Evaluation {
  readonly value: Value;
  /** True when an operator or function was given NaN: the value may then be an accident of NaN being in no order. */
  readonly usedNaN: boolean;
}

/** Walks a checked tree. Throws ExpressionError (phase `run`) where the value cannot be computed or costs too much. */
export function evaluate(node: Node, input: EvaluationInput): Evaluation {
  const evaluator = new Evaluator(input);
  try {
    const value = evaluator.visit(node);
    return { value, usedNaN: evaluator.usedNaN };
  } catch (error) {
    if (error instanceof EvaluationFailure) throw new ExpressionError('run', error.message, evaluator.offset);
    throw error;
  }
}

/** Ends the chain around `?.` with nil. */
const CHAIN_END = Symbol('nil in front of ?.');

interface Loop {
  readonly items: readonly Value[];
  index: number;
  accumulator: Value;
}

class Evaluator {
  /** Where the node stands that was worked on last: the position of a failure. */
  offset = 0;
  usedNaN = false;
  readonly #input: EvaluationInput;
  readonly #meter = new Meter();
  readonly #variables = new Map<string, Value>();
  readonly #loops: Loop[] = [];

  constructor(input: EvaluationInput) {
    this.#input = input;
  }

  visit(node: Node): Value {
    this.#meter.step();
    this.offset = node.offset;
    switch (node.type) {
      case 'nil':
        return null;
      case 'bool':
      case 'string':
      case 'float':
        return node.value;
      case 'int':
        return this.#input.floatLiterals.has(node) ? Number(node.value) : node.value;
      case 'bytes':
        return slice(
          Array.from(node.value, (byte) => BigInt(byte.charCodeAt(0))),
          'uint8',
        );
      case 'identifier':
        return this.#identifier(node.name);
      case 'pointer':
        return this.#pointer(node.name);
      case 'unary':
        return this.#unary(node.operator, this.visit(node.operand));
      case 'binary':
        return this.#binary(node);
      case 'conditional':
        return this.#conditional(node);
      case 'chain':
        return this.#chain(node.inner);
      case 'member':
        return this.#member(node);
      case 'slice': {
        const base = this.visit(node.base);
        const to = node.to === undefined ? rawLength(base) : this.visit(node.to);
        return sliceOf(base, node.from === undefined ? 0n : this.visit(node.from), to);
      }
      case 'call':
        return this.#call(node);
      case 'builtin':
        return this.#builtin(node);
      case 'array':
        this.#meter.grow(node.items.length);
        return slice(node.items.map((item) => this.visit(item)));
      case 'map':
        return this.#map(node.pairs);
      case 'let':
        this.#variables.set(node.name, this.visit(node.value));
        return this.visit(node.body);
      case 'sequence':
        return node.nodes.reduce<Value>((_last, one) => this.visit(one), null);
    }
  }

  #identifier(name: string): Value {
    const variable = this.#variables.get(name);
    if (variable !== undefined) return variable;
    if (name === '$env') return { kind: 'map', key: 'string', entries: this.#input.values };
    return this.#input.values.get(name) ?? null;
  }

  #pointer(name: string): Value {
    const loop = this.#loops.at(-1);
    if (loop === undefined) return null;
    if (name === 'index') return BigInt(loop.index);
    return name === 'acc' ? loop.accumulator : (loop.items[loop.index] ?? null);
  }

  #unary(operator: string, value: Value): Value {
    if (operator === '-') return negate(value);
    return operator === '+' ? value : !asBool(value);
  }

  #binary(node: Binary): Value {
    switch (node.operator) {
      case 'and':
      case '&&':
        return this.#and(node);
      case 'or':
      case '||':
        return this.#or(node);
      case '??':
        return this.visit(node.left) ?? this.visit(node.right);
      case 'in':
        return this.#in(node);
    }
    const left = this.visit(node.left);
    const right = this.visit(node.right);
    this.offset = node.offset;
    this.#noteNaN(left);
    this.#noteNaN(right);
    return this.#operate(node.operator, left, right);
  }

  #operate(operator: string, left: Value, right: Value): Value {
    switch (operator) {
      case '==':
        this.#charge(left);
        return equal(left, right);
      case '!=':
        this.#charge(left);
        return !equal(left, right);
      case '<':
      case '>':
      case '<=':
      case '>=':
        return ordered(operator, left, right);
      case '+': {
        const sum = add(left, right);
        if (typeof sum === 'string') this.#meter.grow(sum.length);
        return sum;
      }
      case '-':
        return subtract(left, right);
      case '*':
        return multiply(left, right);
      case '/':
        return divide(left, right);
      case '%':
        return modulo(left, right);
      case '**':
      case '^':
        return power(left, right);
      case '..':
        return this.#range(toInt(left), toInt(right));
      case 'matches':
        return left !== null && right !== null && matchesPattern(asString(right), textOf(left));
      case 'contains':
        return left !== null && right !== null && asString(left).includes(asString(right));
      case 'startsWith':
        return left !== null && right !== null && asString(left).startsWith(asString(right));
      case 'endsWith':
        return left !== null && right !== null && asString(left).endsWith(asString(right));
      default:
        return fail(`unknown operator (${operator})`);
    }
  }

  /** A literal true or false decides before the other side is looked at, on whichever side it stands. */
  #and(node: Binary): Value {
    if (node.right.type === 'bool') return node.right.value ? this.visit(node.left) : false;
    const left = this.visit(node.left);
    return asBool(left) ? this.visit(node.right) : false;
  }

  #or(node: Binary): Value {
    if (node.right.type === 'bool') return node.right.value ? true : this.visit(node.left);
    const left = this.visit(node.left);
    return asBool(left) ? true : this.visit(node.right);
  }

  /** A list of string literals is a set of strings: looking up anything else in it is an error, not false. */
  #in(node: Binary): Value {
    const needle = this.visit(node.left);
    const { right } = node;
    const haystack = this.visit(right);
    this.offset = node.offset;
    this.#charge(haystack);
    const isStringSet =
      right.type === 'array' && right.items.length > 0 && right.items.every((item) => item.type === 'string');
    if (!isStringSet) return contains(haystack, needle);
    if (needle !== null && typeof needle !== 'string') {
      return fail(`reflect.Value.MapIndex: value of type ${typeName(needle)} is not assignable to type string`);
    }
    return contains(haystack, needle ?? '');
  }

  #noteNaN(value: Value): void {
    if (isSlice(value)) this.#meter.step(value.items.length);
    if (Number.isNaN(value) || (isSlice(value) && value.items.some(Number.isNaN))) this.usedNaN = true;
  }

  /** Looking through a long value is not one step. */
  #charge(value: Value): void {
    if (isSlice(value)) this.#meter.step(value.items.length);
    if (isMap(value)) this.#meter.step(value.entries.size);
  }

  #range(from: bigint, to: bigint): Value {
    // In 64 bits, as Go counts: a range that is too long to be counted is empty.
    const size = Math.max(0, Number(BigInt.asIntN(64, to - from + 1n)));
    this.#meter.grow(size);
    return slice(
      Array.from({ length: size }, (_, index) => from + BigInt(index)),
      'int',
    );
  }

  #conditional(node: Conditional): Value {
    return asBool(this.visit(node.condition)) ? this.visit(node.whenTrue) : this.visit(node.whenFalse);
  }

  #chain(inner: Node): Value {
    const depth = this.#loops.length;
    try {
      return this.visit(inner);
    } catch (error) {
      if (error !== CHAIN_END) throw error;
      this.#loops.length = depth;
      return null;
    }
  }

  #member(node: Member): Value {
    const base = this.visit(node.base);
    // A symbol: leaving a chain is no error and needs no stack.
    if (node.optional && base === null) throw CHAIN_END;
    const property = this.visit(node.property);
    this.offset = node.offset;
    return fetch(base, property);
  }

  #call(node: Call): Value {
    const args = node.args.map((argument) => this.visit(argument));
    for (const argument of args) this.#noteNaN(argument);
    const callee = this.visit(node.callee);
    this.offset = node.offset;
    if (callee === null) return fail('invalid operation: cannot call nil');
    if (typeof callee !== 'object' || callee.kind !== 'func') {
      return fail(`invalid operation: cannot call non-function of type ${typeName(callee)}`);
    }
    if (callee.parameterCount !== args.length) {
      fail(`invalid number of arguments: expected ${callee.parameterCount}, got ${args.length}`);
    }
    this.#meter.step(callee.steps ?? 0);
    const result = callee.call(args);
    if (typeof result === 'string') this.#meter.grow(result.length);
    return result;
  }

  #map(pairs: readonly { readonly key: Node; readonly value: Node }[]): Value {
    this.#meter.grow(pairs.length);
    const entries = new Map<Value, Value>();
    for (const pair of pairs) {
      const key = this.visit(pair.key);
      entries.set(asString(key), this.visit(pair.value));
    }
    return { kind: 'map', key: 'string', entries };
  }

  #builtin(node: Builtin): Value {
    if (isPredicateBuiltin(node.name)) return this.#predicateBuiltin(node);
    const args = node.args.map((argument) => this.visit(argument));
    this.offset = node.offset;
    for (const argument of args) {
      if (isMap(argument)) this.#charge(argument);
      this.#noteNaN(argument);
    }
    return callBuiltin(node.name, args, { meter: this.#meter, nowNs: this.#input.nowNs });
  }

  #predicateBuiltin(node: Builtin): Value {
    const [source, body, extra] = node.args;
    if (source === undefined) return null;
    const collection = this.visit(source);
    this.offset = node.offset;
    const loop: Loop = { items: elements(collection), index: 0, accumulator: null };
    // The third argument of reduce and sortBy is evaluated inside the loop's scope, as in the Go implementation.
    this.#loops.push(loop);
    const initial = extra === undefined ? undefined : this.visit(extra);
    const result = this.#iterate(node.name, loop, body, initial);
    this.#loops.pop();
    return result;
  }

  #iterate(name: string, loop: Loop, body: Node | undefined, initial: Value | undefined): Value {
    const test = (): boolean => asBool(this.#evaluateBody(loop, body));
    switch (name) {
      case 'all':
        return this.#first(loop, () => !test()) < 0;
      case 'none':
        return this.#first(loop, test) < 0;
      case 'any':
        return this.#first(loop, test) >= 0;
      case 'one':
        return this.#select(loop, test).length === 1;
      case 'count':
        return BigInt(this.#select(loop, test).length);
      case 'filter': {
        const kept = this.#select(loop, test);
        this.#meter.grow(kept.length);
        return slice(kept);
      }
      case 'find':
        return loop.items[this.#first(loop, test)] ?? null;
      case 'findIndex':
        return indexOrNil(this.#first(loop, test));
      case 'findLast':
        return loop.items[this.#last(loop, test)] ?? null;
      case 'findLastIndex':
        return indexOrNil(this.#last(loop, test));
      case 'map':
        this.#meter.grow(loop.items.length);
        return slice(this.#mapped(loop, body));
      case 'sum':
        this.#noteNaN(slice(loop.items));
        return this.#mapped(loop, body).reduce<Value>((total, item) => add(item, total), 0n);
      case 'reduce':
        return this.#reduce(loop, body, initial);
      case 'groupBy':
        return this.#groupBy(loop, body);
      case 'sortBy':
        return this.#sortBy(loop, body, initial);
      default:
        return fail(`unknown builtin ${name}`);
    }
  }

  #evaluateBody(loop: Loop, body: Node | undefined): Value {
    this.#meter.step();
    return body === undefined ? (loop.items[loop.index] ?? null) : this.visit(body);
  }

  #first(loop: Loop, test: () => boolean): number {
    for (loop.index = 0; loop.index < loop.items.length; loop.index += 1) {
      if (test()) return loop.index;
    }
    return -1;
  }

  #last(loop: Loop, test: () => boolean): number {
    for (loop.index = loop.items.length - 1; loop.index >= 0; loop.index -= 1) {
      if (test()) return loop.index;
    }
    return -1;
  }

  #select(loop: Loop, test: () => boolean): Value[] {
    const kept: Value[] = [];
    for (loop.index = 0; loop.index < loop.items.length; loop.index += 1) {
      if (test()) kept.push(loop.items[loop.index] ?? null);
    }
    return kept;
  }

  #mapped(loop: Loop, body: Node | undefined): Value[] {
    const results: Value[] = [];
    for (loop.index = 0; loop.index < loop.items.length; loop.index += 1) results.push(this.#evaluateBody(loop, body));
    return results;
  }

  #reduce(loop: Loop, body: Node | undefined, initial: Value | undefined): Value {
    const [first] = loop.items;
    if (initial === undefined && loop.items.length === 0) fail('reduce of empty array with no initial value');
    loop.accumulator = initial === undefined ? (first ?? null) : initial;
    for (loop.index = initial === undefined ? 1 : 0; loop.index < loop.items.length; loop.index += 1) {
      loop.accumulator = this.#evaluateBody(loop, body);
    }
    return loop.accumulator;
  }

  #groupBy(loop: Loop, body: Node | undefined): Value {
    const groups = new Map<Value, Value[]>();
    for (const [index, key] of this.#mapped(loop, body).entries()) {
      if (isSlice(key) || isMap(key)) fail(`hash of unhashable type: ${typeName(key)}`);
      const group = groups.get(key) ?? [];
      group.push(loop.items[index] ?? null);
      groups.set(key, group);
    }
    const entries = new Map([...groups].map(([key, items]) => [key, slice(items)]));
    return { kind: 'map', key: 'interface {}', entries, ofLists: true };
  }

  #sortBy(loop: Loop, body: Node | undefined, initial: Value | undefined): Value {
    const order = initial ?? 'asc';
    if (order !== 'asc' && order !== 'desc') fail('unknown order, use asc or desc');
    const keyed = this.#mapped(loop, body).map((key, index) => ({ key, item: loop.items[index] ?? null }));
    this.#meter.grow(loop.items.length);
    const context = { meter: this.#meter, nowNs: this.#input.nowNs };
    return slice(sorted(keyed, order === 'asc' ? 'asc' : 'desc', (one) => one.key, context).map((one) => one.item));
  }
}

function asBool(value: Value): boolean {
  if (typeof value === 'boolean') return value;
  return fail(`interface conversion: interface {} is ${value === null ? 'nil' : typeName(value)}, not bool`);
}

function asString(value: Value): string {
  if (typeof value === 'string') return value;
  return fail(`interface conversion: interface {} is ${value === null ? 'nil' : typeName(value)}, not string`);
}

function textOf(value: Value): string {
  if (!isSlice(value) || value.element !== 'uint8') return asString(value);
  return new TextDecoder().decode(Uint8Array.from(value.items, (byte) => (isNumeric(byte) ? Number(byte) : 0)));
}

function indexOrNil(index: number): Value {
  return index < 0 ? null : BigInt(index);
}

function elements(value: Value): readonly Value[] {
  if (isSlice(value)) return value.items;
  if (typeof value === 'string') return Array.from(new TextEncoder().encode(value), BigInt);
  if (isMap(value) && value.entries.size === 0) return [];
  if (value === null) return fail('reflect: call of reflect.Value.Len on zero Value');
  if (isMap(value)) return fail('reflect: call of reflect.Value.Index on map Value');
  return fail(`reflect: call of reflect.Value.Len on ${typeName(value)} Value`);
}
