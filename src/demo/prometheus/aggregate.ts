import { assert } from '../../lib/assert.ts';
import type { AggregateOp, Grouping } from './ast.ts';
import { labelsKey, NAME, onlyLabels, withoutLabels } from './model.ts';
import type { Labels, VectorElement } from './model.ts';
import { largest, preciseSum, smallest } from './range-functions.ts';

/** One element for each group; topk and bottomk keep up to `k` elements of each group with their own labels. */
export function aggregate(
  op: AggregateOp,
  grouping: Grouping,
  elements: readonly VectorElement[],
  k: number,
): VectorElement[] {
  const groups = [...groupBy(elements, grouping).values()];
  if (op === 'topk' || op === 'bottomk') return groups.flatMap((group) => selectFew(op, group.elements, k));
  return groups.map((group) => ({
    labels: group.labels,
    value: combine(
      op,
      group.elements.map((element) => element.value),
    ),
  }));
}

interface Group {
  readonly labels: Labels;
  readonly elements: VectorElement[];
}

function groupBy(elements: readonly VectorElement[], grouping: Grouping): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const element of elements) {
    const labels =
      grouping.mode === 'by'
        ? onlyLabels(element.labels, grouping.labels)
        : withoutLabels(element.labels, [NAME, ...grouping.labels]);
    const key = labelsKey(labels);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { labels, elements: [element] });
    else group.elements.push(element);
  }
  return groups;
}

function combine(op: Exclude<AggregateOp, 'topk' | 'bottomk'>, values: readonly number[]): number {
  assert(values.length > 0, 'a group has at least one element');
  switch (op) {
    case 'sum':
      return preciseSum(values);
    case 'avg':
      return preciseSum(values) / values.length;
    case 'min':
      return smallest(values);
    case 'max':
      return largest(values);
    case 'count':
      return values.length;
    case 'group':
      return 1;
  }
}

function selectFew(op: 'topk' | 'bottomk', elements: readonly VectorElement[], k: number): VectorElement[] {
  const sign = op === 'topk' ? -1 : 1;
  const sorted = elements.toSorted((a, b) => {
    if (Number.isNaN(a.value) || Number.isNaN(b.value))
      return Number(Number.isNaN(a.value)) - Number(Number.isNaN(b.value));
    return sign * (a.value - b.value);
  });
  return sorted.slice(0, Math.max(0, Math.trunc(k)));
}
