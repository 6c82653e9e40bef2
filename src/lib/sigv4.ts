import type { AwsCredentials } from './aws-account.ts';
import { hex, hmacSha256, sha256 } from './sha256.ts';
import { formatTimestamp } from './timestamp.ts';

export interface RequestToSign {
  readonly method: string;
  /** Absolute. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

export interface SigningScope {
  readonly region: string;
  /** As AWS abbreviates it: `monitoring`, `aps`, `sts`. */
  readonly service: string;
  readonly nowMs: number;
}

/**
 * The headers that AWS wants beside those that a request has (Signature Version 4). They sign method, path, query, body,
 * host, time and content type; a header that is added later does not break the signature. It is no secret, the session's
 * token is.
 */
export function signatureHeaders(
  request: RequestToSign,
  credentials: AwsCredentials,
  scope: SigningScope,
): Readonly<Record<string, string>> {
  const url = new URL(request.url);
  const time = formatTimestamp(scope.nowMs).replace(/[-:]/g, '');
  const { sessionToken } = credentials;
  const contentType = request.headers['content-type'];
  const own = {
    'x-amz-date': time,
    ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }),
  };
  const headers = Object.entries({
    ...(contentType === undefined ? {} : { 'content-type': contentType }),
    ...own,
    host: url.host,
  }).sort(([left], [right]) => (left < right ? -1 : 1));
  const names = headers.map(([name]) => name).join(';');
  const canonical = [
    request.method,
    canonicalPath(url.pathname),
    canonicalQuery(url.searchParams),
    ...headers.map(([name, value]) => `${name}:${value.trim()}`),
    '',
    names,
    digest(request.body ?? ''),
  ].join('\n');
  const place = `${time.slice(0, 8)}/${scope.region}/${scope.service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', time, place, digest(canonical)].join('\n');
  const signature = hex(hmacSha256(signingKey(credentials.secretAccessKey, place), toSign));
  const signer = `Credential=${credentials.accessKeyId}/${place}, SignedHeaders=${names}`;
  return { ...own, authorization: `AWS4-HMAC-SHA256 ${signer}, Signature=${signature}` };
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
