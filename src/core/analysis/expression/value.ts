import { formatFloat } from './number-text.ts';
import { formatDuration } from './go-time.ts';
import { printTime } from './go-zone.ts';

/**
 * A value of the condition language. Integers (Go's int, 64 bits) are bigint and floats (float64) are number, so that
 * the two never mix by accident.
 */
export type Value =
  | null
  | boolean
  | string
  | bigint
  | number
  | SliceValue
  | MapValue
  | TimeValue
  | DurationValue
  | LocationValue
  | FunctionValue;

export type SliceElement = 'interface {}' | '[2]interface {}' | 'int' | 'float64' | 'string' | 'uint8';

export interface SliceValue {
  readonly kind: 'slice';
  readonly element: SliceElement;
  readonly items: readonly Value[];
}

export interface MapValue {
  readonly kind: 'map';
  readonly key: 'string' | 'interface {}';
  readonly entries: ReadonlyMap<Value, Value>;
  /** True for the groups of groupBy: a missing one is an empty list, anywhere else a missing value is nil. */
  readonly ofLists?: true;
}

export interface TimeValue {
  readonly kind: 'time';
  /** Nanoseconds since the Unix epoch. */
  readonly ns: bigint;
  /** Where its clock stands; UTC if unset. */
  readonly location?: LocationValue;
}

export interface LocationValue {
  readonly kind: 'location';
  /** As in the IANA database. */
  readonly name: string;
  /** For a zone that never changes: how far it is ahead of UTC. */
  readonly fixedSeconds?: number;
}

export interface DurationValue {
  readonly kind: 'duration';
  readonly ns: bigint;
}

export interface FunctionValue {
  readonly kind: 'func';
  readonly parameterCount: number;
  /** What a call costs, where that is more than the step that every node is. */
  readonly steps?: number;
  readonly call: (args: readonly Value[]) => Value;
}

export function slice(items: readonly Value[], element: SliceElement = 'interface {}'): SliceValue {
  return { kind: 'slice', element, items };
}

export function isSlice(value: Value): value is SliceValue {
  return typeof value === 'object' && value !== null && value.kind === 'slice';
}

export function isMap(value: Value): value is MapValue {
  return typeof value === 'object' && value !== null && value.kind === 'map';
}

export function isNumeric(value: Value): value is bigint | number {
  return typeof value === 'bigint' || typeof value === 'number';
}

/** The value of a decoded JSON document: numbers are float64, objects `map[string]interface {}`. */
export function fromJson(json: unknown): Value {
  if (json === null || json === undefined) return null;
  if (typeof json === 'boolean' || typeof json === 'string' || typeof json === 'number') return json;
  if (Array.isArray(json)) return slice(json.map(fromJson));
  if (typeof json !== 'object') return null;
  return {
    kind: 'map',
    key: 'string',
    entries: new Map(Object.entries(json).map(([key, value]) => [key, fromJson(value)])),
  };
}

/** The type of a value as Go prints it with %T. */
export function typeName(value: Value): string {
  if (value === null) return '<nil>';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'number') return 'float64';
  switch (value.kind) {
    case 'slice':
      return `[]${value.element}`;
    case 'map':
      return `map[${value.key}]${value.ofLists === true ? '[]' : ''}interface {}`;
    case 'time':
      return 'time.Time';
    case 'duration':
      return 'time.Duration';
    case 'location':
      return '*time.Location';
    case 'func':
      return 'func';
  }
}

/** A value as Go prints it with %v. */
export function formatValue(value: Value): string {
  if (value === null) return '<nil>';
  if (typeof value === 'number') return formatFloat(value);
  if (typeof value !== 'object') return String(value);
  switch (value.kind) {
    case 'slice':
      return `[${value.items.map(formatValue).join(' ')}]`;
    case 'map': {
      const entries = [...value.entries].map(([key, item]) => ({ key: formatValue(key), item }));
      entries.sort((left, right) => (left.key < right.key ? -1 : 1));
      return `map[${entries.map(({ key, item }) => `${key}:${formatValue(item)}`).join(' ')}]`;
    }
    case 'time':
      return printTime(value);
    case 'duration':
      return formatDuration(value.ns);
    case 'location':
      return value.name;
    case 'func':
      return 'func';
  }
}
