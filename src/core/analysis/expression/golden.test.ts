import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { conditionValues, typeOfResult } from './environment.ts';
import { ExpressionError } from './errors.ts';
import { evaluate } from './evaluator.ts';
import { parseFloatText } from './number-text.ts';
import { compileCondition } from './program.ts';
import { formatValue, fromJson, slice, typeName } from './value.ts';
import type { Value } from './value.ts';

/** One line of what the Go implementation answered: scripts/golden/expr makes the file. */
interface Vector {
  readonly kind: 'json' | 'nil' | 'scalar' | 'vector';
  readonly result: unknown;
  readonly text: string;
  readonly type?: string;
  readonly value?: string;
  readonly phase?: 'compile' | 'run';
  readonly error?: string;
}

const VECTORS = JSON.parse(
  readFileSync(new URL('../../../../test/golden/expr.json', import.meta.url), 'utf8'),
) as readonly Vector[];
const NOW_NS = 1_767_225_600_000_000_000n;

/** Where we differ on purpose or out of reach: the text, and why. */
const DIFFERENCES: ReadonlyMap<string, string> = new Map([
  ['fromJSON("nope")', 'the JSON parser words its errors differently'],
  ['result.status[0]', 'a byte is an int here: only its type name differs'],
  ['first(result.status)', 'a byte is an int here: only its type name differs'],
  ['all(result.nested, true)', 'a map has no elements to walk over; Go notices only when one is looked at'],
  ['filter(result, # > 100)[0]', 'no optimizer: the same error in other words'],
  ['1 % (1 - 1)', 'constants are not folded: the error comes when it runs'],
  ['date("2026-01-02").Month()', 'a month is its number'],
  ['asInt', 'a function has no printable value'],
  ['len.x', 'builtins are no values'],
]);

test('has at least 300 vectors of the Go implementation', () => {
  assert.ok(VECTORS.length >= 300, `${VECTORS.length} vectors`);
});

test('agrees with the Go implementation on every vector', () => {
  const disagreements = VECTORS.filter((vector) => !DIFFERENCES.has(vector.text)).flatMap(disagreement);

  assert.deepEqual(disagreements, []);
});

test('lists no difference that is none any more', () => {
  const still = new Set(VECTORS.filter((vector) => disagreement(vector).length > 0).map((vector) => vector.text));

  assert.deepEqual(
    [...DIFFERENCES.keys()].filter((text) => !still.has(text)),
    [],
  );
});

test('never calls a condition true or false that the Go implementation refuses, nor the other way round', () => {
  const boolean = (vector: Vector): boolean => vector.type === 'bool';
  const wrong = VECTORS.filter((vector) => judge(vector).startsWith('bool ') !== boolean(vector));

  assert.deepEqual(
    wrong.map((vector) => vector.text),
    ['all(result.nested, true)'],
  );
});

function disagreement(vector: Vector): readonly string[] {
  const ours = judge(vector);
  const theirs =
    vector.phase === undefined ? `${vector.type} ${vector.value ?? ''}` : `${vector.phase} error: ${vector.error}`;
  return ours === theirs ? [] : [`${JSON.stringify(vector.result)} | ${vector.text} | ours: ${ours} | Go: ${theirs}`];
}

function judge(vector: Vector): string {
  const result = resultOf(vector);
  try {
    const program = compileCondition(vector.text, typeOfResult(result));
    const input = { values: conditionValues(result), nowNs: NOW_NS, floatLiterals: program.floatLiterals };
    const { value } = evaluate(program.node, input);
    const type = program.type.kind === 'int' && typeof value === 'bigint' ? program.type.name : typeName(value);
    return `${type} ${formatValue(value)}`;
  } catch (error) {
    if (error instanceof ExpressionError) return `${error.phase} error: ${error.message}`;
    throw error;
  }
}

function resultOf(vector: Vector): Value {
  if (vector.kind === 'scalar') return floatOf(vector.result);
  if (vector.kind === 'vector' && Array.isArray(vector.result)) return slice(vector.result.map(floatOf), 'float64');
  return fromJson(vector.result);
}

function floatOf(text: unknown): number {
  const value = parseFloatText(String(text));
  assert.ok(typeof value === 'number');
  return value;
}
