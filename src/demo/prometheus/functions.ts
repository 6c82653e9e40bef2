import type { ValueType } from './ast.ts';
import { histogramQuantile } from './histogram.ts';
import { NAME, withoutLabels } from './model.ts';
import type { MatrixElement, Point, Value, VectorElement } from './model.ts';
import { extrapolatedChange, instantChange, largest, preciseSum, smallest } from './range-functions.ts';
import type { Window } from './range-functions.ts';

export interface QueryFunction {
  readonly args: readonly ValueType[];
  /** How many arguments must be given; all when absent. */
  readonly required?: number;
  readonly returns: ValueType;
  /** Arguments have the declared types: the query was checked before. */
  readonly run: (args: readonly Value[], atMs: number) => Value;
}

/** Every function of the subset. `absent` and `absent_over_time` are evaluated elsewhere: they need the selector. */
export const FUNCTIONS: Readonly<Record<string, QueryFunction>> = {
  rate: overRange((points, window) => perSecond(extrapolatedChange(points, window, 'counter'), window)),
  increase: overRange((points, window) => extrapolatedChange(points, window, 'counter')),
  delta: overRange((points, window) => extrapolatedChange(points, window, 'gauge')),
  irate: overRange((points) => {
    const instant = instantChange(points, 'counter');
    return instant === undefined ? undefined : instant.change / (instant.ms / 1_000);
  }),
  idelta: overRange((points) => instantChange(points, 'gauge')?.change),
  sum_over_time: overRange((points) => preciseSum(valuesOf(points))),
  avg_over_time: overRange((points) => preciseSum(valuesOf(points)) / points.length),
  min_over_time: overRange((points) => smallest(valuesOf(points))),
  max_over_time: overRange((points) => largest(valuesOf(points))),
  count_over_time: overRange((points) => points.length),
  last_over_time: { args: ['matrix'], returns: 'vector', run: lastOverTime },
  changes: overRange((points) => countPairs(points, (a, b) => a !== b && !(Number.isNaN(a) && Number.isNaN(b)))),
  resets: overRange((points) => countPairs(points, (a, b) => b < a)),
  absent: { args: ['vector'], returns: 'vector', run: neverRun },
  absent_over_time: { args: ['matrix'], returns: 'vector', run: neverRun },
  abs: onValues(Math.abs),
  ceil: onValues(Math.ceil),
  floor: onValues(Math.floor),
  sgn: onValues(Math.sign),
  sqrt: onValues(Math.sqrt),
  exp: onValues(Math.exp),
  ln: onValues(Math.log),
  log2: onValues(Math.log2),
  log10: onValues(Math.log10),
  round: {
    args: ['vector', 'scalar'],
    required: 1,
    returns: 'vector',
    run: ([vector, nearest]) => {
      const inverse = 1 / (nearest === undefined ? 1 : scalarOf(nearest));
      return mapVector(vector, (value) => Math.floor(value * inverse + 0.5) / inverse);
    },
  },
  clamp: {
    args: ['vector', 'scalar', 'scalar'],
    returns: 'vector',
    run: ([vector, low, high]) => {
      const [min, max] = [scalarOf(low), scalarOf(high)];
      if (max < min) return { type: 'vector', elements: [] };
      return mapVector(vector, (value) => Math.max(min, Math.min(max, value)));
    },
  },
  clamp_min: onValuesWith((value, limit) => Math.max(limit, value)),
  clamp_max: onValuesWith((value, limit) => Math.min(limit, value)),
  scalar: {
    args: ['vector'],
    returns: 'scalar',
    run: ([vector]) => {
      const elements = elementsOf(vector);
      return { type: 'scalar', value: elements.length === 1 ? (elements[0]?.value ?? Number.NaN) : Number.NaN };
    },
  },
  vector: {
    args: ['scalar'],
    returns: 'vector',
    run: ([value]) => ({ type: 'vector', elements: [{ labels: {}, value: scalarOf(value) }] }),
  },
  time: { args: [], returns: 'scalar', run: (_args, atMs) => ({ type: 'scalar', value: atMs / 1_000 }) },
  sort: sorting((a, b) => a - b),
  sort_desc: sorting((a, b) => b - a),
  histogram_quantile: {
    args: ['scalar', 'vector'],
    returns: 'vector',
    run: ([quantile, vector]) => ({
      type: 'vector',
      elements: histogramQuantile(scalarOf(quantile), elementsOf(vector)),
    }),
  },
};

function overRange(compute: (points: readonly Point[], window: Window) => number | undefined): QueryFunction {
  return {
    args: ['matrix'],
    returns: 'vector',
    run: ([matrix]) => mapMatrix(matrix, compute, (element) => withoutLabels(element.labels, [NAME])),
  };
}

function lastOverTime([matrix]: readonly Value[]): Value {
  return mapMatrix(
    matrix,
    (points) => points.at(-1)?.value,
    (element) => element.labels,
  );
}

function mapMatrix(
  matrix: Value | undefined,
  compute: (points: readonly Point[], window: Window) => number | undefined,
  labelsOf: (element: MatrixElement) => VectorElement['labels'],
): Value {
  if (matrix?.type !== 'matrix') return { type: 'vector', elements: [] };
  const elements: VectorElement[] = [];
  for (const element of matrix.elements) {
    const value = element.points.length === 0 ? undefined : compute(element.points, matrix);
    if (value !== undefined) elements.push({ labels: labelsOf(element), value });
  }
  return { type: 'vector', elements };
}

function onValues(compute: (value: number) => number): QueryFunction {
  return { args: ['vector'], returns: 'vector', run: ([vector]) => mapVector(vector, compute) };
}

function onValuesWith(compute: (value: number, parameter: number) => number): QueryFunction {
  return {
    args: ['vector', 'scalar'],
    returns: 'vector',
    run: ([vector, parameter]) => mapVector(vector, (value) => compute(value, scalarOf(parameter))),
  };
}

function sorting(order: (a: number, b: number) => number): QueryFunction {
  return {
    args: ['vector'],
    returns: 'vector',
    run: ([vector]) => ({
      type: 'vector',
      elements: elementsOf(vector).toSorted((a, b) => nanLast(a.value, b.value) ?? order(a.value, b.value)),
    }),
  };
}

function nanLast(a: number, b: number): number | undefined {
  if (!Number.isNaN(a) && !Number.isNaN(b)) return undefined;
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}

function mapVector(vector: Value | undefined, compute: (value: number) => number): Value {
  return {
    type: 'vector',
    elements: elementsOf(vector).map((element) => ({
      labels: withoutLabels(element.labels, [NAME]),
      value: compute(element.value),
    })),
  };
}

function perSecond(change: number | undefined, window: Window): number | undefined {
  return change === undefined ? undefined : change / ((window.endMs - window.startMs) / 1_000);
}

function countPairs(points: readonly Point[], counts: (previous: number, next: number) => boolean): number {
  return points.filter((point, index) => index > 0 && counts(points[index - 1]?.value ?? 0, point.value)).length;
}

function valuesOf(points: readonly Point[]): number[] {
  return points.map((point) => point.value);
}

function elementsOf(value: Value | undefined): readonly VectorElement[] {
  return value?.type === 'vector' ? value.elements : [];
}

function scalarOf(value: Value | undefined): number {
  return value?.type === 'scalar' ? value.value : Number.NaN;
}

function neverRun(): Value {
  return { type: 'vector', elements: [] };
}
