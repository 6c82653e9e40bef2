import { BOOL, DURATION, FLOAT, INT, INT64, STRING, TIME, func } from './go-type.ts';
import type { GoType } from './go-type.ts';
import { calendar, formatDuration, formatTime } from './go-time.ts';
import { fail } from './errors.ts';
import { wrapInt } from './number-text.ts';
import type { DurationValue, TimeValue, Value } from './value.ts';

interface Method<Receiver> {
  readonly type: GoType;
  readonly call: (receiver: Receiver, args: readonly Value[]) => Value;
}

const noArgs = (result: GoType): GoType => func([], result);

/** The methods of Go's time.Time that a condition may call; times are UTC. */
const TIME_METHODS: Readonly<Record<string, Method<TimeValue>>> = {
  Unix: { type: noArgs(INT64), call: (time) => floorDivide(time.ns, 1_000_000_000n) },
  UnixMilli: { type: noArgs(INT64), call: (time) => floorDivide(time.ns, 1_000_000n) },
  UnixMicro: { type: noArgs(INT64), call: (time) => floorDivide(time.ns, 1_000n) },
  UnixNano: { type: noArgs(INT64), call: (time) => wrapInt(time.ns) },
  Year: { type: noArgs(INT), call: (time) => BigInt(calendar(time.ns).year) },
  Month: { type: noArgs({ kind: 'int', name: 'time.Month' }), call: (time) => BigInt(calendar(time.ns).month) },
  Day: { type: noArgs(INT), call: (time) => BigInt(calendar(time.ns).day) },
  Weekday: { type: noArgs({ kind: 'int', name: 'time.Weekday' }), call: (time) => BigInt(calendar(time.ns).weekday) },
  Hour: { type: noArgs(INT), call: (time) => BigInt(calendar(time.ns).hour) },
  Minute: { type: noArgs(INT), call: (time) => BigInt(calendar(time.ns).minute) },
  Second: { type: noArgs(INT), call: (time) => BigInt(calendar(time.ns).second) },
  Nanosecond: { type: noArgs(INT), call: (time) => BigInt(calendar(time.ns).nanosecond) },
  UTC: { type: noArgs(TIME), call: (time) => time },
  String: { type: noArgs(STRING), call: (time) => formatTime(time.ns) },
  Add: { type: func([DURATION], TIME), call: (time, args) => ({ kind: 'time', ns: time.ns + durationNs(args[0]) }) },
  Sub: { type: func([TIME], DURATION), call: (time, args) => ({ kind: 'duration', ns: time.ns - timeNs(args[0]) }) },
  Before: { type: func([TIME], BOOL), call: (time, args) => time.ns < timeNs(args[0]) },
  After: { type: func([TIME], BOOL), call: (time, args) => time.ns > timeNs(args[0]) },
  Equal: { type: func([TIME], BOOL), call: (time, args) => time.ns === timeNs(args[0]) },
};

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

/** The type of a method of a time or duration; undefined when there is none of that name. */
export function methodOf(receiver: GoType, name: string): GoType | undefined {
  if (receiver.kind === 'time') return own(TIME_METHODS, name)?.type;
  return receiver.kind === 'duration' ? own(DURATION_METHODS, name)?.type : undefined;
}

/** The method bound to its receiver, as a value that can be called. */
export function bindMethod(receiver: TimeValue | DurationValue, name: string): Value | undefined {
  if (receiver.kind === 'time') {
    const method = own(TIME_METHODS, name);
    if (method === undefined) return undefined;
    return { kind: 'func', parameterCount: parameterCount(method.type), call: (args) => method.call(receiver, args) };
  }
  const method = own(DURATION_METHODS, name);
  if (method === undefined) return undefined;
  return { kind: 'func', parameterCount: parameterCount(method.type), call: (args) => method.call(receiver, args) };
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

function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value < 0n && quotient * by !== value ? quotient - 1n : quotient;
}
