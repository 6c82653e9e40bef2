const NS_PER_MS = 1_000_000n;
const NS_PER_SECOND = 1_000_000_000n;

/** A duration as Go prints it: `1h0m0s`, `1.5s`, `250ms`. */
export function formatDuration(ns: bigint): string {
  if (ns === 0n) return '0s';
  const sign = ns < 0n ? '-' : '';
  const size = ns < 0n ? -ns : ns;
  if (size < 1_000n) return `${sign}${size}ns`;
  if (size < NS_PER_MS) return `${sign}${decimal(size, 1_000n)}µs`;
  if (size < NS_PER_SECOND) return `${sign}${decimal(size, NS_PER_MS)}ms`;
  const hours = size / (3_600n * NS_PER_SECOND);
  const minutes = (size / (60n * NS_PER_SECOND)) % 60n;
  const seconds = `${decimal(size % (60n * NS_PER_SECOND), NS_PER_SECOND)}s`;
  if (hours > 0n) return `${sign}${hours}h${minutes}m${seconds}`;
  return minutes > 0n ? `${sign}${minutes}m${seconds}` : `${sign}${seconds}`;
}

/** A time as Go prints it with %v: what clocks show, and their zone. */
export function formatTime(ns: bigint, zone: string): string {
  const at = calendar(ns);
  const fraction = at.nanosecond === 0 ? '' : `.${pad(at.nanosecond, 9).replace(/0+$/, '')}`;
  const day = `${pad(at.year, 4)}-${pad(at.month, 2)}-${pad(at.day, 2)}`;
  return `${day} ${pad(at.hour, 2)}:${pad(at.minute, 2)}:${pad(at.second, 2)}${fraction} ${zone}`;
}

/** RFC 3339 with nanoseconds where there are any, as Go writes times into JSON. */
export function formatTimeJson(ns: bigint, zone: string): string {
  return formatTime(ns, zone)
    .replace(' ', 'T')
    .replace(/ ([^ ]+)$/, '$1');
}

export interface Calendar {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly nanosecond: number;
}

/** The calendar of a time in UTC (proleptic Gregorian; days to civil date after Howard Hinnant's public algorithm). */
export function calendar(ns: bigint): Calendar {
  const nanosecond = ((ns % NS_PER_SECOND) + NS_PER_SECOND) % NS_PER_SECOND;
  const seconds = Number((ns - nanosecond) / NS_PER_SECOND);
  const days = Math.floor(seconds / 86_400);
  const ofDay = seconds - days * 86_400;
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const ofEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1_460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
  );
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * ofYear + 2) / 153);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: ofYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1,
    weekday: (((days + 4) % 7) + 7) % 7,
    hour: Math.floor(ofDay / 3_600),
    minute: Math.floor(ofDay / 60) % 60,
    second: ofDay % 60,
    nanosecond: Number(nanosecond),
  };
}

/** Days from 1970-01-01 to a civil date: the inverse of the above. */
export function daysFromCivil(date: { readonly year: number; readonly month: number; readonly day: number }): number {
  const year = date.month <= 2 ? date.year - 1 : date.year;
  const era = Math.floor(year / 400);
  const yearOfEra = year - era * 400;
  const ofYear = Math.floor((153 * (date.month > 2 ? date.month - 3 : date.month + 9) + 2) / 5) + date.day - 1;
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + ofYear - 719_468;
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

function decimal(value: bigint, unit: bigint): string {
  const width = unit.toString().length - 1;
  const fraction = (value % unit).toString().padStart(width, '0').replace(/0+$/, '');
  return fraction === '' ? `${value / unit}` : `${value / unit}.${fraction}`;
}
