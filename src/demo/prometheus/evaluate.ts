import { assert } from '../../lib/assert.ts';
import { aggregate } from './aggregate.ts';
import type { Expr, Selector } from './ast.ts';
import { FUNCTIONS } from './functions.ts';
import { labelsKey, NAME, withoutLabels } from './model.ts';
import type { Labels, Value, VectorElement } from './model.ts';
import { calculate, compare, isComparisonOp, isSetOp } from './operators.ts';
import { QueryError } from './query-error.ts';
import { pointsWithin, valueAt } from './storage.ts';
import type { SampleSource } from './storage.ts';
import { combineSets, combineVectors } from './vector-matching.ts';

/** The value of a checked expression at one moment. Throws QueryError (`execution`). */
export function evaluate(expr: Expr, atMs: number, source: SampleSource): Value {
  switch (expr.type) {
    case 'number':
      return { type: 'scalar', value: expr.value };
    case 'string':
      return { type: 'string', value: expr.value };
    case 'selector':
      return { type: 'vector', elements: selectInstant(expr, atMs, source) };
    case 'range':
      return selectRange(expr, atMs, source);
    case 'negate':
      return negate(evaluate(expr.of, atMs, source));
    case 'call':
      return call(expr, atMs, source);
    case 'aggregate': {
      const k = expr.parameter === undefined ? 0 : scalarOf(evaluate(expr.parameter, atMs, source));
      return {
        type: 'vector',
        elements: aggregate(expr.op, expr.grouping, vectorOf(evaluate(expr.of, atMs, source)), k),
      };
    }
    case 'binary':
      return binary(expr, evaluate(expr.left, atMs, source), evaluate(expr.right, atMs, source));
  }
}

function selectInstant(selector: Selector, atMs: number, source: SampleSource): VectorElement[] {
  const elements: VectorElement[] = [];
  for (const { labels, samples } of source.select(selector.matchers)) {
    const value = valueAt(samples, atMs - selector.offsetMs);
    if (value !== undefined) elements.push({ labels, value });
  }
  return elements;
}

function selectRange(expr: Extract<Expr, { type: 'range' }>, atMs: number, source: SampleSource): Value {
  const endMs = atMs - expr.selector.offsetMs;
  const startMs = endMs - expr.rangeMs;
  const elements = source
    .select(expr.selector.matchers)
    .map(({ labels, samples }) => ({ labels, points: pointsWithin(samples, startMs, endMs) }))
    .filter(({ points }) => points.length > 0);
  return { type: 'matrix', elements, startMs, endMs };
}

function negate(value: Value): Value {
  if (value.type === 'scalar') return { type: 'scalar', value: -value.value };
  return unique(
    vectorOf(value).map((element) => ({ labels: withoutLabels(element.labels, [NAME]), value: -element.value })),
  );
}

function call(expr: Extract<Expr, { type: 'call' }>, atMs: number, source: SampleSource): Value {
  const known = FUNCTIONS[expr.name];
  assert(known !== undefined, 'calls of unknown functions are refused by the check');
  const args = expr.args.map((argument) => evaluate(argument, atMs, source));
  if (expr.name === 'absent' || expr.name === 'absent_over_time') return absent(expr.args[0], args[0]);
  const value = known.run(args, atMs);
  return value.type === 'vector' ? unique(value.elements) : value;
}

/** 1 when there is nothing, with the labels that the selector's equalities name. */
function absent(selected: Expr | undefined, value: Value | undefined): Value {
  const found = value?.type === 'vector' || value?.type === 'matrix' ? value.elements.length : 0;
  if (found > 0) return { type: 'vector', elements: [] };
  const selector = selected?.type === 'range' ? selected.selector : selected;
  const matchers = selector?.type === 'selector' ? selector.matchers.filter((matcher) => matcher.label !== NAME) : [];
  const labels: Record<string, string> = {};
  for (const { label, op, value: wanted } of matchers) {
    const alone = matchers.filter((matcher) => matcher.label === label).length === 1;
    if (op === '=' && alone && wanted !== '') labels[label] = wanted;
  }
  return { type: 'vector', elements: [{ labels, value: 1 }] };
}

function binary(expr: Extract<Expr, { type: 'binary' }>, left: Value, right: Value): Value {
  const { op } = expr;
  if (left.type === 'vector' && right.type === 'vector') {
    if (isSetOp(op)) return { type: 'vector', elements: combineSets(op, expr.matching, left.elements, right.elements) };
    return { type: 'vector', elements: combineVectors({ ...expr, op }, left.elements, right.elements) };
  }
  assert(!isSetOp(op), 'set operators between scalars are refused by the check');
  if (left.type === 'scalar' && right.type === 'scalar') {
    const value = isComparisonOp(op)
      ? Number(compare(op, left.value, right.value))
      : calculate(op, left.value, right.value);
    return { type: 'scalar', value };
  }
  const elements: VectorElement[] = [];
  for (const element of vectorOf(left.type === 'vector' ? left : right)) {
    const [a, b] = left.type === 'vector' ? [element.value, scalarOf(right)] : [scalarOf(left), element.value];
    if (!isComparisonOp(op)) elements.push(unnamed(element.labels, calculate(op, a, b)));
    else if (expr.bool) elements.push(unnamed(element.labels, Number(compare(op, a, b))));
    else if (compare(op, a, b)) elements.push(element);
  }
  return unique(elements);
}

function unnamed(labels: Labels, value: number): VectorElement {
  return { labels: withoutLabels(labels, [NAME]), value };
}

function unique(elements: readonly VectorElement[]): Value {
  const keys = new Set(elements.map((element) => labelsKey(element.labels)));
  if (keys.size < elements.length)
    throw new QueryError('execution', 'vector cannot contain metrics with the same labelset');
  return { type: 'vector', elements };
}

function vectorOf(value: Value): readonly VectorElement[] {
  assert(value.type === 'vector', 'the check ensures an instant vector here');
  return value.elements;
}

function scalarOf(value: Value): number {
  assert(value.type === 'scalar', 'the check ensures a scalar here');
  return value.value;
}
