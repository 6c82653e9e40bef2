import { ExpressionError } from './errors.ts';

const SIMPLE: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
};
const ESCAPE =
  /\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2})|([0-3][0-7]{2})|([\s\S]))|\\$/g;

/** The text that the inside of a quoted string literal stands for: Go's escapes, `\u{...}`, and newlines as `\n`. */
export function unquote(body: string, quote: string, offset: number): string {
  return body
    .replace(/\r\n?/g, '\n')
    .replace(
      ESCAPE,
      (_all, braced?: string, four?: string, eight?: string, two?: string, octal?: string, simple?: string) => {
        const hex = braced ?? four ?? eight ?? two;
        if (hex !== undefined) return character(Number.parseInt(hex, 16), offset);
        if (octal !== undefined) return character(Number.parseInt(octal, 8), offset);
        return simpleEscape(simple, quote, offset);
      },
    );
}

/** The bytes of a `b'...'` literal, one character a byte: escapes are bytes, other characters their UTF-8 form. */
export function unquoteBytes(body: string, quote: string, offset: number): string {
  let bytes = '';
  let at = 0;
  for (const match of body.replace(/\r\n?/g, '\n').matchAll(ESCAPE)) {
    const [all, braced, four, eight, two, octal, simple] = match;
    bytes += utf8Bytes(body.slice(at, match.index));
    at = match.index + all.length;
    if (braced !== undefined || four !== undefined || eight !== undefined) invalidEscape(offset);
    if (two !== undefined) bytes += String.fromCharCode(Number.parseInt(two, 16));
    else if (octal !== undefined) bytes += String.fromCharCode(Number.parseInt(octal, 8));
    else bytes += simpleEscape(simple, quote, offset);
  }
  return bytes + utf8Bytes(body.slice(at));
}

function utf8Bytes(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join('');
}

function simpleEscape(char: string | undefined, quote: string, offset: number): string {
  if (char === quote) return quote;
  const value = char === undefined ? undefined : SIMPLE[char];
  return value ?? invalidEscape(offset);
}

function character(code: number, offset: number): string {
  if (code > 0x10ffff) throw new ExpressionError('compile', 'unable to unescape string', offset);
  return String.fromCodePoint(code >= 0xd800 && code <= 0xdfff ? 0xfffd : code);
}

function invalidEscape(offset: number): never {
  throw new ExpressionError('compile', 'invalid char escape', offset);
}
