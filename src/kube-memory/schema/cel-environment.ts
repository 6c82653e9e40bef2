import { Environment, Optional } from '@marcbachmann/cel-js';
import { deepEqual } from '../../lib/deep-equal.ts';
import type { ValidationRule } from '../resource.ts';
import { isOfFormat } from './format.ts';

/** A rule that is ready to run, or the reason why it is not. */
export interface CompiledRule {
  readonly problem: string | undefined;
  readonly usesOldSelf: boolean;
  /** The parsed expression. */
  readonly ast: unknown;
  readonly evaluate: (context: Readonly<Record<string, unknown>>) => unknown;
  readonly evaluateMessage: ((context: Readonly<Record<string, unknown>>) => unknown) | undefined;
}

const compiledRules = new WeakMap<ValidationRule, CompiledRule>();

/** Compiles a rule once for as long as its definition lives. */
export function compileRule(rule: ValidationRule): CompiledRule {
  let compiled = compiledRules.get(rule);
  if (compiled === undefined) {
    compiled = compile(rule);
    compiledRules.set(rule, compiled);
  }
  return compiled;
}

function compile(rule: ValidationRule): CompiledRule {
  const usesOldSelf = /\boldSelf\b/.test(rule.rule);
  const optionalOldSelf = rule.optionalOldSelf === true;
  const prepared = (context: Readonly<Record<string, unknown>>): Record<string, unknown> => ({
    self: context['self'],
    oldSelf: optionalOldSelf
      ? context['oldSelf'] === undefined
        ? Optional.none()
        : Optional.of(context['oldSelf'])
      : (context['oldSelf'] ?? null),
  });
  try {
    const env = environment(optionalOldSelf ? 'optional' : 'dyn');
    const run = env.parse(rule.rule);
    const checked = run.check();
    if (!checked.valid) return broken(String(checked.error?.summary ?? checked.error?.message), usesOldSelf);
    if (checked.type !== undefined && checked.type !== 'bool' && checked.type !== 'dyn') {
      return broken(`must evaluate to a bool, found ${checked.type}`, usesOldSelf);
    }
    const message = rule.messageExpression === undefined ? undefined : env.parse(rule.messageExpression);
    return {
      problem: undefined,
      usesOldSelf,
      ast: run.ast,
      evaluate: (context) => run(prepared(context)) as unknown,
      evaluateMessage: message === undefined ? undefined : (context) => message(prepared(context)) as unknown,
    };
  } catch (error) {
    return broken(error instanceof Error ? error.message : String(error), usesOldSelf);
  }
}

function broken(problem: string, usesOldSelf: boolean): CompiledRule {
  return { problem, usesOldSelf, ast: undefined, evaluate: () => false, evaluateMessage: undefined };
}

const environments = new Map<OldSelf, Environment>();

/** What `oldSelf` is in a rule: the old value, or an optional one. */
type OldSelf = 'dyn' | 'optional';

/** CEL as Kubernetes extends it: strings, lists, regular expressions, formats. Made once for each use; holds no state. */
function environment(oldSelf: OldSelf): Environment {
  let known = environments.get(oldSelf);
  if (known === undefined) environments.set(oldSelf, (known = makeEnvironment(oldSelf)));
  return known;
}

function makeEnvironment(oldSelf: OldSelf): Environment {
  const env = new Environment({ homogeneousAggregateLiterals: false, enableOptionalTypes: true });
  env.registerVariable('self', 'dyn').registerVariable('oldSelf', oldSelf);
  for (const [signature, run] of Object.entries(FUNCTIONS)) {
    try {
      env.registerFunction(signature, run as (...values: unknown[]) => unknown);
    } catch {
      // The library brings this function along itself.
    }
  }
  return env;
}

/** Kubernetes' CEL libraries, as far as rules of custom resources use them. Ints are bigint, as in the library. */
const FUNCTIONS: Readonly<Record<string, (...values: never[]) => unknown>> = {
  'list.isSorted(): bool': (list: readonly unknown[]) =>
    list.every((item, index) => index === 0 || ordered(list[index - 1], item)),
  'list.sum(): dyn': (list: readonly (number | bigint)[]) =>
    list.reduce<number | bigint>((sum, item) => add(sum, item), typeof list[0] === 'number' ? 0 : 0n),
  'list.min(): dyn': (list: readonly unknown[]) => extreme(list, (left, right) => ordered(left, right)),
  'list.max(): dyn': (list: readonly unknown[]) => extreme(list, (left, right) => ordered(right, left)),
  'list.indexOf(dyn): int': (list: readonly unknown[], item: unknown) =>
    BigInt(list.findIndex((each) => deepEqual(each, item))),
  'list.lastIndexOf(dyn): int': (list: readonly unknown[], item: unknown) =>
    BigInt(list.findLastIndex((each) => deepEqual(each, item))),
  'list.distinct(): list': (list: readonly unknown[]) =>
    list.filter((item, index) => list.findIndex((each) => deepEqual(each, item)) === index),
  'list.flatten(): list': (list: readonly unknown[]) => list.flat(),
  'list.slice(int, int): list': (list: readonly unknown[], from: bigint, to: bigint) =>
    list.slice(Number(from), Number(to)),
  'list.reverse(): list': (list: readonly unknown[]) => [...list].reverse(),
  'list.sort(): list': (list: readonly unknown[]) => [...list].sort((left, right) => (ordered(left, right) ? -1 : 1)),
  'string.charAt(int): string': (text: string, index: bigint) => Array.from(text)[Number(index)] ?? '',
  'string.lowerAscii(): string': (text: string) => text.toLowerCase(),
  'string.upperAscii(): string': (text: string) => text.toUpperCase(),
  'string.replace(string, string): string': (text: string, from: string, to: string) => text.replaceAll(from, to),
  'string.replace(string, string, int): string': replaceTimes,
  'string.split(string): list<string>': (text: string, separator: string) => text.split(separator),
  'string.split(string, int): list<string>': splitTimes,
  'string.trim(): string': (text: string) => text.trim(),
  'string.reverse(): string': (text: string) => Array.from(text).reverse().join(''),
  'string.find(string): string': (text: string, pattern: string) => new RegExp(pattern, 'u').exec(text)?.[0] ?? '',
  'string.findAll(string): list<string>': (text: string, pattern: string) =>
    text.match(new RegExp(pattern, 'gu')) ?? [],
  'string.findAll(string, int): list<string>': (text: string, pattern: string, limit: bigint) =>
    (text.match(new RegExp(pattern, 'gu')) ?? []).slice(0, Number(limit) < 0 ? undefined : Number(limit)),
  'isURL(string): bool': (text: string) => isOfFormat(text, 'uri'),
  'isQuantity(string): bool': (text: string) => quantityOf(text) !== undefined,
  'isIP(string): bool': (text: string) => isOfFormat(text, 'ipv4') || isOfFormat(text, 'ipv6'),
};

function ordered(left: unknown, right: unknown): boolean {
  if (
    (typeof left === 'number' || typeof left === 'bigint') &&
    (typeof right === 'number' || typeof right === 'bigint')
  )
    return left <= right;
  return String(left) <= String(right);
}

function add(left: number | bigint, right: number | bigint): number | bigint {
  return typeof left === 'bigint' && typeof right === 'bigint' ? left + right : Number(left) + Number(right);
}

function extreme(list: readonly unknown[], isBetter: (left: unknown, right: unknown) => boolean): unknown {
  if (list.length === 0) throw new Error('min/max called on empty list');
  return list.reduce((best, item) => (isBetter(item, best) ? item : best));
}

function replaceTimes(text: string, from: string, to: string, times: bigint): string {
  let result = text;
  let start = 0;
  for (let count = 0n; count < times; count++) {
    const index = result.indexOf(from, start);
    if (index < 0) break;
    result = result.slice(0, index) + to + result.slice(index + from.length);
    start = index + to.length;
  }
  return result;
}

function splitTimes(text: string, separator: string, times: bigint): readonly string[] {
  const parts = text.split(separator);
  const count = Number(times);
  if (count < 0 || parts.length <= count) return parts;
  return count === 0 ? [] : [...parts.slice(0, count - 1), parts.slice(count - 1).join(separator)];
}

const QUANTITY = /^[+-]?(\d+\.?\d*|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?$/;

function quantityOf(text: string): string | undefined {
  return QUANTITY.test(text) ? text : undefined;
}
