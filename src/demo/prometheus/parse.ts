import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';
import { assert } from '../../lib/assert.ts';
import type { AggregateOp, BinaryOp, Expr, Grouping, Matcher, Matching, Selector } from './ast.ts';
import { checkTypes } from './check-types.ts';
import { parseNumber, parseQueryDurationMs, parseString } from './literals.ts';
import { compileMatcher } from './matchers.ts';
import { NAME } from './model.ts';
import { badData, unsupported } from './query-error.ts';

/** A longer query is refused: nobody writes one, and the parser's tree costs memory. */
const QUERY_LENGTH_MAX = 10_000;

/**
 * Parses a query of the documented subset and checks its types.
 * Throws QueryError (`bad_data`) for a syntax error, a type error, and for constructs outside of the subset, by name.
 */
export function parseQuery(text: string): Expr {
  if (text.length > QUERY_LENGTH_MAX) throw badData(`query is longer than ${QUERY_LENGTH_MAX} characters`);
  const tree = parser.parse(text);
  refuseSyntaxErrors(tree.topNode, text);
  const top = children(tree.topNode)[0];
  if (top === undefined) throw badData('no expression found in input');
  const expr = toExpr(top, text);
  checkTypes(expr);
  return expr;
}

function refuseSyntaxErrors(top: SyntaxNode, text: string): void {
  top.cursor().iterate((node) => {
    if (!node.type.isError) return;
    const found = text.slice(node.from, node.to === node.from ? node.from + 10 : node.to);
    throw badData(
      `1:${node.from + 1}: parse error: unexpected ${found === '' ? 'end of input' : JSON.stringify(found)}`,
    );
  });
}

function toExpr(node: SyntaxNode, text: string): Expr {
  switch (node.name) {
    case 'NumberDurationLiteral':
      return { type: 'number', value: parseNumber(textOf(node, text)) };
    case 'StringLiteral':
      return { type: 'string', value: parseString(textOf(node, text)) };
    case 'ParenExpr':
      return toExpr(onlyChild(node), text);
    case 'VectorSelector':
      return toSelector(node, text);
    case 'MatrixSelector':
      return toRange(node, text);
    case 'OffsetExpr':
      return toOffset(node, text);
    case 'UnaryExpr':
      return toUnary(node, text);
    case 'FunctionCall':
      return toCall(node, text);
    case 'AggregateExpr':
      return toAggregate(node, text);
    case 'BinaryExpr':
      return toBinary(node, text);
    case 'SubqueryExpr':
      throw unsupported(`the subquery ${textOf(node, text)}`);
    case 'StepInvariantExpr':
      throw unsupported('the @ modifier');
    default:
      throw unsupported(`${node.name} (${textOf(node, text)})`);
  }
}

function toSelector(node: SyntaxNode, text: string): Selector {
  const name = node.getChild('Identifier');
  const matchers: Matcher[] = name === null ? [] : [{ label: NAME, op: '=', value: textOf(name, text) }];
  const list = node.getChild('LabelMatchers');
  for (const matcher of list === null ? [] : children(list)) matchers.push(toMatcher(matcher, text));
  if (matchers.filter((matcher) => matcher.label === NAME && matcher.op === '=').length > 1) {
    throw badData('metric name must not be set twice');
  }
  if (matchers.map(compileMatcher).every((matches) => matches(''))) {
    throw badData('vector selector must contain at least one non-empty matcher');
  }
  return { type: 'selector', matchers, offsetMs: 0 };
}

function toMatcher(node: SyntaxNode, text: string): Matcher {
  if (node.name === 'QuotedLabelName') return { label: NAME, op: '=', value: parseString(textOf(node, text)) };
  const [label, op, value] = children(node);
  assert(label !== undefined && op !== undefined && value !== undefined, 'the grammar gives a matcher three parts');
  const name = textOf(label, text);
  return {
    label: label.name === 'LabelName' ? name : parseString(name),
    op: textOf(op, text) as Matcher['op'],
    value: parseString(textOf(value, text)),
  };
}

function toRange(node: SyntaxNode, text: string): Expr {
  const [inner, range] = children(node);
  assert(inner !== undefined && range !== undefined, 'the grammar gives a range selector two parts');
  if (inner.name !== 'VectorSelector') throw badData('ranges only allowed for vector selectors');
  const rangeMs = durationMs(range, text);
  if (rangeMs <= 0) throw badData('duration must be greater than 0');
  return { type: 'range', selector: toSelector(inner, text), rangeMs };
}

function toOffset(node: SyntaxNode, text: string): Expr {
  const [inner, , duration] = children(node);
  assert(inner !== undefined && duration !== undefined, 'the grammar gives an offset an expression and a duration');
  const written = textOf(duration, text).replace(/\s/g, '');
  const negative = written.startsWith('-');
  const ms = parseQueryDurationMs(written.replace(/^[+-]/, ''));
  if (ms === undefined) throw unsupported(`the duration expression ${written}`);
  const expr = toExpr(inner, text);
  const offsetMs = negative ? -ms : ms;
  const selector = expr.type === 'range' ? expr.selector : expr;
  if (selector.type === 'selector' && selector.offsetMs !== 0) throw badData('offset may not be set multiple times');
  if (expr.type === 'selector') return { ...expr, offsetMs };
  if (expr.type === 'range') return { ...expr, selector: { ...expr.selector, offsetMs } };
  throw badData('offset modifier must be preceded by an instant vector selector or range vector selector');
}

function toUnary(node: SyntaxNode, text: string): Expr {
  const [sign, operand] = children(node);
  assert(sign !== undefined && operand !== undefined, 'the grammar gives a unary expression a sign and an operand');
  const of = toExpr(operand, text);
  if (textOf(sign, text) === '+') return of;
  return of.type === 'number' ? { type: 'number', value: -of.value } : { type: 'negate', of };
}

function toCall(node: SyntaxNode, text: string): Expr {
  const name = node.getChild('FunctionIdentifier');
  const body = node.getChild('FunctionCallBody');
  assert(name !== null && body !== null, 'the grammar gives a call a name and a body');
  return { type: 'call', name: textOf(name, text), args: children(body).map((argument) => toExpr(argument, text)) };
}

const AGGREGATES: ReadonlySet<string> = new Set(['sum', 'avg', 'min', 'max', 'count', 'group', 'topk', 'bottomk']);

function toAggregate(node: SyntaxNode, text: string): Expr {
  const opNode = node.getChild('AggregateOp');
  const body = node.getChild('FunctionCallBody');
  assert(opNode !== null && body !== null, 'the grammar gives an aggregation an operator and a body');
  const op = textOf(opNode, text).toLowerCase();
  if (!AGGREGATES.has(op)) throw unsupported(`the aggregation ${op}`);
  const args = children(body).map((argument) => toExpr(argument, text));
  const wanted = op === 'topk' || op === 'bottomk' ? 2 : 1;
  if (args.length !== wanted)
    throw badData(
      `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${args.length}`,
    );
  const of = args[wanted - 1];
  assert(of !== undefined, 'there are as many arguments as wanted');
  const grouping = toGrouping(node.getChild('AggregateModifier'), text);
  return { type: 'aggregate', op: op as AggregateOp, grouping, of, ...(wanted === 2 ? { parameter: args[0] } : {}) };
}

function toGrouping(node: SyntaxNode | null, text: string): Grouping {
  if (node === null) return { mode: 'by', labels: [] };
  return {
    mode: node.getChild('Without') === null ? 'by' : 'without',
    labels: labelList(node.getChild('GroupingLabels'), text),
  };
}

const BINARY_OPS: ReadonlySet<string> = new Set('+ - * / % ^ == != < > <= >= and or unless'.split(' '));

function toBinary(node: SyntaxNode, text: string): Expr {
  const parts = children(node);
  const [left, opNode] = parts;
  const right = parts.at(-1);
  assert(
    left !== undefined && opNode !== undefined && right !== undefined,
    'the grammar gives a binary expression two sides',
  );
  const op = textOf(opNode, text).toLowerCase();
  if (!BINARY_OPS.has(op)) throw unsupported(`the operator ${op}`);
  const modifiers = parts.slice(2, -1);
  for (const modifier of modifiers) {
    if (modifier.name !== 'BoolModifier' && modifier.name !== 'MatchingModifierClause')
      throw unsupported(`the modifier ${textOf(modifier, text)}`);
  }
  return {
    type: 'binary',
    op: op as BinaryOp,
    bool: node.getChild('BoolModifier') !== null,
    matching: toMatching(
      node.getChild('MatchingModifierClause') ??
        node.getChild('BoolModifier')?.getChild('MatchingModifierClause') ??
        null,
      text,
    ),
    left: toExpr(left, text),
    right: toExpr(right, text),
  };
}

function toMatching(node: SyntaxNode | null, text: string): Matching {
  if (node === null) return { mode: 'ignoring', labels: [], many: 'none', include: [] };
  const fill = node.getChild('FillModifier') ?? node.getChild('FillClause');
  if (fill !== null) throw unsupported(`the modifier ${textOf(fill, text)}`);
  const [labels, include] = node.getChildren('GroupingLabels');
  return {
    mode: node.getChild('On') === null ? 'ignoring' : 'on',
    labels: labelList(labels ?? null, text),
    many: node.getChild('GroupLeft') !== null ? 'left' : node.getChild('GroupRight') !== null ? 'right' : 'none',
    include: labelList(include ?? null, text),
  };
}

function labelList(node: SyntaxNode | null, text: string): string[] {
  if (node === null) return [];
  return children(node).map((label) =>
    label.name === 'LabelName' ? textOf(label, text) : parseString(textOf(label, text)),
  );
}

function durationMs(node: SyntaxNode, text: string): number {
  const ms = parseQueryDurationMs(textOf(node, text));
  if (ms === undefined) throw unsupported(`the duration expression ${textOf(node, text)}`);
  return ms;
}

function onlyChild(node: SyntaxNode): SyntaxNode {
  const child = children(node)[0];
  assert(child !== undefined, 'the grammar gives this node a child');
  return child;
}

function children(node: SyntaxNode): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    if (child.name !== 'LineComment') found.push(child);
  }
  return found;
}

function textOf(node: SyntaxNode, text: string): string {
  return text.slice(node.from, node.to);
}
