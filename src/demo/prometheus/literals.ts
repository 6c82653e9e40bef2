import { badData } from './query-error.ts';

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};
const DURATION = /^(?:\d+(?:ms|[smhdwy]))+$/;

/** Milliseconds of PromQL's duration (`1h30m`, `5d`; a bare number counts seconds), or undefined when it is none. */
export function parseQueryDurationMs(text: string): number | undefined {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1_000;
  if (!DURATION.test(text)) return undefined;
  let totalMs = 0;
  for (const [, digits = '', unit = ''] of text.matchAll(/(\d+)(ms|[smhdwy])/g))
    totalMs += Number(digits) * (UNIT_MS[unit] ?? 0);
  return totalMs;
}

/** A number as PromQL writes it; a duration used as a number counts seconds. */
export function parseNumber(text: string): number {
  if (/^inf$/i.test(text)) return Number.POSITIVE_INFINITY;
  if (/^nan$/i.test(text)) return Number.NaN;
  if (DURATION.test(text)) return (parseQueryDurationMs(text) ?? 0) / 1_000;
  const value = Number(text);
  if (Number.isNaN(value)) throw badData(`cannot read the number ${text}`);
  return value;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', a: '\x07', b: '\b', f: '\f', v: '\v' };

/** The text of a string literal: single or double quotes with Go's escapes, or back-quotes without any. */
export function parseString(literal: string): string {
  const body = literal.slice(1, -1);
  if (literal.startsWith('`')) return body;
  return body.replace(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|.)/g, (_match, escape: string) => {
    if (/^[xuU]./.test(escape)) return String.fromCodePoint(Number.parseInt(escape.slice(1), 16));
    if (/^[0-7]{3}$/.test(escape)) return String.fromCodePoint(Number.parseInt(escape, 8));
    if (/^[\\'"]$/.test(escape)) return escape;
    const character = ESCAPES[escape];
    if (character === undefined) throw badData(`unknown escape \\${escape} in the string ${literal}`);
    return character;
  });
}
