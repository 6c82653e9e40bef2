import { fail } from './errors.ts';
import { ANY, ANY_SLICE, BOOL, FLOAT, FLOAT_SLICE, INT64, NIL, STRING, STRING_MAP, UNKNOWN, func } from './go-type.ts';
import type { GoType } from './go-type.ts';
import { parseFloatText, parseIntegerText, truncateToInt } from './number-text.ts';
import { formatValue, typeName } from './value.ts';
import type { FunctionValue, Value } from './value.ts';

const IS_NAN = { type: func([FLOAT], BOOL), value: fn(1, ([value]) => Number.isNaN(asFloatArgument(value))) };
const IS_INF = {
  type: func([FLOAT], BOOL),
  value: fn(1, ([value]) => asFloatArgument(value) === Infinity || asFloatArgument(value) === -Infinity),
};

/** What a condition may refer to besides the builtins, by type; `result` is as known before it is evaluated. */
export function conditionTypes(result: GoType): ReadonlyMap<string, GoType> {
  return new Map([
    ['result', result],
    ['asInt', func([ANY], INT64)],
    ['asFloat', func([ANY], FLOAT)],
    ['isNaN', IS_NAN.type],
    ['isInf', IS_INF.type],
    ['isNil', func([ANY], BOOL)],
    ['default', func([ANY, ANY], ANY)],
  ]);
}

/** The same names by value. `isNil` and `default` look at the result, whatever their first argument is: a fact of the API. */
export function conditionValues(result: Value): ReadonlyMap<string, Value> {
  return new Map<string, Value>([
    ['result', result],
    ['asInt', fn(1, ([value = null]) => asInt(value))],
    ['asFloat', fn(1, ([value = null]) => asFloat(value))],
    ['isNaN', IS_NAN.value],
    ['isInf', IS_INF.value],
    ['isNil', fn(1, () => result === null)],
    ['default', fn(2, ([, fallback = null]) => result ?? fallback)],
  ]);
}

/** What the start and end of a range query may refer to. */
export const TIME_TYPES: ReadonlyMap<string, GoType> = new Map([
  ['isNaN', IS_NAN.type],
  ['isInf', IS_INF.type],
]);
export const TIME_VALUES: ReadonlyMap<string, Value> = new Map<string, Value>([
  ['isNaN', IS_NAN.value],
  ['isInf', IS_INF.value],
]);

/** The static type of a provider's result: what Go would see of the value's own type. */
export function typeOfResult(result: Value): GoType {
  if (result === null) return NIL;
  if (typeof result === 'boolean') return BOOL;
  if (typeof result === 'string') return STRING;
  if (typeof result === 'number') return FLOAT;
  if (typeof result === 'bigint') return INT64;
  if (result.kind === 'map') return STRING_MAP;
  if (result.kind === 'slice') return result.element === 'float64' ? FLOAT_SLICE : ANY_SLICE;
  return UNKNOWN;
}

function fn(parameterCount: number, call: (args: readonly Value[]) => Value): FunctionValue {
  return { kind: 'func', parameterCount, call };
}

function asInt(value: Value): Value {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return truncateToInt(value);
  if (typeof value !== 'string') return unsupported('asInt', value);
  const parsed = parseIntegerText(value, 'decimal');
  return typeof parsed === 'bigint' ? parsed : fail(`strconv.ParseInt: parsing ${JSON.stringify(value)}: ${parsed}`);
}

function asFloat(value: Value): Value {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'string') return unsupported('asFloat', value);
  const parsed = parseFloatText(value);
  return typeof parsed === 'number' ? parsed : fail(`strconv.ParseFloat: parsing ${JSON.stringify(value)}: ${parsed}`);
}

function unsupported(name: string, value: Value): never {
  return fail(`${name}() not supported on ${typeName(value)} ${formatValue(value)}`);
}

/** Only a float will do where the types could not be checked before: an int is an error, as in the Go implementation. */
function asFloatArgument(value: Value | undefined): number {
  if (typeof value === 'number') return value;
  return fail(
    `interface conversion: interface {} is ${value === null || value === undefined ? 'nil' : typeName(value)}, not float64`,
  );
}
