import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { evaluate } from './evaluate.ts';
import { evaluateRange } from './evaluate-range.ts';
import { parseExposition } from './exposition.ts';
import { labelsKey } from './model.ts';
import type { Labels, Value } from './model.ts';
import { parseQuery } from './parse.ts';
import { QueryError } from './query-error.ts';
import { Storage } from './storage.ts';

/**
 * Answers that Prometheus 2.42 itself gave over the samples in golden/series.om. Moments lie between samples, so that
 * the open start of a range (Prometheus 3, and here) and the closed one (Prometheus 2) see the same points.
 */
interface Golden {
  readonly instant: readonly (
    | { query: string; at: number; type: string; result: unknown; error?: undefined }
    | { query: string; at: number; error: string; message: string }
  )[];
  readonly range: readonly { query: string; start: number; end: number; step: number; result: unknown }[];
}

const golden = JSON.parse(readFileSync(new URL('golden/answers.json', import.meta.url), 'utf8')) as Golden;
const storage = loadSeries(readFileSync(new URL('golden/series.om', import.meta.url), 'utf8'));

for (const entry of golden.instant) {
  test(`answers ${entry.query} at ${entry.at} as Prometheus does`, () => {
    if (entry.error !== undefined) {
      assert.throws(
        () => evaluate(parseQuery(entry.query), entry.at * 1_000, storage),
        (error) => error instanceof QueryError && error.errorType === entry.error,
      );
      return;
    }
    const value = evaluate(parseQuery(entry.query), entry.at * 1_000, storage);

    assert.equal(value.type, entry.type);
    const ordered = /^(sort|topk|bottomk)/.test(entry.query);
    assertSameNumbers(normalise(value, ordered), normaliseGolden(entry.result, entry.type, ordered));
  });
}

for (const entry of golden.range) {
  test(`answers ${entry.query} over a range as Prometheus does`, () => {
    const range = { startMs: entry.start * 1_000, endMs: entry.end * 1_000, stepMs: entry.step * 1_000 };
    const elements = evaluateRange(parseQuery(entry.query), range, storage);

    const value: Value = { type: 'matrix', elements, startMs: range.startMs, endMs: range.endMs };
    assertSameNumbers(normalise(value, false), normaliseGolden(entry.result, 'matrix', false));
  });
}

function loadSeries(text: string): Storage {
  const loaded = new Storage();
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  for (const line of lines) {
    const [element] = parseExposition(line);
    assert.ok(element !== undefined);
    loaded.append(element.labels, { atMs: Number(line.split(' ').at(-1)) * 1_000, value: element.value });
  }
  return loaded;
}

type Rows = readonly { readonly key: string; readonly numbers: readonly number[] }[];

function normalise(value: Value, ordered: boolean): Rows {
  switch (value.type) {
    case 'scalar':
      return [{ key: '', numbers: [value.value] }];
    case 'string':
      return [{ key: value.value, numbers: [] }];
    case 'vector':
      return inOrder(
        value.elements.map((element) => ({ key: labelsKey(element.labels), numbers: [element.value] })),
        ordered,
      );
    case 'matrix':
      return inOrder(
        value.elements.map(({ labels, points }) => ({
          key: labelsKey(labels),
          numbers: points.flatMap((point) => [point.atMs / 1_000, point.value]),
        })),
        ordered,
      );
  }
}

function normaliseGolden(result: unknown, type: string, ordered: boolean): Rows {
  if (type === 'scalar') return [{ key: '', numbers: [parseValue((result as [number, string])[1])] }];
  if (type === 'string') return [{ key: (result as [number, string])[1], numbers: [] }];
  const elements = result as readonly { metric: Labels; value?: [number, string]; values?: [number, string][] }[];
  const rows = elements.map(({ metric, value, values = [] }) => ({
    key: labelsKey(metric),
    numbers: value === undefined ? values.flatMap(([at, text]) => [at, parseValue(text)]) : [parseValue(value[1])],
  }));
  return inOrder(rows, ordered);
}

function inOrder(rows: Rows, ordered: boolean): Rows {
  return ordered ? rows : rows.toSorted((a, b) => a.key.localeCompare(b.key));
}

function parseValue(text: string): number {
  return Number(text.replace('Inf', 'Infinity'));
}

/** Sums may differ in the last digits: Prometheus 2 adds up without compensation. */
function assertSameNumbers(actual: Rows, expected: Rows): void {
  assert.deepEqual(
    actual.map((row) => row.key),
    expected.map((row) => row.key),
  );
  actual.forEach((row, index) => {
    const wanted = expected[index]?.numbers ?? [];
    assert.equal(row.numbers.length, wanted.length, row.key);
    row.numbers.forEach((number, position) => {
      const other = wanted[position] ?? 0;
      const same = Object.is(number, other) || number === other || Math.abs(number - other) <= 1e-9 * Math.abs(other);
      assert.ok(same, `${row.key}: ${number} is not ${other}`);
    });
  });
}
