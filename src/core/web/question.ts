import type { HttpExchange } from '../exchange.ts';

/** More than any sane answer to a query; a longer one is refused. */
const RESPONSE_BYTES_MAX = 4 * 1024 * 1024;

export interface Question {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  readonly timeoutMs: number;
  readonly secrets: readonly string[];
}

/** A question whose answer is wanted as JSON. */
export function jsonQuestion(question: Question): HttpExchange {
  const { method, url, headers, json, timeoutMs, secrets } = question;
  return {
    type: 'http',
    method,
    url,
    headers: {
      accept: 'application/json',
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    timeoutMs,
    maxResponseBytes: RESPONSE_BYTES_MAX,
    secrets,
  };
}

/** The address without slashes at its end, or undefined for what is no http or https URL. */
export function baseOf(address: string): string | undefined {
  const text = address.trim();
  return /^https?:\/\//i.test(text) && URL.canParse(text) ? text.replace(/\/+$/, '') : undefined;
}
