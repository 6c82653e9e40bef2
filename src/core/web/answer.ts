import type { ExchangeResponse } from '../exchange.ts';

/** Enough of a page to recognise who answered. */
const EXCERPT_LENGTH = 200;

/** The beginning of an answer, for a message. */
export function excerptOf(body: string): string {
  return body.slice(0, EXCERPT_LENGTH).trim();
}

export type JsonAnswer =
  | { readonly ok: true; readonly json: unknown }
  /** No answer, an error status, or no JSON; `problem` says which, and names `who` was asked. */
  | { readonly ok: false; readonly problem: string };

/** The JSON of an answer with a status of 200 to 299. */
export function jsonAnswer(response: ExchangeResponse, who: string): JsonAnswer {
  if (response.type === 'failed') return { ok: false, problem: `asking ${who}: ${response.message}` };
  if (response.type !== 'http') return { ok: false, problem: `${who} was not asked` };
  const excerpt = excerptOf(response.body);
  if (response.status < 200 || response.status >= 300) {
    return {
      ok: false,
      problem: `${who} answered with status ${response.status}${excerpt === '' ? '' : `: ${excerpt}`}`,
    };
  }
  const json = parsedJson(response.body);
  if (json === undefined) return { ok: false, problem: `the answer of ${who} is no JSON: ${excerpt}` };
  return { ok: true, json };
}

/** Undefined for what is no JSON. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
