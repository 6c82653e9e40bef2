import type { Expr, ValueType } from './ast.ts';
import { FUNCTIONS } from './functions.ts';
import { badData, unsupported } from './query-error.ts';

/** Checks an expression as Prometheus does before it runs one; answers the type of its value. Throws QueryError. */
export function checkTypes(expr: Expr): ValueType {
  switch (expr.type) {
    case 'number':
      return 'scalar';
    case 'string':
      return 'string';
    case 'selector':
      return 'vector';
    case 'range':
      return 'matrix';
    case 'negate':
      return checkNegation(expr);
    case 'call':
      return checkCall(expr);
    case 'aggregate':
      expectType(expr.of, 'vector', `aggregation ${expr.op}`);
      if (expr.parameter !== undefined) expectType(expr.parameter, 'scalar', `aggregation ${expr.op}`);
      return 'vector';
    case 'binary':
      return checkBinary(expr);
  }
}

function checkNegation(expr: Extract<Expr, { type: 'negate' }>): ValueType {
  const type = checkTypes(expr.of);
  if (type !== 'scalar' && type !== 'vector') {
    throw badData(
      `unary expression only allowed on expressions of type scalar or instant vector, got "${nameOf(type)}"`,
    );
  }
  return type;
}

function checkCall(expr: Extract<Expr, { type: 'call' }>): ValueType {
  const known = FUNCTIONS[expr.name];
  if (known === undefined) throw unsupported(`the function ${expr.name}()`);
  const required = known.required ?? known.args.length;
  if (expr.args.length < required || expr.args.length > known.args.length) {
    const wanted = required === known.args.length ? `${required}` : `${required} to ${known.args.length}`;
    throw badData(`expected ${wanted} argument(s) in call to "${expr.name}", got ${expr.args.length}`);
  }
  expr.args.forEach((argument, index) =>
    expectType(argument, known.args[index] ?? 'vector', `call to function "${expr.name}"`),
  );
  return known.returns;
}

function checkBinary(expr: Extract<Expr, { type: 'binary' }>): ValueType {
  const left = checkTypes(expr.left);
  const right = checkTypes(expr.right);
  for (const side of [left, right]) {
    if (side !== 'scalar' && side !== 'vector')
      throw badData('binary expression must contain only scalar and instant vector types');
  }
  const isSet = expr.op === 'and' || expr.op === 'or' || expr.op === 'unless';
  const isComparison = /^[=!<>]/.test(expr.op);
  const vectors = left === 'vector' && right === 'vector';
  if (isSet && !vectors) throw badData(`set operator "${expr.op}" not allowed in binary scalar expression`);
  if (isSet && expr.matching.many !== 'none') throw badData(`no grouping allowed for "${expr.op}" operation`);
  if (expr.bool && !isComparison) throw badData('bool modifier can only be used on comparison operators');
  if (isComparison && !expr.bool && left === 'scalar' && right === 'scalar')
    throw badData('comparisons between scalars must use BOOL modifier');
  if (!vectors && (expr.matching.mode === 'on' || expr.matching.labels.length > 0)) {
    throw badData('vector matching only allowed between instant vectors');
  }
  return left === 'scalar' && right === 'scalar' ? 'scalar' : 'vector';
}

function expectType(expr: Expr, wanted: ValueType, where: string): void {
  const got = checkTypes(expr);
  if (got !== wanted) throw badData(`expected type ${nameOf(wanted)} in ${where}, got ${nameOf(got)}`);
}

function nameOf(type: ValueType): string {
  return type === 'vector' ? 'instant vector' : type === 'matrix' ? 'range vector' : type;
}
