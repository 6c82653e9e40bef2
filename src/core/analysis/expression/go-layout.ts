import { daysFromCivil, type Calendar } from './go-time.ts';
import { abbreviationOf, fixedZone, localCalendar, offsetOf, offsetSeconds, unixOfLocal, UTC } from './go-zone.ts';
import type { LocationValue, TimeValue } from './value.ts';

const MONTHS = names('January February March April May June July August September October November December');
const DAYS = names('Sunday Monday Tuesday Wednesday Thursday Friday Saturday');
const NS_PER_SECOND = 1_000_000_000n;

/** What stands for a part of a time in a layout: the reference time is Mon Jan 2 15:04:05 MST 2006, in zone -0700. */
const ELEMENT =
  /January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|002|0[1-6]|15?|_2(?!006)|__2|2006|[2-5]|PM|pm|[-Z]07(?:0000|:00:00|00|:00)?|[.,](?:0+|9+)(?!\d)/g;

/** What `date` reads without a layout; the last are those of RFC 3339, 822, 850 and 1123. */
export const DATE_LAYOUTS: readonly string[] = [
  '2006-01-02',
  '15:04:05',
  '2006-01-02 15:04:05',
  '2006-01-02T15:04:05Z07:00',
  '02 Jan 06 15:04 MST',
  'Monday, 02-Jan-06 15:04:05 MST',
  'Mon, 02 Jan 2006 15:04:05 MST',
];

/** A time as a Go layout writes it. */
export function formatLayout(time: TimeValue, layout: string): string {
  const at = localCalendar(time);
  return pieces(layout)
    .map(({ literal, element }) => literal + (element === '' ? '' : written(element, at, time)))
    .join('');
}

/** A time that is written by a Go layout, or why it is none, in Go's words. Without a zone it is in `location`. */
export function parseLayout(layout: string, text: string, location?: LocationValue): TimeValue | string {
  const read: Parts = { hour: 0, minute: 0, second: 0, nanosecond: 0 };
  const reader = { text, at: 0 };
  const quoted = `parsing time ${JSON.stringify(text)}`;
  const refusal = (rest: string, part: string): string =>
    `${quoted} as ${JSON.stringify(layout)}: cannot parse ${JSON.stringify(rest)} as ${JSON.stringify(part)}`;
  const parts = pieces(layout);
  for (const [index, { literal, element }] of parts.entries()) {
    if (!skip(reader, literal)) return refusal(text.slice(reader.at), literal);
    if (element === '') break;
    const rest = text.slice(reader.at);
    const problem = readElement(reader, element, read, /^[.,]/.test(parts[index + 1]?.element ?? ''));
    if (problem === 'unreadable') return refusal(rest, element);
    if (problem !== undefined) return `${quoted}: ${problem} out of range`;
  }
  if (reader.at < text.length) return `${quoted}: extra text: ${JSON.stringify(text.slice(reader.at))}`;
  const day = civilDay(read);
  return typeof day === 'string' ? `${quoted}: ${day} out of range` : placed(read, day, location);
}

interface Piece {
  readonly literal: string;
  /** Empty after the last literal. */
  readonly element: string;
}

function pieces(layout: string): readonly Piece[] {
  const found: Piece[] = [];
  let at = 0;
  for (const match of layout.matchAll(ELEMENT)) {
    found.push({ literal: layout.slice(at, match.index), element: match[0] });
    at = match.index + match[0].length;
  }
  return [...found, { literal: layout.slice(at), element: '' }];
}

function written(element: string, at: Calendar, time: TimeValue): string {
  const hour12 = at.hour % 12 === 0 ? 12 : at.hour % 12;
  switch (element) {
    case '2006':
      return pad(at.year, 4);
    case '06':
      return pad(at.year % 100, 2);
    case 'January':
      return MONTHS[at.month - 1] ?? '';
    case 'Jan':
      return (MONTHS[at.month - 1] ?? '').slice(0, 3);
    case '1':
      return String(at.month);
    case '01':
      return pad(at.month, 2);
    case 'Monday':
      return DAYS[at.weekday] ?? '';
    case 'Mon':
      return (DAYS[at.weekday] ?? '').slice(0, 3);
    case '2':
      return String(at.day);
    case '_2':
      return String(at.day).padStart(2, ' ');
    case '02':
      return pad(at.day, 2);
    case '__2':
      return String(yearDay(at)).padStart(3, ' ');
    case '002':
      return pad(yearDay(at), 3);
    case '15':
      return pad(at.hour, 2);
    case '3':
      return String(hour12);
    case '03':
      return pad(hour12, 2);
    case '4':
      return String(at.minute);
    case '04':
      return pad(at.minute, 2);
    case '5':
      return String(at.second);
    case '05':
      return pad(at.second, 2);
    case 'PM':
      return at.hour >= 12 ? 'PM' : 'AM';
    case 'pm':
      return at.hour >= 12 ? 'pm' : 'am';
    case 'MST':
      return abbreviationOf(time);
    default:
      return /^[.,]/.test(element) ? fractionText(element, at.nanosecond) : zoneText(element, offsetOf(time));
  }
}

function fractionText(element: string, nanosecond: number): string {
  const digits = pad(nanosecond, 9).slice(0, element.length - 1);
  if (element[1] === '0') return `${element[0]}${digits}`;
  const kept = digits.replace(/0+$/, '');
  return kept === '' ? '' : `${element[0]}${kept}`;
}

function zoneText(element: string, offset: number): string {
  if (element.startsWith('Z') && offset === 0) return 'Z';
  const size = Math.abs(offset);
  const [hours, minutes, seconds] = [Math.trunc(size / 3_600), Math.trunc(size / 60) % 60, size % 60];
  const colon = element.includes(':') ? ':' : '';
  const wanted = element.slice(1).replaceAll(':', '').length / 2;
  const parts = [hours, minutes, seconds].slice(0, wanted).map((part) => pad(part, 2));
  return `${offset < 0 ? '-' : '+'}${parts.join(colon)}`;
}

interface Reader {
  readonly text: string;
  at: number;
}

interface Parts {
  year?: number;
  month?: number;
  day?: number;
  yearDay?: number;
  hour: number;
  minute: number;
  second: number;
  nanosecond: number;
  half?: 'AM' | 'PM';
  offset?: number;
  zone?: string;
  isUtc?: true;
}

/** Spaces of a layout stand for any number of them. */
function skip(reader: Reader, literal: string): boolean {
  for (const part of literal.match(/ +|[^ ]/g) ?? []) {
    const next = reader.text[reader.at];
    if (part.startsWith(' ')) {
      if (next !== undefined && next !== ' ') return false;
      while (reader.text[reader.at] === ' ') reader.at += 1;
    } else if (next === part) reader.at += 1;
    else return false;
  }
  return true;
}

/** Undefined when the part was read; otherwise `unreadable`, or what is out of its range. */
function readElement(reader: Reader, element: string, read: Parts, fractionFollows: boolean): string | undefined {
  switch (element) {
    case '2006':
      return into(take(reader, /\d{4}/y), (text) => (read.year = Number(text)));
    case '06':
      return into(take(reader, /\d\d/y), (text) => (read.year = Number(text) + (Number(text) >= 69 ? 1_900 : 2_000)));
    case 'January':
    case 'Jan':
      return into(takeName(reader, MONTHS, element === 'Jan'), (index) => (read.month = index + 1));
    case 'Monday':
    case 'Mon':
      return into(takeName(reader, DAYS, element === 'Mon'), () => undefined);
    case '1':
    case '01':
      return ranged(reader, element, { name: 'month', min: 1, max: 12 }, (value) => (read.month = value));
    case '_2':
      take(reader, / /y);
      return ranged(reader, '2', { name: 'day', min: 0, max: 99 }, (value) => (read.day = value));
    case '2':
    case '02':
      return ranged(reader, element, { name: 'day', min: 0, max: 99 }, (value) => (read.day = value));
    case '__2':
    case '002':
      return into(
        take(reader, element === '002' ? /\d{3}/y : /(?: {2}\d| \d\d|\d{3})/y),
        (text) => (read.yearDay = Number(text)),
      );
    case '15':
      return ranged(reader, '2', { name: 'hour', min: 0, max: 23 }, (value) => (read.hour = value));
    case '3':
    case '03':
      return ranged(reader, element, { name: 'hour', min: 0, max: 12 }, (value) => (read.hour = value));
    case '4':
    case '04':
      return ranged(reader, element, { name: 'minute', min: 0, max: 59 }, (value) => (read.minute = value));
    case '5':
    case '05': {
      const problem = ranged(reader, element, { name: 'second', min: 0, max: 59 }, (value) => (read.second = value));
      // A fraction may be written where the layout has none.
      if (problem === undefined && !fractionFollows)
        into(take(reader, /[.,]\d+/y), (text) => (read.nanosecond = fraction(text)));
      return problem;
    }
    case 'PM':
      return into(take(reader, /[AP]M/y), (text) => (read.half = text === 'PM' ? 'PM' : 'AM'));
    case 'pm':
      return into(take(reader, /[ap]m/y), (text) => (read.half = text === 'pm' ? 'PM' : 'AM'));
    case 'MST':
      return readAbbreviation(reader, read);
    default:
      return /^[.,]/.test(element) ? readFraction(reader, element, read) : readOffset(reader, element, read);
  }
}

function into<T>(found: T | undefined, store: (found: T) => unknown): string | undefined {
  if (found === undefined) return 'unreadable';
  store(found);
  return undefined;
}

function take(reader: Reader, pattern: RegExp): string | undefined {
  pattern.lastIndex = reader.at;
  const found = pattern.exec(reader.text)?.[0];
  if (found !== undefined) reader.at += found.length;
  return found;
}

function takeName(reader: Reader, list: readonly string[], short: boolean): number | undefined {
  const rest = reader.text.slice(reader.at).toLowerCase();
  const index = list.findIndex((name) => rest.startsWith((short ? name.slice(0, 3) : name).toLowerCase()));
  const found = list[index];
  if (found === undefined) return undefined;
  reader.at += short ? 3 : found.length;
  return index;
}

/** One digit or two; exactly two where the layout has a zero in front. */
function ranged(
  reader: Reader,
  element: string,
  range: { readonly name: string; readonly min: number; readonly max: number },
  store: (value: number) => unknown,
): string | undefined {
  const text = take(reader, element.startsWith('0') ? /\d\d/y : /\d\d?/y);
  if (text === undefined) return 'unreadable';
  const value = Number(text);
  if (value < range.min || value > range.max) return range.name;
  store(value);
  return undefined;
}

function fraction(text: string): number {
  return Number(text.slice(1, 10).padEnd(9, '0'));
}

function readFraction(reader: Reader, element: string, read: Parts): string | undefined {
  if (element[1] === '9') {
    const text = take(reader, /[.,]\d+/y);
    if (text !== undefined) read.nanosecond = fraction(text);
    return undefined;
  }
  return into(
    take(reader, new RegExp(`[.,]\\d{${element.length - 1}}`, 'y')),
    (text) => (read.nanosecond = fraction(text)),
  );
}

const OFFSETS: Readonly<Record<string, RegExp>> = {
  '07': /([+-])(\d\d)/y,
  '0700': /([+-])(\d\d)(\d\d)/y,
  '07:00': /([+-])(\d\d):(\d\d)/y,
  '070000': /([+-])(\d\d)(\d\d)(\d\d)/y,
  '07:00:00': /([+-])(\d\d):(\d\d):(\d\d)/y,
};

function readOffset(reader: Reader, element: string, read: Parts): string | undefined {
  if (element.startsWith('Z') && take(reader, /Z/y) !== undefined) {
    read.isUtc = true;
    return undefined;
  }
  const pattern = OFFSETS[element.slice(1)];
  if (pattern === undefined) return 'unreadable';
  pattern.lastIndex = reader.at;
  const found = pattern.exec(reader.text);
  if (found === null) return 'unreadable';
  const [all, sign, hours = '0', minutes = '0', seconds = '0'] = found;
  if (Number(hours) > 24) return 'time zone offset hour';
  if (Number(minutes) > 60) return 'time zone offset minute';
  if (Number(seconds) > 60) return 'time zone offset second';
  reader.at += all.length;
  const size = Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds);
  read.offset = sign === '-' ? -size : size;
  return undefined;
}

/** Letters of a zone: three to five capitals, `GMT` with hours, or hours alone. */
function readAbbreviation(reader: Reader, read: Parts): string | undefined {
  if (take(reader, /UTC/y) !== undefined) {
    read.isUtc = true;
    return undefined;
  }
  const letters =
    /GMT[+-]\d{1,2}|[+-]\d{2}(?:\d{2})?|ChST|MeST|[A-Z]{4}T(?![A-Z])|(?:[A-Z]{3}T|WITA)(?![A-Z])|[A-Z]{3}(?![A-Z])/y;
  return into(take(reader, letters), (text) => (read.zone = text));
}

/** Days since the epoch, or what is out of range. */
function civilDay({ year = 0, month, day, yearDay: ofYear }: Parts): number | string {
  const first = daysFromCivil({ year, month: 1, day: 1 });
  if (ofYear !== undefined) {
    if (ofYear < 1 || ofYear > daysFromCivil({ year: year + 1, month: 1, day: 1 }) - first) return 'day-of-year';
    return first + ofYear - 1;
  }
  const [ofMonth, inMonth] = [month ?? 1, day ?? 1];
  const start = daysFromCivil({ year, month: ofMonth, day: 1 });
  const next = ofMonth === 12 ? { year: year + 1, month: 1, day: 1 } : { year, month: ofMonth + 1, day: 1 };
  return inMonth < 1 || inMonth > daysFromCivil(next) - start ? 'day' : start + inMonth - 1;
}

function placed(read: Parts, day: number, location: LocationValue | undefined): TimeValue {
  const hour =
    read.half === 'PM' && read.hour < 12 ? read.hour + 12 : read.half === 'AM' && read.hour === 12 ? 0 : read.hour;
  const local = BigInt(day) * 86_400n + BigInt(hour * 3_600 + read.minute * 60 + read.second);
  const at = (seconds: bigint, zone: LocationValue | undefined): TimeValue => ({
    kind: 'time',
    ns: seconds * NS_PER_SECOND + BigInt(read.nanosecond),
    ...(zone === undefined || zone === UTC ? {} : { location: zone }),
  });
  if (read.isUtc === true) return at(local, undefined);
  if (read.offset !== undefined) {
    const seconds = local - BigInt(read.offset);
    const own = location ?? UTC;
    return at(seconds, offsetSeconds(own, seconds) === read.offset ? own : fixedZone('', read.offset));
  }
  if (read.zone === undefined) return at(location === undefined ? local : unixOfLocal(location, local), location);
  return withLetters(read.zone, { local, location, at });
}

/** Letters that the place knows are its own time; others say nothing about an offset, but `GMT+1` does. */
function withLetters(
  zone: string,
  {
    local,
    location,
    at,
  }: {
    readonly local: bigint;
    readonly location: LocationValue | undefined;
    readonly at: (seconds: bigint, zone: LocationValue | undefined) => TimeValue;
  },
): TimeValue {
  if (location !== undefined) {
    const seconds = unixOfLocal(location, local);
    if (abbreviationOf(at(seconds, location)) === zone) return at(seconds, location);
  }
  const hours = /^GMT([+-]\d+)$/.exec(zone)?.[1];
  const offset = hours === undefined ? 0 : Number(hours) * 3_600;
  // Go takes what was written for UTC, whatever the letters say.
  return at(local, fixedZone(zone, offset));
}

function yearDay(at: Calendar): number {
  return daysFromCivil(at) - daysFromCivil({ year: at.year, month: 1, day: 1 }) + 1;
}

function pad(value: number, width: number): string {
  return value < 0 ? `-${String(-value).padStart(width, '0')}` : String(value).padStart(width, '0');
}

function names(text: string): readonly string[] {
  return text.split(' ');
}
