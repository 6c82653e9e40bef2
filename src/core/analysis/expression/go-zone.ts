import { calendar, daysFromCivil, formatTime, type Calendar } from './go-time.ts';
import type { LocationValue, TimeValue } from './value.ts';

/** Zones that are remembered at once; conditions name a handful. */
const FORMATTERS_MAX = 50;
const NS_PER_SECOND = 1_000_000_000n;
/** What can be asked about a zone: the range of a Date, in seconds. */
const SECONDS_MAX = 8_640_000_000_000n;
const formatters = new Map<string, Intl.DateTimeFormat>();

export const UTC: LocationValue = { kind: 'location', name: 'UTC', fixedSeconds: 0 };

/** A zone by its name in the IANA database, or Go's words for one that there is none of. */
export function loadLocation(name: string): LocationValue | string {
  if (name === '' || name === 'UTC') return UTC;
  // A controller runs in UTC.
  if (name === 'Local') return { ...UTC, name };
  if (/^[/\\]|\.\./.test(name)) return 'time: invalid location name';
  const isName = /^[A-Za-z]/.test(name);
  return isName && formatterOf(name) !== undefined ? { kind: 'location', name } : `unknown time zone ${name}`;
}

/** A zone that is always as far from UTC. */
export function fixedZone(name: string, fixedSeconds: number): LocationValue {
  return { kind: 'location', name, fixedSeconds };
}

/** How far clocks there were ahead of UTC at a time. */
export function offsetSeconds(location: LocationValue, unixSeconds: bigint): number {
  if (location.fixedSeconds !== undefined) return location.fixedSeconds;
  const formatter = formatterOf(location.name);
  if (formatter === undefined || unixSeconds > SECONDS_MAX || unixSeconds < -SECONDS_MAX) return 0;
  const parts = formatter.formatToParts(Number(unixSeconds) * 1_000);
  const read = (type: Intl.DateTimeFormatPartTypes): number =>
    Number(parts.find((part) => part.type === type)?.value ?? '0');
  const isBefore = parts.some(({ type, value }) => type === 'era' && value.startsWith('B'));
  const year = isBefore ? 1 - read('year') : read('year');
  const days = daysFromCivil({ year, month: read('month'), day: read('day') });
  const local = days * 86_400 + read('hour') * 3_600 + read('minute') * 60 + read('second');
  return local - Number(unixSeconds);
}

/** The seconds since the epoch at which clocks there show a local time; where that is not one time, one of them. */
export function unixOfLocal(location: LocationValue, localSeconds: bigint): bigint {
  const guess = localSeconds - BigInt(offsetSeconds(location, localSeconds));
  return localSeconds - BigInt(offsetSeconds(location, guess));
}

/** Nanoseconds that clocks in the time's own zone show. */
export function localNs({ ns, location }: Pick<TimeValue, 'ns' | 'location'>): bigint {
  return ns + BigInt(offsetOf({ ns, location })) * NS_PER_SECOND;
}

export function localCalendar(time: TimeValue): Calendar {
  return calendar(localNs(time));
}

export function offsetOf({ ns, location }: Pick<TimeValue, 'ns' | 'location'>): number {
  return location === undefined ? 0 : offsetSeconds(location, floorSeconds(ns));
}

/** As Go prints it with %v. */
export function printTime(time: Pick<TimeValue, 'ns' | 'location'>): string {
  return formatTime(localNs(time), `${offsetText(offsetOf(time))} ${abbreviationOf(time)}`);
}

/** Each language has letters only for the zones of its speakers. */
const LANGUAGES: readonly (readonly [RegExp, string])[] = [
  [/^(Europe|Atlantic)\//, 'en-GB'],
  [/^Australia\//, 'en-AU'],
  [/^Africa\//, 'en-ZA'],
  [/^(NZ$|Pacific\/Auckland$)/, 'en-NZ'],
  [/^Asia\/(Kolkata|Calcutta)$/, 'en-IN'],
];

/** `UTC`, `CET`, or `+0530` for zones without letters of their own. */
export function abbreviationOf({ ns, location = UTC }: Pick<TimeValue, 'ns' | 'location'>): string {
  if (location.name === 'Local') return 'UTC';
  if (location.fixedSeconds !== undefined) {
    return location.name === '' ? offsetText(location.fixedSeconds) : location.name;
  }
  const seconds = floorSeconds(ns);
  const language = LANGUAGES.find(([place]) => place.test(location.name))?.[1];
  const parts = formatterOf(location.name, language ?? 'en-US')?.formatToParts(Number(seconds) * 1_000) ?? [];
  const letters = parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
  if (/^[A-Z]{2,5}$/.test(letters)) return letters;
  return offsetText(offsetSeconds(location, seconds)).replace(/^(...)00$/, '$1');
}

/** `+0100` */
export function offsetText(seconds: number): string {
  const minutes = Math.trunc(Math.abs(seconds) / 60);
  const pad = (value: number): string => String(value).padStart(2, '0');
  return `${seconds < 0 ? '-' : '+'}${pad(Math.trunc(minutes / 60))}${pad(minutes % 60)}`;
}

function floorSeconds(ns: bigint): bigint {
  const rest = ((ns % NS_PER_SECOND) + NS_PER_SECOND) % NS_PER_SECOND;
  return (ns - rest) / NS_PER_SECOND;
}

/** Of the numbers that clocks show; or, in a language, of the letters of the zone. */
function formatterOf(timeZone: string, language = ''): Intl.DateTimeFormat | undefined {
  const key = `${language} ${timeZone}`;
  const known = formatters.get(key);
  if (known !== undefined) return known;
  const made = makeFormatter(timeZone, language);
  const [oldest] = formatters.keys();
  if (formatters.size >= FORMATTERS_MAX && oldest !== undefined) formatters.delete(oldest);
  if (made !== undefined) formatters.set(key, made);
  return made;
}

function makeFormatter(timeZone: string, language: string): Intl.DateTimeFormat | undefined {
  try {
    return language === ''
      ? new Intl.DateTimeFormat('en-US', { timeZone, ...NUMBERS })
      : new Intl.DateTimeFormat(language, { timeZone, timeZoneName: 'short' });
  } catch {
    return undefined;
  }
}

const NUMBERS: Intl.DateTimeFormatOptions = {
  calendar: 'gregory',
  numberingSystem: 'latn',
  hourCycle: 'h23',
  era: 'short',
  year: 'numeric',
  month: 'numeric',
  day: 'numeric',
  hour: 'numeric',
  minute: 'numeric',
  second: 'numeric',
};
