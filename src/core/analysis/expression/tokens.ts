import { ExpressionError } from './errors.ts';
import { unquote, unquoteBytes } from './string-literal.ts';

export type TokenKind = 'Identifier' | 'Number' | 'String' | 'Bytes' | 'Operator' | 'Bracket' | 'EOF';

export interface Token {
  readonly kind: TokenKind;
  readonly value: string;
  readonly offset: number;
}

const WORD_OPERATORS = new Set([
  'not',
  'in',
  'or',
  'and',
  'matches',
  'contains',
  'startsWith',
  'endsWith',
  'let',
  'if',
  'else',
]);
const SPACE = /[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;
const WORD = /[\p{L}\p{Nd}_$]/u;
const WORD_RUN = /[\p{L}\p{Nd}_$]+/uy;
const NUMBER =
  /(?:0[xX][0-9a-fA-F_]*|0[oO][0-7_]*|0[bB][01_]*|[0-9][0-9_]*)?(?:\.(?!\.)[0-9_]*)?(?:[eE][+-]?[0-9_]*)?/y;

/** Splits an expression into tokens; the last one is always EOF. Throws ExpressionError on what is no token. */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    at = scan(text, at, tokens);
  }
  tokens.push({ kind: 'EOF', value: '', offset: Math.max(0, text.length - 1) });
  return tokens;
}

/** Reads one token (or a space or comment) at `at` and returns where the next one starts. */
function scan(text: string, at: number, tokens: Token[]): number {
  const char = String.fromCodePoint(text.codePointAt(at) ?? 0);
  if (SPACE.test(char)) return at + char.length;
  if (char === "'" || char === '"') return scanQuoted(text, at, at, tokens, 'String');
  if ((char === 'b' || char === 'B') && /['"]/.test(text.charAt(at + 1)))
    return scanQuoted(text, at, at + 1, tokens, 'Bytes');
  if (char === '`') return scanRaw(text, at, tokens);
  if (/[0-9]/.test(char) || (char === '.' && /[0-9]/.test(text.charAt(at + 1)))) return scanNumber(text, at, tokens);
  if (char === '/' && text.charAt(at + 1) === '/') return endOfLine(text, at);
  if (char === '/' && text.charAt(at + 1) === '*') return endOfComment(text, at);
  if ('([{)]}'.includes(char)) return push(tokens, 'Bracket', char, at);
  const operator = operatorAt(text, at, char);
  if (operator !== undefined) {
    const next = push(tokens, 'Operator', operator, at);
    return char === '#' ? scanPointerName(text, next, tokens) : next;
  }
  if (WORD.test(char)) return scanWord(text, at, tokens);
  throw new ExpressionError('compile', `unrecognized character: ${describeCharacter(char)}`, at);
}

function push(tokens: Token[], kind: TokenKind, value: string, offset: number): number {
  tokens.push({ kind, value, offset });
  return offset + value.length;
}

/** Operators are one character, except where the next one may belong to it. */
function operatorAt(text: string, at: number, char: string): string | undefined {
  const next = text.charAt(at + 1);
  if (',;%+-^/'.includes(char)) return char;
  if (char === '.' || char === '|' || char === ':' || char === '#') return next === char ? char + next : char;
  if (char === '?') return next === '.' || next === '?' ? char + next : char;
  if ('&!=*<>'.includes(char)) return next !== '' && '&=*'.includes(next) ? char + next : char;
  return undefined;
}

function scanPointerName(text: string, at: number, tokens: Token[]): number {
  WORD_RUN.lastIndex = at;
  const name = WORD_RUN.exec(text)?.[0];
  return name === undefined ? at : push(tokens, 'Identifier', name, at);
}

function scanWord(text: string, at: number, tokens: Token[]): number {
  WORD_RUN.lastIndex = at;
  const word = WORD_RUN.exec(text)?.[0] ?? '';
  return push(tokens, WORD_OPERATORS.has(word) ? 'Operator' : 'Identifier', word, at);
}

function scanNumber(text: string, at: number, tokens: Token[]): number {
  NUMBER.lastIndex = at;
  const digits = NUMBER.exec(text)?.[0] ?? '';
  const after = String.fromCodePoint(text.codePointAt(at + digits.length) ?? 0x20);
  if (WORD.test(after)) {
    throw new ExpressionError('compile', `bad number syntax: ${JSON.stringify(digits + after)}`, at + digits.length);
  }
  return push(tokens, 'Number', digits, at);
}

function scanQuoted(text: string, start: number, quoteAt: number, tokens: Token[], kind: 'String' | 'Bytes'): number {
  const quote = text.charAt(quoteAt);
  let at = quoteAt + 1;
  for (;;) {
    const char = text.charAt(at);
    if (char === '' || char === '\n')
      throw new ExpressionError('compile', 'literal not terminated', Math.min(at, text.length));
    if (char === quote) break;
    at += char === '\\' ? 2 : 1;
  }
  const body = text.slice(quoteAt + 1, at);
  const value = kind === 'String' ? unquote(body, quote, quoteAt) : unquoteBytes(body, quote, quoteAt);
  tokens.push({ kind, value, offset: start });
  return at + 1;
}

/** A raw string in backticks, in which a doubled backtick stands for one. */
function scanRaw(text: string, start: number, tokens: Token[]): number {
  let at = start + 1;
  for (;;) {
    const next = text.indexOf('`', at);
    if (next < 0) throw new ExpressionError('compile', 'literal not terminated', text.length);
    if (text.charAt(next + 1) !== '`') {
      tokens.push({ kind: 'String', value: text.slice(start + 1, next).replaceAll('``', '`'), offset: start });
      return next + 1;
    }
    at = next + 2;
  }
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end + 1;
}

function endOfComment(text: string, at: number): number {
  const end = text.indexOf('*/', at + 2);
  if (end < 0) throw new ExpressionError('compile', 'unclosed comment', text.length);
  return end + 2;
}

function describeCharacter(char: string): string {
  const code = (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return `U+${code} '${char}'`;
}
