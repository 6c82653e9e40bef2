import { base64 } from '../../lib/base64.ts';
import { fieldsOf } from '../../lib/fields-of.ts';
import type { Exchange, ExchangeResponse, HttpExchange } from '../exchange.ts';
import { jsonAnswer } from './answer.ts';
import { credentialsOf } from './authorization.ts';

/** The client credentials grant of OAuth 2 (RFC 6749, 4.4). */
export interface ClientCredentials {
  readonly tokenUrl?: string | undefined;
  readonly clientId?: string | undefined;
  readonly clientSecret?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
}

interface Problem {
  readonly problem: string;
}

const TOKEN_BYTES_MAX = 1024 * 1024;
const GRANT = 'grant_type=client_credentials';

/** Whether a metric asks for a token at all; an empty block is none. */
export function wantsToken(credentials: ClientCredentials | undefined): credentials is ClientCredentials {
  return credentials !== undefined && Object.keys(credentials).length > 0;
}

/** Asks for a token; `like` is the question that needs it, whose time-out and TLS it shares. */
export function tokenExchange(
  credentials: ClientCredentials,
  like: Pick<HttpExchange, 'timeoutMs' | 'tls' | 'secrets'>,
): HttpExchange | Problem {
  const { tokenUrl = '', clientId = '', clientSecret = '', scopes = [] } = credentials;
  if (clientId === '' || clientSecret === '' || !/^https?:\/\//i.test(tokenUrl) || !URL.canParse(tokenUrl)) {
    return {
      problem: 'missing mandatory parameter in metric for OAuth2 setup: set tokenUrl, clientId and clientSecret',
    };
  }
  const form = new URLSearchParams(scopes.length === 0 ? {} : { scope: scopes.join(' ') }).toString();
  const pair = base64(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`);
  return {
    type: 'http',
    method: 'POST',
    url: tokenUrl,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
      authorization: `Basic ${pair}`,
    },
    body: form === '' ? GRANT : `${GRANT}&${form}`,
    timeoutMs: like.timeoutMs,
    maxResponseBytes: TOKEN_BYTES_MAX,
    tls: like.tls,
    secrets: [...like.secrets, clientSecret, pair],
  };
}

export function asksForToken(exchange: Exchange): exchange is HttpExchange {
  return exchange.type === 'http' && exchange.body?.startsWith(GRANT) === true;
}

export type TokenAnswer = Problem | { readonly again: HttpExchange } | { readonly authorization: string };

/** What came back for a token: one, or the same question with the credentials in its body, as some servers want it. */
export function tokenAnswer(
  asked: HttpExchange,
  response: ExchangeResponse,
  credentials: ClientCredentials,
): TokenAnswer {
  const refusesHeader = response.type === 'http' && (response.status === 400 || response.status === 401);
  if (refusesHeader && asked.headers['authorization'] !== undefined) {
    const { authorization: _authorization, ...headers } = asked.headers;
    const { clientId = '', clientSecret = '' } = credentials;
    const client = new URLSearchParams({ client_id: clientId, client_secret: clientSecret }).toString();
    const secrets = [...asked.secrets, new URLSearchParams({ s: clientSecret }).toString().slice(2)];
    return { again: { ...asked, headers, body: `${asked.body ?? GRANT}&${client}`, secrets } };
  }
  const answer = jsonAnswer(response, 'the token URL');
  if (!answer.ok) return { problem: answer.problem };
  const { access_token: token, token_type: type } = fieldsOf(answer.json);
  if (typeof token !== 'string' || token === '') return { problem: 'the answer of the token URL has no access_token' };
  const scheme = typeof type === 'string' && type !== '' && type.toLowerCase() !== 'bearer' ? type : 'Bearer';
  return { authorization: `${scheme} ${token}` };
}

/** The question with its token, which is a secret. */
export function withToken(question: HttpExchange, authorization: string): HttpExchange {
  return {
    ...question,
    headers: { ...question.headers, authorization },
    secrets: [...question.secrets, authorization, credentialsOf(authorization)],
  };
}
