import type { Checker } from './checker.ts';
import {
  ANY,
  ANY_MAP,
  ANY_SLICE,
  BOOL,
  DURATION,
  FLOAT,
  FLOAT_SLICE,
  INT,
  INT_SLICE,
  LOCATION,
  STRING,
  STRING_SLICE,
  TIME,
  UNKNOWN,
  isInteger,
  isNumber,
  assignable,
  sliceOf,
} from './go-type.ts';
import type { GoType, Signature } from './go-type.ts';
import { isPredicateBuiltin } from './parser.ts';
import type { Builtin } from './syntax.ts';

/** The type of a call of a builtin; throws ExpressionError where its arguments can never work. */
export function checkBuiltin(checker: Checker, node: Builtin): GoType {
  if (isPredicateBuiltin(node.name)) return checkPredicateBuiltin(checker, node);
  if (node.name === 'get') return checkGet(checker, node);
  const signatures = SIGNATURES.get(node.name);
  if (signatures !== undefined) return checker.arguments(node.name, signatures, node);
  const types = node.args.map((argument) => checker.visit(argument));
  const outcome = validate(node.name, types);
  return typeof outcome === 'string' ? checker.error(outcome, node) : outcome;
}

/** Every name that calls a builtin. */
export function builtinNames(): ReadonlySet<string> {
  return NAMES;
}

function checkPredicateBuiltin(checker: Checker, node: Builtin): GoType {
  const [source, body, extra] = node.args;
  if (source === undefined) return checker.error(`not enough arguments to call ${node.name}`, node);
  const collection = checker.visit(source);
  if (collection.kind !== 'slice' && collection.kind !== 'any') {
    return checker.error(`builtin ${node.name} takes only array (got ${collection.name})`, source);
  }
  const element = collection.kind === 'slice' ? collection.element : UNKNOWN;
  if (body === undefined) return node.name === 'count' ? INT : element;
  const result = checker.predicate(body, collection, predicateVariables(node.name));
  if (result.kind === 'nil') return checker.error('predicate should has one input and one output param', body);
  if (extra !== undefined) {
    const order = checker.visit(extra);
    if (node.name === 'sortBy' && order.kind !== 'string' && order.kind !== 'any') {
      checker.error(`sortBy order argument must be a string (got ${order.name})`, extra);
    }
  }
  if (BOOLEAN_PREDICATES.has(node.name) && result.kind !== 'bool' && result.kind !== 'any') {
    checker.error(`predicate should return boolean (got ${result.name})`, body);
  }
  return predicateResult(node.name, collection, result);
}

const BOOLEAN_PREDICATES = new Set([
  'all',
  'none',
  'any',
  'one',
  'filter',
  'count',
  'find',
  'findLast',
  'findIndex',
  'findLastIndex',
]);
const INDEX: ReadonlyMap<string, GoType> = new Map([['index', INT]]);
const INDEX_AND_ACCUMULATOR: ReadonlyMap<string, GoType> = new Map([
  ['index', INT],
  ['acc', UNKNOWN],
]);

function predicateVariables(name: string): ReadonlyMap<string, GoType> {
  if (name === 'map') return INDEX;
  return name === 'reduce' ? INDEX_AND_ACCUMULATOR : new Map();
}

function predicateResult(name: string, collection: GoType, result: GoType): GoType {
  const element = collection.kind === 'slice' ? collection.element : UNKNOWN;
  switch (name) {
    case 'filter':
      return collection.kind === 'slice' ? sliceOf(element) : ANY_SLICE;
    case 'map':
      return sliceOf(result);
    case 'count':
    case 'findIndex':
    case 'findLastIndex':
      return INT;
    case 'find':
    case 'findLast':
      return element;
    case 'sum':
    case 'reduce':
      return result;
    case 'groupBy':
      return { kind: 'map', name: 'map[interface {}][]interface {}', key: ANY, element: ANY_SLICE };
    case 'sortBy':
      return collection;
    default:
      return BOOL;
  }
}

function checkGet(checker: Checker, node: Builtin): GoType {
  const [from, key] = node.args;
  if (from === undefined || key === undefined || node.args.length !== 2) {
    return checker.error(`invalid number of arguments (expected 2, got ${node.args.length})`, node);
  }
  const base = checker.visit(from);
  const property = checker.visit(key);
  if (base.kind === 'any') return UNKNOWN;
  if (base.kind === 'slice') {
    if (isInteger(property) || property.kind === 'any') return base.element;
    return checker.error(`non-integer slice index ${property.name}`, key);
  }
  if (base.kind === 'map') {
    if (property.kind === 'any' || assignable(property, base.key)) return base.element;
    return checker.error(`cannot use ${property.name} to get an element from ${base.name}`, key);
  }
  return checker.error(`type ${base.name} does not support indexing`, from);
}

function signature(parameters: readonly GoType[], result: GoType): Signature {
  return { parameters, result };
}

const S = STRING;
const TWO_STRINGS_TO_BOOL = [signature([S, S], BOOL)];
const TWO_STRINGS_TO_INT = [signature([S, S], INT)];
const STRING_TO_STRING = [signature([S], S)];
const ONE_OR_TWO_STRINGS = [signature([S, S], S), signature([S], S)];
const SPLIT = [signature([S, S], STRING_SLICE), signature([S, S, INT], STRING_SLICE)];
const BITS = [signature([INT, INT], INT)];
const SORTABLE = [ANY_SLICE, INT_SLICE, FLOAT_SLICE, STRING_SLICE];

/** Builtins that are checked like Go functions, each with its overloads in order. */
const SIGNATURES: ReadonlyMap<string, readonly Signature[]> = new Map<string, readonly Signature[]>([
  ['type', [signature([ANY], S)]],
  ['string', [signature([ANY], S)]],
  ['trim', [signature([S], S), signature([S, S], S)]],
  ['trimPrefix', ONE_OR_TWO_STRINGS],
  ['trimSuffix', ONE_OR_TWO_STRINGS],
  ['upper', STRING_TO_STRING],
  ['lower', STRING_TO_STRING],
  ['split', SPLIT],
  ['splitAfter', SPLIT],
  ['replace', [signature([S, S, S, INT], S), signature([S, S, S], S)]],
  ['repeat', [signature([S, INT], S)]],
  [
    'join',
    [[STRING_SLICE, S], [ANY_SLICE, S], [ANY_SLICE], [STRING_SLICE, S], [STRING_SLICE]].map((one) => signature(one, S)),
  ],
  ['indexOf', TWO_STRINGS_TO_INT],
  ['lastIndexOf', TWO_STRINGS_TO_INT],
  ['hasPrefix', TWO_STRINGS_TO_BOOL],
  ['hasSuffix', TWO_STRINGS_TO_BOOL],
  ['toJSON', [signature([ANY], S)]],
  ['fromJSON', [signature([S], ANY)]],
  ['toBase64', STRING_TO_STRING],
  ['fromBase64', STRING_TO_STRING],
  ['duration', [signature([S], DURATION)]],
  ['timezone', [signature([S], LOCATION)]],
  [
    'sort',
    [
      ...SORTABLE.map((list) => signature([list, S], ANY_SLICE)),
      ...[ANY_SLICE, FLOAT_SLICE, STRING_SLICE, INT_SLICE].map((list) => signature([list], ANY_SLICE)),
    ],
  ],
  ...['bitand', 'bitor', 'bitxor', 'bitnand', 'bitshl', 'bitshr', 'bitushr'].map((name) => [name, BITS] as const),
  ['bitnot', [signature([INT], INT)]],
]);

const VALIDATED = [
  'len',
  'abs',
  'ceil',
  'floor',
  'round',
  'int',
  'float',
  'max',
  'min',
  'mean',
  'median',
  'now',
  'date',
  'first',
  'last',
  'take',
  'keys',
  'values',
  'toPairs',
  'fromPairs',
  'reverse',
  'uniq',
  'concat',
  'flatten',
];
const PREDICATES = [
  'all',
  'none',
  'any',
  'one',
  'filter',
  'map',
  'find',
  'findIndex',
  'findLast',
  'findLastIndex',
  'count',
  'sum',
  'groupBy',
  'sortBy',
  'reduce',
];
const NAMES: ReadonlySet<string> = new Set([...SIGNATURES.keys(), ...VALIDATED, ...PREDICATES, 'get']);

/** Go's own name of nil's type in a message. */
function label(type: GoType): string {
  return type.kind === 'nil' ? '%!s(<nil>)' : type.kind === 'any' ? 'interface {}' : type.name;
}

/** The result type, or what is wrong. */
function validate(name: string, types: readonly GoType[]): GoType | string {
  if (name === 'concat') return validateConcat(types);
  if (name === 'max' || name === 'min' || name === 'mean' || name === 'median') return validateAggregate(name, types);
  if (name === 'now')
    return types.length === 0 ? TIME : `invalid number of arguments (expected 0, got ${types.length})`;
  if (name === 'date') return validateDate(types);
  const [first, second] = types;
  const wanted = name === 'take' ? 2 : 1;
  if (first === undefined || types.length !== wanted)
    return `invalid number of arguments (expected ${wanted}, got ${types.length})`;
  return name === 'take' ? validateTake(first, second ?? UNKNOWN) : validateOne(name, first);
}

function validateOne(name: string, type: GoType): GoType | string {
  const any = type.kind === 'any';
  const number = isNumber(type) || type.kind === 'int' || type.kind === 'duration';
  const list = type.kind === 'slice';
  const wrong = `invalid argument for ${name} (type ${label(type)})`;
  switch (name) {
    case 'len':
      return any || list || type.kind === 'map' || type.kind === 'string' ? INT : wrong;
    case 'abs':
      return any || number ? type : wrong;
    case 'ceil':
    case 'floor':
    case 'round':
      return any || number ? FLOAT : wrong;
    case 'int':
      return any || number || type.kind === 'string' ? INT : wrong;
    case 'float':
      return any || number || type.kind === 'string' ? FLOAT : wrong;
    case 'first':
    case 'last':
      if (any) return ANY;
      return type.kind === 'slice' ? elementByName(type) : `cannot get ${name} element from ${label(type)}`;
    case 'keys':
    case 'values':
      return any || type.kind === 'map' ? ANY_SLICE : `cannot get ${name} from ${label(type)}`;
    case 'toPairs':
      return any || type.kind === 'map' ? ANY_SLICE : `cannot transform ${label(type)} to pairs`;
    case 'fromPairs':
      return any || list ? ANY_MAP : `cannot transform ${label(type)} from pairs`;
    default:
      return any || list ? ANY_SLICE : `cannot ${name} ${label(type)}`;
  }
}

/** What the Go type alone says about elements: what was learnt about a `[]interface {}` is forgotten. */
function elementByName(type: Extract<GoType, { kind: 'slice' }>): GoType {
  return type.name === '[]interface {}' ? ANY : type.element;
}

function validateTake(list: GoType, count: GoType): GoType | string {
  if (list.kind !== 'any' && list.kind !== 'slice') return `cannot take from ${label(list)}`;
  if (count.kind !== 'any' && count.kind !== 'int' && count.kind !== 'duration')
    return `cannot take ${label(count)} elements`;
  return list.kind === 'slice' && list.name === '[]interface {}' ? ANY_SLICE : list;
}

function validateConcat(types: readonly GoType[]): GoType | string {
  if (types.length === 0) return 'invalid number of arguments (expected at least 1, got 0)';
  const wrong = types.find((type) => type.kind !== 'any' && type.kind !== 'slice');
  return wrong === undefined ? ANY_SLICE : `cannot concat ${label(wrong)}`;
}

function validateAggregate(name: string, types: readonly GoType[]): GoType | string {
  const [first] = types;
  if (first === undefined) return `not enough arguments to call ${name}`;
  for (const type of types) {
    if (type.kind === 'any' || type.kind === 'slice') return ANY;
    if (!isNumber(type) && type.kind !== 'int' && type.kind !== 'duration')
      return `invalid argument for ${name} (type ${label(type)})`;
  }
  return first;
}

function validateDate(types: readonly GoType[]): GoType | string {
  if (types.length === 0) return 'invalid number of arguments (expected at least 1, got 0)';
  const count = types[0]?.kind === 'location' ? types.length - 1 : types.length;
  return count > 3 ? `invalid number of arguments (expected at most 3, got ${count})` : TIME;
}
