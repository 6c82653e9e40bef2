import { builtinNames } from './builtin-types.ts';
import { check } from './checker.ts';
import { TIME_TYPES, TIME_VALUES, conditionTypes, conditionValues, typeOfResult } from './environment.ts';
import { ExpressionError } from './errors.ts';
import { evaluate } from './evaluator.ts';
import { UNKNOWN } from './go-type.ts';
import type { GoType } from './go-type.ts';
import { parseExpression } from './parser.ts';
import type { Node } from './syntax.ts';
import { tokenize } from './tokens.ts';
import { isSlice, typeName } from './value.ts';
import type { Value } from './value.ts';

/** A parsed and checked expression, ready to be evaluated any number of times. */
export interface Program {
  readonly node: Node;
  readonly type: GoType;
  readonly floatLiterals: ReadonlySet<Node>;
  /** Names and literals that the text mentions. */
  readonly mentions: ReadonlySet<string>;
}

export type ConditionOutcome =
  | {
      readonly ok: true;
      readonly holds: boolean;
      /** True when NaN took part and the condition does not say what NaN means (by isNaN). */
      readonly unawareOfNaN: boolean;
      /** True when the result is empty and the condition does not say what that means (by isNil, default, nil, len or ??). */
      readonly unawareOfAbsence: boolean;
    }
  /** `message` is the API's wording of the failure. */
  | { readonly ok: false; readonly message: string; readonly phase: 'compile' | 'run'; readonly offset: number };

/** What a condition that knows of missing data uses. */
const ABSENCE_WORDS = ['isNil', 'default', 'nil', 'len', '??'];

/** Judges a provider's result by a condition; never throws. */
export function evaluateCondition(text: string, result: Value, nowMs: number): ConditionOutcome {
  return guarded(() => {
    const program = compileCondition(text, typeOfResult(result));
    const values = conditionValues(result);
    const nowNs = BigInt(Math.trunc(nowMs)) * 1_000_000n;
    const { value, usedNaN } = evaluate(program.node, { values, nowNs, floatLiterals: program.floatLiterals });
    if (typeof value !== 'boolean') {
      throw new ExpressionError('run', `expected bool, but got ${resultTypeName(program.type, value)}`, 0);
    }
    return {
      ok: true,
      holds: value,
      unawareOfNaN: usedNaN && !program.mentions.has('isNaN'),
      unawareOfAbsence: isEmpty(result) && !ABSENCE_WORDS.some((word) => program.mentions.has(word)),
    };
  });
}

/** What is wrong with a condition before any result is known, or undefined: for validation and lint. */
export function conditionProblem(text: string): ExpressionError | undefined {
  try {
    const program = compileCondition(text, UNKNOWN);
    const { kind, name } = program.type;
    return kind === 'bool' || kind === 'any'
      ? undefined
      : new ExpressionError('compile', `expected bool, but got ${name}`, 0);
  } catch (error) {
    if (error instanceof ExpressionError) return error;
    throw error;
  }
}

/** Milliseconds since the epoch of a time expression such as `now() - duration("10m")`, or what is wrong with it. */
export function evaluateTime(text: string, nowMs: number): { readonly ms: number } | { readonly message: string } {
  try {
    const program = compiled(`time\0${text}`, text, TIME_TYPES);
    const nowNs = BigInt(Math.trunc(nowMs)) * 1_000_000n;
    const input = { values: TIME_VALUES, nowNs, floatLiterals: program.floatLiterals };
    const { value } = evaluate(program.node, input);
    if (typeof value === 'object' && value !== null && value.kind === 'time')
      return { ms: Number(value.ns / 1_000_000n) };
    return { message: `expected time.Time, but got ${resultTypeName(program.type, value)}` };
  } catch (error) {
    if (error instanceof ExpressionError) return { message: error.message };
    throw error;
  }
}

/** Parses and checks a condition for results of a type; equal requests are answered from a bounded cache. Throws ExpressionError. */
export function compileCondition(text: string, resultType: GoType): Program {
  return compiled(`${resultType.kind} ${resultType.name}\0${text}`, text, conditionTypes(resultType));
}

/** Programs kept: a cluster has a few hundred different conditions. The least recently used one goes first. */
const CACHE_MAX = 1_000;
const cache = new Map<string, Program>();

function compiled(key: string, text: string, types: ReadonlyMap<string, GoType>): Program {
  const known = cache.get(key);
  if (known !== undefined) {
    cache.delete(key);
    cache.set(key, known);
    return known;
  }
  const node = parseExpression(text, builtinNames());
  const program: Program = { node, ...check(node, types, builtinNames()), mentions: mentionsIn(text) };
  const oldest = cache.keys().next();
  if (cache.size >= CACHE_MAX && oldest.done !== true) cache.delete(oldest.value);
  cache.set(key, program);
  return program;
}

/** By token, so that a word inside a string does not count. */
function mentionsIn(text: string): ReadonlySet<string> {
  const words = tokenize(text).filter((token) => token.kind === 'Identifier' || token.kind === 'Operator');
  return new Set(words.map((token) => token.value));
}

function guarded(run: () => ConditionOutcome): ConditionOutcome {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return { ok: false, message: error.message, phase: error.phase, offset: error.offset };
  }
}

/** Whether a provider answered with nothing: nil, an empty list or an empty text. */
export function isEmpty(result: Value): boolean {
  if (result === null || result === '') return true;
  return isSlice(result) && result.items.length === 0;
}

function resultTypeName(type: GoType, value: Value): string {
  return type.kind === 'int' && typeof value === 'bigint' ? type.name : typeName(value);
}
