import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { evaluateCondition } from '../../src/core/analysis/expression/program.ts';
import { parseFloatText } from '../../src/core/analysis/expression/number-text.ts';
import { fromJson, slice, type Value } from '../../src/core/analysis/expression/value.ts';
import { askGo, goRefusal, type ConditionCase, type GoAnswer } from '../support/go-conditions.ts';

const CASES = 10_000;
const NOW_MS = Date.UTC(2026, 0, 1);

/** A result as a provider gives it, and what reads something from it. */
interface Answer extends Omit<ConditionCase, 'text'> {
  readonly reads: readonly string[];
}

const NUMBER = ['result', 'isNaN(result)', 'abs(result)', 'int(result)', 'asInt(result)', 'default(result, 0)'];
const LIST = [
  'result[0]',
  'len(result)',
  'result[-1]',
  'sum(result)',
  'max(result)',
  'mean(result)',
  'isNaN(result[0])',
];
const MAP = [
  'result.rate',
  'result.ok',
  'result.status',
  'result.codes[0]',
  'result.none',
  'len(result.codes)',
  'result?.rate',
];
const ROWS = ['result[0].value', 'result[1].name', 'len(result)', 'map(result, .value)', 'result | count(.value > 1)'];
const TIMES = [
  'date(result)',
  'date(result).Hour()',
  'date(result).In(timezone("America/New_York")).Day()',
  'date(result).In(timezone("Europe/Berlin")).Format("2006-01-02 15:04 -0700")',
  'date(result, "2006-01-02T15:04:05Z07:00").Unix()',
  'date(timezone("Asia/Tokyo"), "2026-07-01 08:00:00") - date(result)',
];
const ANSWERS: readonly Answer[] = [
  { kind: 'scalar', result: '0.25', reads: NUMBER },
  { kind: 'scalar', result: 'NaN', reads: NUMBER },
  { kind: 'scalar', result: '+Inf', reads: NUMBER },
  { kind: 'vector', result: '["0.01", "0.5", "1"]', reads: LIST },
  { kind: 'vector', result: '["NaN"]', reads: LIST },
  { kind: 'vector', result: '[]', reads: LIST },
  { kind: 'json', result: '{"rate": 0.5, "ok": true, "status": "up", "codes": [200, 500], "none": null}', reads: MAP },
  { kind: 'json', result: '[{"name": "a", "value": 1}, {"name": "b", "value": 2.5}]', reads: ROWS },
  { kind: 'json', result: '"healthy"', reads: ['result', 'len(result)', 'upper(result)', 'result[0:1]'] },
  { kind: 'json', result: 'true', reads: ['result', '!result'] },
  { kind: 'json', result: '"2026-07-01T23:30:00+02:00"', reads: TIMES },
  { kind: 'json', result: 'null', reads: ['result', 'isNil(result)', 'default(result, 1)', 'result ?? 2'] },
];
const CONSTANTS = ['0', '1', '-2', '0.5', '1e3', '0.25', 'true', 'nil', '"up"', '[1, 2.5]', 'abs(-1)', 'float("2.5")'];
const OPERATORS = [
  '+',
  '-',
  '*',
  '/',
  '%',
  '**',
  '==',
  '!=',
  '<',
  '<=',
  '>',
  '>=',
  '&&',
  '||',
  'and',
  'or',
  'in',
  '??',
];
const TEXT_OPERATORS = ['matches', 'contains', 'startsWith', 'not in', '..'];
const COMPARISONS = ['==', '!=', '<', '<=', '>', '>='];
const WRAPS = [
  '(_)',
  'not (_)',
  '!(_)',
  '-(_)',
  'all(result, {# > _})',
  'any(result, # == _)',
  'count(result, # != _) > 0',
  'filter(result, # < _)',
  'map(result, # * _)',
  '(_) ? 1 : 2',
  'len(_)',
  'let x = _; x',
  'reduce(result, #acc + #, _)',
  'string(_)',
  'int(_)',
  'float(_)',
  'isNaN(_)',
  'toJSON(_)',
  'asFloat(_)',
];

/** Mostly what could be a condition of this answer, and some nonsense. */
function conditionOf({ reads }: Answer): fc.Arbitrary<string> {
  const operand = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...reads) },
    { weight: 2, arbitrary: fc.constantFrom(...CONSTANTS) },
  );
  const operator = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...OPERATORS) },
    { weight: 1, arbitrary: fc.constantFrom(...TEXT_OPERATORS) },
  );
  const { text } = fc.letrec<{ readonly text: string }>((tie) => ({
    text: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      operand,
      fc.tuple(tie('text'), operator, tie('text')).map((parts) => parts.join(' ')),
      fc.tuple(fc.constantFrom(...WRAPS), tie('text')).map(([wrap, inner]) => wrap.replaceAll('_', () => inner)),
    ),
  }));
  const comparison = fc.tuple(operand, fc.constantFrom(...COMPARISONS), text).map((parts) => parts.join(' '));
  return fc.oneof({ weight: 1, arbitrary: text }, { weight: 3, arbitrary: comparison });
}

const cases: fc.Arbitrary<ConditionCase> = fc
  .constantFrom(...ANSWERS)
  .chain((answer) => conditionOf(answer).map((text) => ({ kind: answer.kind, result: answer.result, text })));

const skip = skipReason();
const FRESH = { skip, todo: 'a finding is told with the seed that repeats it' };

test(`judges ${CASES} random conditions as the Go implementation does`, { skip }, () => judgeAsGo(1));

test(`judges ${CASES} that were never tried as the Go implementation does`, FRESH, () =>
  judgeAsGo(Number(process.env['HEADGATE_SEED'] ?? Math.floor(Math.random() * 2 ** 31))),
);

function judgeAsGo(seed: number): void {
  const asked = fc.sample(cases, { numRuns: CASES, seed });
  const answers = askGo(asked);

  const wrong = asked.flatMap((one, index) => {
    const [theirs, ours] = [verdictOf(answers[index] ?? {}), judge(one)];
    return theirs === ours ? [] : [`${one.result} | ${one.text} | ours: ${ours} | Go: ${theirs}`];
  });

  assert.deepEqual(wrong, [], `HEADGATE_SEED=${seed}`);
}

type Verdict = 'true' | 'false' | 'not a condition';

/** Whatever is no bool, or fails, makes a measurement an error. */
function verdictOf({ type, value }: GoAnswer): Verdict {
  return type === 'bool' ? (value as 'true' | 'false') : 'not a condition';
}

function judge(one: ConditionCase): Verdict {
  const outcome = evaluateCondition(one.text, resultOf(one), NOW_MS);
  if (!outcome.ok) return 'not a condition';
  return outcome.holds ? 'true' : 'false';
}

function resultOf({ kind, result }: ConditionCase): Value {
  if (kind === 'scalar') return floatOf(result);
  const parsed: unknown = JSON.parse(result);
  return kind === 'vector' && Array.isArray(parsed) ? slice(parsed.map(floatOf), 'float64') : fromJson(parsed);
}

function floatOf(text: unknown): number {
  const value = parseFloatText(String(text));
  assert.ok(typeof value === 'number');
  return value;
}

function skipReason(): string | undefined {
  if (process.env['HEADGATE_CLUSTER'] === 'required') return undefined;
  if (process.env['HEADGATE_CLUSTER'] !== 'auto') return 'set HEADGATE_CLUSTER=required to ask the Go implementation';
  return goRefusal();
}
