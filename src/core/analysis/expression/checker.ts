import { checkBuiltin } from './builtin-types.ts';
import { ExpressionError } from './errors.ts';
import {
  ANY,
  ANY_SLICE,
  BOOL,
  DURATION,
  FLOAT,
  INT,
  NIL,
  STRING,
  STRING_MAP,
  BYTES,
  TIME,
  UNKNOWN,
} from './go-type.ts';
import { assignable, comparable, isInteger, isNumber, promote, sliceOf } from './go-type.ts';
import type { GoType, Signature } from './go-type.ts';
import { checkPattern } from './patterns.ts';
import type { Binary, Builtin, Call, Conditional, Member, Node, Slice, Unary } from './syntax.ts';
import { methodOf } from './time-methods.ts';

/** What the checker found out and the evaluator needs. */
export interface Checked {
  readonly type: GoType;
  /** Integer literals that stand where a float64 parameter is wanted. */
  readonly floatLiterals: ReadonlySet<Node>;
}

/** Types by name of what the expression may refer to. */
export type TypeEnvironment = ReadonlyMap<string, GoType>;

/**
 * Checks types the way the Go implementation does before it compiles: names must exist, operators must fit their
 * operands where both are known. Throws ExpressionError at the first node that does not.
 */
export function check(node: Node, environment: TypeEnvironment, builtins: ReadonlySet<string>): Checked {
  const checker = new Checker(environment, builtins);
  const type = checker.visit(node);
  return { type, floatLiterals: checker.floatLiterals };
}

interface PredicateScope {
  readonly collection: GoType;
  readonly variables: ReadonlyMap<string, GoType>;
}

export class Checker {
  readonly floatLiterals = new Set<Node>();
  readonly #environment: TypeEnvironment;
  readonly #builtins: ReadonlySet<string>;
  readonly #variables: { readonly name: string; readonly type: GoType }[] = [];
  readonly #predicates: PredicateScope[] = [];

  constructor(environment: TypeEnvironment, builtins: ReadonlySet<string>) {
    this.#environment = environment;
    this.#builtins = builtins;
  }

  visit(node: Node): GoType {
    switch (node.type) {
      case 'nil':
        return NIL;
      case 'bool':
        return BOOL;
      case 'int':
        return INT;
      case 'float':
        return FLOAT;
      case 'string':
        return STRING;
      case 'bytes':
        return BYTES;
      case 'identifier':
        return this.#identifier(node.name, node.offset);
      case 'pointer':
        return this.#pointer(node.name, node.offset);
      case 'unary':
        return this.#unary(node);
      case 'binary':
        return this.#binary(node);
      case 'conditional':
        return this.#conditional(node);
      case 'chain':
        return this.visit(node.inner);
      case 'member':
        return this.#member(node);
      case 'slice':
        return this.#slice(node);
      case 'call':
        return this.#call(node);
      case 'builtin':
        return checkBuiltin(this, node);
      case 'array':
        return this.#array(node.items);
      case 'map':
        for (const pair of node.pairs) {
          this.visit(pair.key);
          this.visit(pair.value);
        }
        return STRING_MAP;
      case 'let':
        return this.#declaration(node);
      case 'sequence':
        return this.#sequence(node.nodes);
    }
  }

  error(message: string, node: { readonly offset: number }): never {
    throw new ExpressionError('compile', message, node.offset);
  }

  /** The type of a closure's body for elements of `collection`; `undefined` when it returns nothing but nil. */
  predicate(body: Node, collection: GoType, variables: ReadonlyMap<string, GoType> = new Map()): GoType {
    this.#predicates.push({ collection, variables });
    const type = this.visit(body);
    this.#predicates.pop();
    return type;
  }

  /** Checks arguments against the signatures of a function: one must fit, else the last one's objection is the error. */
  arguments(name: string, signatures: readonly Signature[], node: Call | Builtin): GoType {
    const types = node.args.map((argument) => this.visit(argument));
    let objection: { readonly message: string; readonly at: Node } | undefined;
    for (const signature of signatures) {
      objection = objectionTo(name, signature.parameters, node, types);
      if (objection !== undefined) continue;
      for (const [index, argument] of node.args.entries()) {
        if (signature.parameters[index]?.kind === 'float') collectIntegerLiterals(argument, this.floatLiterals);
      }
      return signature.result;
    }
    return this.error(objection?.message ?? `no matching overload for ${name}`, objection?.at ?? node);
  }

  #identifier(name: string, offset: number): GoType {
    const variable = this.#variables.findLast((one) => one.name === name);
    if (variable !== undefined) return variable.type;
    if (name === '$env') return UNKNOWN;
    const known = this.#environment.get(name);
    if (known !== undefined) return known;
    return this.error(`unknown name ${name}`, { offset });
  }

  #pointer(name: string, offset: number): GoType {
    const scope = this.#predicates.at(-1);
    if (scope === undefined) return this.error('cannot use pointer accessor outside predicate', { offset });
    if (name !== '') return scope.variables.get(name) ?? this.error(`unknown pointer #${name}`, { offset });
    return scope.collection.kind === 'slice' ? scope.collection.element : UNKNOWN;
  }

  #unary(node: Unary): GoType {
    const type = this.visit(node.operand);
    const logical = node.operator === '!' || node.operator === 'not';
    if (logical && (type.kind === 'bool' || type.kind === 'any')) return BOOL;
    if (!logical && isNumber(type)) return type;
    if (!logical && type.kind === 'any') return UNKNOWN;
    return this.error(`invalid operation: ${node.operator} (mismatched type ${type.name})`, node);
  }

  #binary(node: Binary): GoType {
    const left = this.visit(node.left);
    const right = this.visit(node.right);
    if (node.operator === 'matches' && node.right.type === 'string') {
      const problem = checkPattern(node.right.value);
      if (problem !== undefined) this.error(problem, node);
    }
    if (node.operator === 'in') this.#membership(left, right, node);
    // The Go implementation folds constants before it runs.
    if (node.operator === '%' && node.left.type === 'int' && node.right.type === 'int' && node.right.value === 0n) {
      this.error('integer divide by zero', node);
    }
    const result = typeOfOperation(node.operator, left, right);
    if (result !== undefined) return result;
    return this.error(`invalid operation: ${node.operator} (mismatched types ${left.name} and ${right.name})`, node);
  }

  #membership(left: GoType, right: GoType, node: Node): void {
    if (right.kind === 'map' && left.kind !== 'any' && !assignable(left, right.key)) {
      this.error(`cannot use ${left.name} as type ${right.key.name} in map key`, node);
    }
    if (right.kind === 'slice' && !comparable(left, right.element)) {
      this.error(`cannot use ${left.name} as type ${right.element.name} in array`, node);
    }
  }

  #conditional(node: Conditional): GoType {
    const condition = this.visit(node.condition);
    if (condition.kind !== 'bool' && condition.kind !== 'any') {
      this.error(`non-bool expression (type ${condition.name}) used as condition`, node.condition);
    }
    const whenTrue = this.visit(node.whenTrue);
    const whenFalse = this.visit(node.whenFalse);
    if (whenTrue.kind === 'nil') return whenFalse;
    if (whenFalse.kind === 'nil') return whenTrue;
    if (!assignable(whenTrue, whenFalse)) return UNKNOWN;
    if (whenTrue.kind === 'slice' && whenFalse.kind === 'slice' && !sameType(whenTrue.element, whenFalse.element))
      return ANY_SLICE;
    return whenTrue;
  }

  #member(node: Member): GoType {
    if (node.base.type === 'identifier' && node.base.name === '$env') return this.#environmentMember(node);
    const base = this.visit(node.base);
    const property = this.visit(node.property);
    if (base.kind === 'any') return UNKNOWN;
    const name = node.property.type === 'string' ? node.property.value : undefined;
    if (base.kind === 'nil' && name !== undefined) this.error(`type nil has no field ${name}`, node);
    if (name !== undefined) {
      const method = methodOf(base, name);
      if (method !== undefined) return method;
    }
    if (base.kind === 'map') {
      if (property.kind === 'any' || assignable(property, base.key)) return base.element;
      this.error(`cannot use ${property.name} to get an element from ${base.name}`, node.property);
    }
    if (base.kind === 'slice') {
      if (property.kind === 'any' || isInteger(property)) return base.element;
      this.error(`array elements can only be selected using an integer (got ${property.name})`, node.property);
    }
    if (name === undefined) return this.error(`type ${base.name}[${property.name}] is undefined`, node);
    return this.error(`type ${base.name} has no ${node.method ? 'method' : 'field'} ${name}`, node);
  }

  #environmentMember(node: Member): GoType {
    if (node.property.type !== 'string') return UNKNOWN;
    const known = this.#environment.get(node.property.value);
    if (known !== undefined) return known;
    return node.optional ? UNKNOWN : this.error(`unknown name ${node.property.value}`, node);
  }

  #slice(node: Slice): GoType {
    const base = this.visit(node.base);
    if (base.kind === 'any') return UNKNOWN;
    if (base.kind !== 'string' && base.kind !== 'slice') this.error(`cannot slice ${base.name}`, node);
    for (const bound of [node.from, node.to]) {
      if (bound === undefined) continue;
      const type = this.visit(bound);
      if (type.kind !== 'any' && !isInteger(type)) this.error(`non-integer slice index ${type.name}`, bound);
    }
    return base;
  }

  #call(node: Call): GoType {
    if (node.callee.type === 'identifier' && node.callee.name === '$env') {
      this.error('map[string]interface {} is not callable', node);
    }
    const callee = this.visit(node.callee);
    if (callee.kind === 'any') {
      for (const argument of node.args) this.visit(argument);
      return UNKNOWN;
    }
    const name = calleeName(node.callee);
    if (callee.kind === 'nil') this.error(`${name} is nil; cannot call nil as function`, node);
    if (callee.kind !== 'func') return this.error(`${callee.name} is not callable`, node);
    return this.arguments(name, [callee.signature], node);
  }

  #array(items: readonly Node[]): GoType {
    let same = true;
    let previous: GoType | undefined;
    for (const item of items) {
      const type = this.visit(item);
      if (previous !== undefined && previous.kind !== type.kind) same = false;
      previous = type;
    }
    return same ? sliceOf(previous ?? UNKNOWN) : ANY_SLICE;
  }

  #declaration(node: Extract<Node, { type: 'let' }>): GoType {
    if (this.#environment.has(node.name)) this.error(`cannot redeclare ${node.name}`, node);
    if (this.#builtins.has(node.name)) this.error(`cannot redeclare builtin ${node.name}`, node);
    if (this.#variables.some((one) => one.name === node.name))
      this.error(`cannot redeclare variable ${node.name}`, node);
    this.#variables.push({ name: node.name, type: this.visit(node.value) });
    const type = this.visit(node.body);
    this.#variables.pop();
    return type;
  }

  #sequence(nodes: readonly Node[]): GoType {
    let last: GoType = UNKNOWN;
    for (const node of nodes) last = this.visit(node);
    return last;
  }
}

type Check = (type: GoType) => boolean;
const isKind =
  (kind: GoType['kind']): Check =>
  (type) =>
    type.kind === kind;
const isString = isKind('string');
const isBool = isKind('bool');
const isTime = isKind('time');
const isDuration = isKind('duration');

/** Undefined when the operator is not defined for these operands. */
function typeOfOperation(operator: string, left: GoType, right: GoType): GoType | undefined {
  const both = (test: Check): boolean => test(left) && test(right);
  const maybe = (...tests: readonly Check[]): boolean => maybeCompatible(left, right, tests);
  switch (operator) {
    case '==':
    case '!=':
      return comparable(left, right) ? BOOL : undefined;
    case 'or':
    case '||':
    case 'and':
    case '&&':
      return both(isBool) || maybe(isBool) ? BOOL : undefined;
    case '<':
    case '>':
    case '>=':
    case '<=': {
      const ordered = both(isNumber) || both(isString) || both(isTime) || both(isDuration);
      return ordered || maybe(isNumber, isString, isTime, isDuration) ? BOOL : undefined;
    }
    case '+':
    case '-':
    case '*':
      return typeOfArithmetic(operator, left, right);
    case '/':
    case '**':
    case '^':
      return both(isNumber) || maybe(isNumber) ? FLOAT : undefined;
    case '%':
      return both(isInteger) || maybe(isInteger) ? INT : undefined;
    case '..':
      return both(isInteger) || maybe(isInteger) ? sliceOf(INT) : undefined;
    case 'in':
      if (right.kind === 'map' || right.kind === 'slice' || right.kind === 'any') return BOOL;
      return left.kind === 'any' && (isString(right) || isTime(right))
        ? BOOL
        : isString(left) && isTime(right)
          ? BOOL
          : undefined;
    case 'matches':
      return (left.name === '[]uint8' && isString(right)) || both(isString) || maybe(isString) ? BOOL : undefined;
    case 'contains':
    case 'startsWith':
    case 'endsWith':
      return both(isString) || maybe(isString) ? BOOL : undefined;
    case '??':
      return typeOfCoalesce(left, right);
    default:
      return undefined;
  }
}

function typeOfArithmetic(operator: '+' | '-' | '*', left: GoType, right: GoType): GoType | undefined {
  if (isNumber(left) && isNumber(right)) return promote(left, right);
  const pair = `${left.kind} ${operator} ${right.kind}`;
  switch (pair) {
    case 'string + string':
      return STRING;
    case 'time + duration':
    case 'duration + time':
    case 'time - duration':
      return TIME;
    case 'time - time':
    case 'duration + duration':
    case 'duration - duration':
    case 'duration * duration':
      return DURATION;
  }
  if (operator === '*' && ((isNumber(left) && isDuration(right)) || (isDuration(left) && isNumber(right))))
    return DURATION;
  const tests = {
    '+': [isNumber, isString, isTime, isDuration],
    '-': [isNumber, isTime, isDuration],
    '*': [isNumber, isDuration],
  }[operator];
  return maybeCompatible(left, right, tests) ? UNKNOWN : undefined;
}

function typeOfCoalesce(left: GoType, right: GoType): GoType {
  if (left.kind === 'nil') return right;
  if (right.kind === 'nil') return left;
  return assignable(right, left) ? left : UNKNOWN;
}

function maybeCompatible(left: GoType, right: GoType, tests: readonly Check[]): boolean {
  const leftAny = left.kind === 'any';
  const rightAny = right.kind === 'any';
  if (leftAny && rightAny) return true;
  return (leftAny && tests.some((test) => test(right))) || (rightAny && tests.some((test) => test(left)));
}

function sameType(left: GoType, right: GoType): boolean {
  return assignable(left, right) && assignable(right, left);
}

function calleeName(callee: Node): string {
  if (callee.type === 'identifier') return callee.name;
  if (callee.type === 'member' && callee.property.type === 'string') return callee.property.value;
  return 'function';
}

function objectionTo(
  name: string,
  parameters: readonly GoType[],
  node: Call | Builtin,
  types: readonly GoType[],
): { readonly message: string; readonly at: Node } | undefined {
  if (types.length > parameters.length) return { message: `too many arguments to call ${name}`, at: node };
  if (types.length < parameters.length) return { message: `not enough arguments to call ${name}`, at: node };
  for (const [index, type] of types.entries()) {
    const parameter = parameters[index] ?? ANY;
    const at = node.args[index] ?? node;
    if ((parameter.kind === 'float' || isInteger(parameter)) && isInteger(type)) continue;
    if (type.kind === 'nil' && parameter.kind !== 'any') {
      return { message: `cannot use nil as argument (type ${parameter.name}) to call ${name}`, at };
    }
    if (type.kind !== 'any' && !assignable(type, parameter)) {
      return { message: `cannot use ${type.name} as argument (type ${parameter.name}) to call ${name} `, at };
    }
  }
  return undefined;
}

/** `f(1 + 2)` with a float64 parameter is `f(1.0 + 2.0)`. */
function collectIntegerLiterals(node: Node, found: Set<Node>): void {
  if (node.type === 'int') found.add(node);
  if (node.type === 'unary') collectIntegerLiterals(node.operand, found);
  if (node.type === 'binary' && ['+', '-', '*'].includes(node.operator)) {
    collectIntegerLiterals(node.left, found);
    collectIntegerLiterals(node.right, found);
  }
}
