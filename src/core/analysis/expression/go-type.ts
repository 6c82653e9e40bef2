/**
 * The static types of the condition language: what the Go implementation knows about a value before it runs.
 * A decoded JSON document is `interface {}` all the way down, a Prometheus vector is `[]float64`.
 */
export type GoType =
  /** Nothing is known; every operation is allowed and checked when it runs. */
  | { readonly kind: 'any'; readonly name: 'unknown' | 'interface {}' }
  | { readonly kind: 'nil'; readonly name: 'unknown' }
  | { readonly kind: 'bool'; readonly name: 'bool' }
  | { readonly kind: 'string'; readonly name: 'string' }
  | { readonly kind: 'int'; readonly name: 'int' | 'int64' | 'time.Month' | 'time.Weekday' }
  | { readonly kind: 'float'; readonly name: 'float64' }
  | { readonly kind: 'time'; readonly name: 'time.Time' }
  | { readonly kind: 'duration'; readonly name: 'time.Duration' }
  | { readonly kind: 'location'; readonly name: '*time.Location' }
  | { readonly kind: 'slice'; readonly name: string; readonly element: GoType }
  | { readonly kind: 'map'; readonly name: string; readonly key: GoType; readonly element: GoType }
  | { readonly kind: 'func'; readonly name: string; readonly signature: Signature };

export interface Signature {
  readonly parameters: readonly GoType[];
  readonly result: GoType;
}

export const UNKNOWN: GoType = { kind: 'any', name: 'unknown' };
export const ANY: GoType = { kind: 'any', name: 'interface {}' };
export const NIL: GoType = { kind: 'nil', name: 'unknown' };
export const BOOL: GoType = { kind: 'bool', name: 'bool' };
export const STRING: GoType = { kind: 'string', name: 'string' };
export const INT: GoType = { kind: 'int', name: 'int' };
export const INT64: GoType = { kind: 'int', name: 'int64' };
export const FLOAT: GoType = { kind: 'float', name: 'float64' };
export const TIME: GoType = { kind: 'time', name: 'time.Time' };
export const DURATION: GoType = { kind: 'duration', name: 'time.Duration' };
export const LOCATION: GoType = { kind: 'location', name: '*time.Location' };
export const BYTES: GoType = { kind: 'slice', name: '[]uint8', element: { kind: 'int', name: 'int' } };
export const ANY_SLICE: GoType = { kind: 'slice', name: '[]interface {}', element: ANY };
export const FLOAT_SLICE: GoType = { kind: 'slice', name: '[]float64', element: FLOAT };
export const STRING_SLICE: GoType = { kind: 'slice', name: '[]string', element: STRING };
export const INT_SLICE: GoType = { kind: 'slice', name: '[]int', element: INT };
export const STRING_MAP: GoType = { kind: 'map', name: 'map[string]interface {}', key: STRING, element: ANY };
export const ANY_MAP: GoType = { kind: 'map', name: 'map[interface {}]interface {}', key: ANY, element: ANY };

/** A `[]interface {}` of which the elements' type is known. */
export function sliceOf(element: GoType): GoType {
  return { kind: 'slice', name: '[]interface {}', element };
}

export function func(parameters: readonly GoType[], result: GoType): GoType {
  const names = parameters.map((parameter) => parameter.name).join(', ');
  return { kind: 'func', name: `func(${names}) ${result.name}`, signature: { parameters, result } };
}

export function isNumber(type: GoType): boolean {
  return isInteger(type) || type.kind === 'float';
}

/** Integers in arithmetic are the plain ones; a month or a weekday is a named type. */
export function isInteger(type: GoType): boolean {
  return type.kind === 'int' && (type.name === 'int' || type.name === 'int64');
}

/** Whether a value of this type may stand where `target` is wanted. */
export function assignable(type: GoType, target: GoType): boolean {
  if (type.kind === 'nil')
    return target.kind === 'map' || target.kind === 'slice' || target.kind === 'func' || target.name === 'interface {}';
  if (type.name === 'unknown' || target.name === 'unknown') return false;
  return target.kind === 'any' || type.name === target.name;
}

/** Whether `==` between the two may be asked. */
export function comparable(left: GoType, right: GoType): boolean {
  if (left.kind === 'any' || right.kind === 'any' || left.kind === 'nil' || right.kind === 'nil') return true;
  if (isNumber(left) && isNumber(right)) return true;
  if (left.kind === 'slice' && right.kind === 'slice') return true;
  return assignable(left, right);
}

export function promote(left: GoType, right: GoType): GoType {
  return left.kind === 'float' || right.kind === 'float' ? FLOAT : INT;
}
