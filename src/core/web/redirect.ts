import type { ExchangeResponse, HttpExchange } from '../exchange.ts';

export type Redirect =
  | { readonly type: 'none' }
  | { readonly type: 'follow'; readonly exchange: HttpExchange }
  | { readonly type: 'refused'; readonly message: string };

const MOVED: readonly number[] = [301, 302, 303, 307, 308];

/**
 * Where an answer sends the question on. Only to the same host, and never from https to http: a question carries
 * credentials, and another host was not what the user wrote. As browsers do, 301 to 303 turn a POST into a GET.
 */
export function redirectOf(exchange: HttpExchange, response: ExchangeResponse): Redirect {
  if (response.type !== 'http' || !MOVED.includes(response.status)) return { type: 'none' };
  const location = response.headers['location'];
  if (location === undefined || !URL.canParse(location, exchange.url)) return { type: 'none' };
  const from = new URL(exchange.url);
  const to = new URL(location, exchange.url);
  const isUpgrade = from.protocol === 'http:' && to.protocol === 'https:' && from.port === '' && to.port === '';
  const isSamePlace = from.hostname === to.hostname && (from.origin === to.origin || isUpgrade);
  if (!isSamePlace) {
    return { type: 'refused', message: `redirected to ${to.host}, another place; ask there if that is what you want` };
  }
  const { body: _body, ...rest } = exchange;
  const keepsMethod = response.status > 303 || exchange.method === 'GET';
  return {
    type: 'follow',
    exchange: keepsMethod
      ? { ...exchange, url: to.href }
      : { ...rest, method: 'GET', url: to.href, headers: withoutBodyHeaders(exchange.headers) },
  };
}

function withoutBodyHeaders(headers: HttpExchange['headers']): HttpExchange['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'content-type'));
}
