import { BOOL, DURATION, FLOAT, INT, INT64, LOCATION, STRING, TIME, func } from './go-type.ts';
import type { GoType } from './go-type.ts';
import { formatLayout } from './go-layout.ts';
import { formatDuration } from './go-time.ts';
import { localCalendar, printTime, UTC } from './go-zone.ts';
import { fail } from './errors.ts';
import { wrapInt } from './number-text.ts';
import type { DurationValue, LocationValue, TimeValue, Value } from './value.ts';

interface Method<Receiver> {
  readonly type: GoType;
  readonly call: (receiver: Receiver, args: readonly Value[]) => Value;
}

/** Calendars and zones are looked up, which takes some microseconds. */
export const CALENDAR_STEPS = 50;

const noArgs = (result: GoType): GoType => func([], result);

/** The methods of Go's time.Time that a condition may call. */
const TIME_METHODS: Readonly<Record<string, Method<TimeValue>>> = {
  Unix: { type: noArgs(INT64), call: (time) => floorDivide(time.ns, 1_000_000_000n) },
  UnixMilli: { type: noArgs(INT64), call: (time) => floorDivide(time.ns, 1_000_000n) },
  UnixMicro: { type: noArgs(INT64), call: (time) => floorDivide(time.ns, 1_000n) },
  UnixNano: { type: noArgs(INT64), call: (time) => wrapInt(time.ns) },
  Year: { type: noArgs(INT), call: (time) => BigInt(localCalendar(time).year) },
  Month: { type: noArgs({ kind: 'int', name: 'time.Month' }), call: (time) => BigInt(localCalendar(time).month) },
  Day: { type: noArgs(INT), call: (time) => BigInt(localCalendar(time).day) },
  Weekday: { type: noArgs({ kind: 'int', name: 'time.Weekday' }), call: (time) => BigInt(localCalendar(time).weekday) },
  Hour: { type: noArgs(INT), call: (time) => BigInt(localCalendar(time).hour) },
  Minute: { type: noArgs(INT), call: (time) => BigInt(localCalendar(time).minute) },
  Second: { type: noArgs(INT), call: (time) => BigInt(localCalendar(time).second) },
  Nanosecond: { type: noArgs(INT), call: (time) => BigInt(localCalendar(time).nanosecond) },
  YearDay: { type: noArgs(INT), call: (time) => BigInt(formatLayout(time, '002')) },
  IsZero: { type: noArgs(BOOL), call: (time) => time.ns === ZERO_NS },
  UTC: { type: noArgs(TIME), call: ({ ns }) => ({ kind: 'time', ns }) },
  In: { type: func([LOCATION], TIME), call: ({ ns }, args) => ({ kind: 'time', ns, location: locationOf(args[0]) }) },
  Location: { type: noArgs(LOCATION), call: ({ location = UTC }) => location },
  Format: { type: func([STRING], STRING), call: (time, args) => formatLayout(time, layoutOf(args[0])) },
  String: { type: noArgs(STRING), call: (time) => printTime(time) },
  Add: { type: func([DURATION], TIME), call: (time, args) => ({ ...time, ns: time.ns + durationNs(args[0]) }) },
  Sub: { type: func([TIME], DURATION), call: (time, args) => ({ kind: 'duration', ns: time.ns - timeNs(args[0]) }) },
  Before: { type: func([TIME], BOOL), call: (time, args) => time.ns < timeNs(args[0]) },
  After: { type: func([TIME], BOOL), call: (time, args) => time.ns > timeNs(args[0]) },
  Equal: { type: func([TIME], BOOL), call: (time, args) => time.ns === timeNs(args[0]) },
  Compare: { type: func([TIME], INT), call: (time, args) => BigInt(compare(time.ns, timeNs(args[0]))) },
};

/** 0001-01-01T00:00:00Z */
const ZERO_NS = -62_135_596_800_000_000_000n;

const DURATION_METHODS: Readonly<Record<string, Method<DurationValue>>> = {
  Hours: { type: noArgs(FLOAT), call: (duration) => Number(duration.ns) / 3_600e9 },
  Minutes: { type: noArgs(FLOAT), call: (duration) => Number(duration.ns) / 60e9 },
  Seconds: { type: noArgs(FLOAT), call: (duration) => Number(duration.ns) / 1e9 },
  Milliseconds: { type: noArgs(INT64), call: (duration) => duration.ns / 1_000_000n },
  Microseconds: { type: noArgs(INT64), call: (duration) => duration.ns / 1_000n },
  Nanoseconds: { type: noArgs(INT64), call: (duration) => duration.ns },
  Abs: {
    type: noArgs(DURATION),
    call: (duration) => ({ kind: 'duration', ns: duration.ns < 0n ? -duration.ns : duration.ns }),
  },
  String: { type: noArgs(STRING), call: (duration) => formatDuration(duration.ns) },
};

const LOCATION_METHODS: Readonly<Record<string, Method<LocationValue>>> = {
  String: { type: noArgs(STRING), call: ({ name }) => name },
};

/** The type of a method of a time, a duration or a zone; undefined when there is none of that name. */
export function methodOf(receiver: GoType, name: string): GoType | undefined {
  if (receiver.kind === 'time') return own(TIME_METHODS, name)?.type;
  if (receiver.kind === 'location') return own(LOCATION_METHODS, name)?.type;
  return receiver.kind === 'duration' ? own(DURATION_METHODS, name)?.type : undefined;
}

/** The method bound to its receiver, as a value that can be called. */
export function bindMethod(receiver: TimeValue | DurationValue | LocationValue, name: string): Value | undefined {
  switch (receiver.kind) {
    case 'time':
      return bound(own(TIME_METHODS, name), receiver);
    case 'duration':
      return bound(own(DURATION_METHODS, name), receiver);
    case 'location':
      return bound(own(LOCATION_METHODS, name), receiver);
  }
}

function bound<Receiver>(method: Method<Receiver> | undefined, receiver: Receiver): Value | undefined {
  if (method === undefined) return undefined;
  const call = (args: readonly Value[]): Value => method.call(receiver, args);
  return { kind: 'func', parameterCount: parameterCount(method.type), steps: CALENDAR_STEPS, call };
}

function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

function parameterCount(type: GoType): number {
  return type.kind === 'func' ? type.signature.parameters.length : 0;
}

function timeNs(value: Value | undefined): bigint {
  if (typeof value === 'object' && value !== null && value.kind === 'time') return value.ns;
  return fail('reflect: Call using a value that is not a time.Time');
}

function durationNs(value: Value | undefined): bigint {
  if (typeof value === 'object' && value !== null && value.kind === 'duration') return value.ns;
  return fail('reflect: Call using a value that is not a time.Duration');
}

function layoutOf(value: Value | undefined): string {
  return typeof value === 'string' ? value : fail('reflect: Call using a value that is not a string');
}

function locationOf(value: Value | undefined): LocationValue {
  if (typeof value === 'object' && value !== null && value.kind === 'location') return value;
  return fail('reflect: Call using a value that is not a *time.Location');
}

function compare(left: bigint, right: bigint): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value < 0n && quotient * by !== value ? quotient - 1n : quotient;
}
