import type { AwsCredentials } from '../../lib/aws-account.ts';
import { hex, hmacSha256, sha256 } from '../../lib/sha256.ts';
import { formatTimestamp } from '../../lib/timestamp.ts';
import type { HttpExchange } from '../exchange.ts';

export interface SigningScope {
  readonly region: string;
  /** As AWS abbreviates it: `monitoring`, `aps`, `sts`. */
  readonly service: string;
  readonly nowMs: number;
}

/**
 * A question with the signature that AWS wants (Signature Version 4). It signs method, path, query, body, host, time and
 * content type; a header that is added later does not break it. The signature is no secret, the session's token is.
 */
export function signed(question: HttpExchange, credentials: AwsCredentials, scope: SigningScope): HttpExchange {
  const url = new URL(question.url);
  const time = formatTimestamp(scope.nowMs).replace(/[-:]/g, '');
  const { sessionToken } = credentials;
  const contentType = question.headers['content-type'];
  const own = {
    ...(contentType === undefined ? {} : { 'content-type': contentType }),
    'x-amz-date': time,
    ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }),
  };
  const headers = Object.entries({ ...own, host: url.host }).sort(([left], [right]) => (left < right ? -1 : 1));
  const names = headers.map(([name]) => name).join(';');
  const canonical = [
    question.method,
    canonicalPath(url.pathname),
    canonicalQuery(url.searchParams),
    ...headers.map(([name, value]) => `${name}:${value.trim()}`),
    '',
    names,
    digest(question.body ?? ''),
  ].join('\n');
  const place = `${time.slice(0, 8)}/${scope.region}/${scope.service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', time, place, digest(canonical)].join('\n');
  const signature = hex(hmacSha256(signingKey(credentials.secretAccessKey, place), toSign));
  const authorization = `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${place}, SignedHeaders=${names}, Signature=${signature}`;
  const secrets = [credentials.secretAccessKey, ...(sessionToken === undefined ? [] : [sessionToken])];
  return {
    ...question,
    headers: { ...question.headers, ...own, authorization },
    secrets: [...question.secrets, ...secrets],
  };
}

function signingKey(secret: string, place: string): Uint8Array {
  let key: Uint8Array = new TextEncoder().encode(`AWS4${secret}`);
  for (const part of place.split('/')) key = hmacSha256(key, part);
  return key;
}

function digest(text: string): string {
  return hex(sha256(new TextEncoder().encode(text)));
}

/** All services but S3 want the path, which is encoded already, encoded once more. */
function canonicalPath(path: string): string {
  return path.split('/').map(encoded).join('/');
}

function canonicalQuery(parameters: URLSearchParams): string {
  return [...parameters]
    .map(([name, value]): readonly [string, string] => [encoded(name), encoded(value)])
    .sort(([left, a], [right, b]) => (left === right ? compare(a, b) : compare(left, right)))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function encoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
