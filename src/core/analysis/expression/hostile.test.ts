import assert from 'node:assert/strict';
import { test } from 'node:test';

import { EXPRESSION_LIMITS } from './limits.ts';
import { conditionProblem, evaluateCondition, evaluateTime } from './program.ts';
import { fromJson, slice } from './value.ts';
import { positionOf } from './errors.ts';

const NUMBERS = slice([1, 2, 3], 'float64');

const HOSTILE: readonly { readonly title: string; readonly text: string; readonly message: RegExp }[] = [
  {
    title: 'a text beyond the limit',
    text: `1 == ${' '.repeat(EXPRESSION_LIMITS.textLengthMax)}1`,
    message: /longer than/,
  },
  { title: 'too many nodes', text: `[${'1,'.repeat(10_001)}1] == nil`, message: /exceeds maximum allowed nodes/ },
  {
    title: 'parentheses nested without end',
    text: `${'('.repeat(20_000)}1${')'.repeat(20_000)} == 1`,
    message: /nested deeper/,
  },
  { title: 'a chain of unary operators', text: `${'!'.repeat(20_000)}true`, message: /nested deeper/ },
  { title: 'a chain of additions', text: `${'1+'.repeat(4_000)}1 == 1`, message: /nested deeper/ },
  { title: 'a huge range', text: 'len(1..9000000) > 1', message: /memory budget/ },
  { title: 'ranges within ranges', text: 'any(1..900000, any(1..900000, # < 0))', message: /budget exceeded/ },
  { title: 'repeat of repeat', text: 'len(repeat(repeat("a", 9999), 9999)) > 1', message: /memory budget/ },
  {
    title: 'replace that multiplies',
    text: 'len(replace(repeat("a", 99999), "a", repeat("b", 99999))) > 1',
    message: /memory budget/,
  },
  {
    title: 'a list doubled again and again',
    text: 'len(reduce(1..40, concat(#acc, #acc), [1])) > 1',
    message: /budget exceeded/,
  },
  {
    title: 'a text doubled again and again',
    text: 'len(reduce(1..40, #acc + #acc, "a")) > 1',
    message: /memory budget/,
  },
  { title: 'quadratic uniq', text: 'len(uniq(1..90000)) > 1', message: /operation budget/ },
  {
    title: 'calendars without end',
    text: 'any(1..900000, date("2026-01-02").In(timezone("Europe/Berlin")).Format("MST Jan") == "x")',
    message: /operation budget/,
  },
  {
    title: 'a layout written again and again',
    text: 'any(1..900000, date("2026-01-02").Format(repeat("Jan", 30000)) == "x")',
    message: /budget exceeded/,
  },
  { title: 'a map of prototypes', text: '{"__proto__": 1}.constructor.name == "x"', message: /cannot fetch name/ },
];

for (const { title, text, message } of HOSTILE) {
  test(`refuses ${title}`, () => {
    const outcome = evaluateCondition(text, NUMBERS, 0);

    assert.equal(outcome.ok, false);
    assert.match(outcome.ok ? '' : outcome.message, message);
  });
}

test('matches patterns in time linear to the text', () => {
  const outcome = evaluateCondition('result matches "^(a+)+$"', `${'a'.repeat(50_000)}!`, 0);

  assert.equal(outcome.ok && outcome.holds, false);
});

test('never throws, whatever the text', () => {
  const pieces = [
    'result',
    '[',
    ']',
    '(',
    ')',
    '#',
    '.x',
    '1',
    '"a"',
    '??',
    '?.',
    'in',
    'not',
    '..',
    'map',
    '{',
    '}',
    ';',
    'let',
    '|',
    ',',
  ];
  for (const first of pieces) {
    for (const second of pieces) {
      for (const third of pieces) {
        const outcome = evaluateCondition(`${first} ${second} ${third}`, fromJson({ x: [1] }), 0);
        assert.equal(typeof outcome.ok, 'boolean');
      }
    }
  }
});

test('fails on the first of an empty result, unless the condition asks beforehand whether there is one', () => {
  const empty = slice([], 'float64');

  assert.equal(evaluateCondition('result[0] > 1', empty, 0).ok, false);
  const guarded = evaluateCondition('len(result) == 0 || result[0] > 1', empty, 0);
  assert.deepEqual(guarded, { ok: true, holds: true, unawareOfNaN: false, unawareOfAbsence: false });
});

test('finds what is wrong with a condition before any result is known', () => {
  assert.equal(conditionProblem('result[0] > 0.95'), undefined);
  assert.match(conditionProblem('result[0] >')?.message ?? '', /unexpected token EOF/);
  assert.match(conditionProblem('latency < 1')?.message ?? '', /unknown name latency/);
  assert.match(conditionProblem('len(result)')?.message ?? '', /expected bool, but got int/);
});

test('locates an error by line and column', () => {
  const text = 'result[0] > 1 and\nfoo < 2';
  const problem = conditionProblem(text);

  assert.deepEqual(positionOf(text, problem?.offset ?? -1), { line: 2, column: 1 });
});

test('evaluates the bounds of a range query', () => {
  assert.deepEqual(evaluateTime('now() - duration("10m")', 1_000_000), { ms: 400_000 });
  assert.deepEqual(evaluateTime('1', 0), { message: 'expected time.Time, but got int' });
});

test('a range that is too long to be counted in 64 bits is empty', () => {
  const outcome = evaluateCondition('len(-9223372036854775807 .. 9223372036854775807) == 0', NUMBERS, 0);
  assert.equal(outcome.ok && outcome.holds, true);
});
