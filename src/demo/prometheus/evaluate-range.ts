import type { Expr } from './ast.ts';
import { checkTypes } from './check-types.ts';
import { evaluate } from './evaluate.ts';
import { labelsKey } from './model.ts';
import type { MatrixElement, Point, VectorElement } from './model.ts';
import { badData } from './query-error.ts';
import type { SampleSource } from './storage.ts';

/** As in Prometheus: enough for a graph, few enough for one answer. */
const STEPS_MAX = 11_000;

/** The values of an expression at every step from start to end, both included. Throws QueryError. */
export function evaluateRange(
  expr: Expr,
  range: { readonly startMs: number; readonly endMs: number; readonly stepMs: number },
  source: SampleSource,
): readonly MatrixElement[] {
  const type = checkTypes(expr);
  if (type !== 'scalar' && type !== 'vector')
    throw badData(`invalid expression type "${type}" for range query, must be Scalar or instant Vector`);
  if (range.stepMs <= 0)
    throw badData('zero or negative query resolution step widths are not accepted. Try a positive integer');
  if (range.endMs < range.startMs) throw badData('end timestamp must not be before start time');
  if ((range.endMs - range.startMs) / range.stepMs > STEPS_MAX) {
    throw badData(
      'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
    );
  }
  const series = new Map<string, { labels: VectorElement['labels']; points: Point[] }>();
  for (let atMs = range.startMs; atMs <= range.endMs; atMs += range.stepMs) {
    for (const { labels, value } of elementsAt(expr, atMs, source)) {
      const key = labelsKey(labels);
      const found = series.get(key);
      if (found === undefined) series.set(key, { labels, points: [{ atMs, value }] });
      else found.points.push({ atMs, value });
    }
  }
  return [...series.values()];
}

function elementsAt(expr: Expr, atMs: number, source: SampleSource): readonly VectorElement[] {
  const value = evaluate(expr, atMs, source);
  if (value.type === 'scalar') return [{ labels: {}, value: value.value }];
  return value.type === 'vector' ? value.elements : [];
}
