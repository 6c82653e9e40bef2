import type { ArithmeticOp, ComparisonOp, Expr, Matching, SetOp } from './ast.ts';
import { formatLabels, labelsKey, NAME, onlyLabels, withoutLabels } from './model.ts';
import type { Labels, VectorElement } from './model.ts';
import { calculate, compare, isComparisonOp } from './operators.ts';
import { QueryError } from './query-error.ts';

type Elements = readonly VectorElement[];
type Binary = Extract<Expr, { type: 'binary' }>;

export function combineSets(op: SetOp, matching: Matching, left: Elements, right: Elements): VectorElement[] {
  const keysOf = (elements: Elements): Set<string> =>
    new Set(elements.map((element) => matchKey(matching, element.labels)));
  switch (op) {
    case 'and': {
      const present = keysOf(right);
      return left.filter((element) => present.has(matchKey(matching, element.labels)));
    }
    case 'unless': {
      const present = keysOf(right);
      return left.filter((element) => !present.has(matchKey(matching, element.labels)));
    }
    case 'or': {
      const present = keysOf(left);
      return [...left, ...right.filter((element) => !present.has(matchKey(matching, element.labels)))];
    }
  }
}

/**
 * Pairs the elements of two vectors and combines each pair. The side of which there may be many is `many`, the other
 * one must be unique in every match group. Throws QueryError (`execution`) where the data do not allow the matching.
 */
export function combineVectors(
  expr: Binary & { readonly op: ArithmeticOp | ComparisonOp },
  left: Elements,
  right: Elements,
): VectorElement[] {
  const { matching } = expr;
  const [many, one] = matching.many === 'right' ? [right, left] : [left, right];
  const ones = uniqueByKey(matching, one, matching.many === 'right' ? 'left' : 'right');
  const results: VectorElement[] = [];
  const seen = new Set<string>();
  for (const element of many) {
    const group = matchKey(matching, element.labels);
    const partner = ones.get(group);
    if (partner === undefined) continue;
    const [leftValue, rightValue] =
      matching.many === 'right' ? [partner.value, element.value] : [element.value, partner.value];
    const value = combinePair(expr, leftValue, rightValue);
    if (value === undefined) continue;
    const labels = resultLabels(expr, element.labels, partner.labels);
    const resultKey = matching.many === 'none' ? group : `${group} ${labelsKey(labels)}`;
    if (seen.has(resultKey)) throw tooManyMatches(matching);
    seen.add(resultKey);
    results.push({ labels, value });
  }
  return results;
}

function uniqueByKey(matching: Matching, elements: Elements, side: string): Map<string, VectorElement> {
  const unique = new Map<string, VectorElement>();
  for (const element of elements) {
    const key = matchKey(matching, element.labels);
    const other = unique.get(key);
    if (other !== undefined) {
      throw new QueryError(
        'execution',
        `found duplicate series for the match group ${formatLabels(matchLabels(matching, element.labels))} on the ${side} hand-side of the operation: ` +
          `[${formatLabels(element.labels)}, ${formatLabels(other.labels)}];many-to-many matching not allowed: matching labels must be unique on one side`,
      );
    }
    unique.set(key, element);
  }
  return unique;
}

function combinePair(
  expr: Binary & { readonly op: ArithmeticOp | ComparisonOp },
  left: number,
  right: number,
): number | undefined {
  if (!isComparisonOp(expr.op)) return calculate(expr.op, left, right);
  const holds = compare(expr.op, left, right);
  if (expr.bool) return Number(holds);
  return holds ? left : undefined;
}

function resultLabels(expr: Binary, many: Labels, one: Labels): Labels {
  const { matching } = expr;
  const kept = isComparisonOp(expr.op) && !expr.bool ? many : withoutLabels(many, [NAME]);
  if (matching.many === 'none') {
    return matching.mode === 'on' ? onlyLabels(kept, matching.labels) : withoutLabels(kept, matching.labels);
  }
  return { ...withoutLabels(kept, matching.include), ...onlyLabels(one, matching.include) };
}

function tooManyMatches(matching: Matching): QueryError {
  return matching.many === 'none'
    ? new QueryError(
        'execution',
        'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)',
      )
    : new QueryError('execution', 'multiple matches for labels: grouping labels must ensure unique matches');
}

function matchKey(matching: Matching, labels: Labels): string {
  return labelsKey(matchLabels(matching, labels));
}

function matchLabels(matching: Matching, labels: Labels): Labels {
  return matching.mode === 'on'
    ? onlyLabels(labels, matching.labels)
    : withoutLabels(labels, [NAME, ...matching.labels]);
}
