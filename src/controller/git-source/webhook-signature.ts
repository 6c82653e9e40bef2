import { createHmac, timingSafeEqual } from 'node:crypto';

/** Headers by lower-case name. */
export type WebhookHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** HMACs of the body by SHA-256 in hexadecimal: GitHub and Gitea (either header), and anybody else. */
const SIGNATURE_HEADERS = ['x-hub-signature-256', 'x-gitea-signature', 'x-headgate-signature'];
/** GitLab sends the secret itself. */
const TOKEN_HEADER = 'x-gitlab-token';

/** Whether the body comes from somebody who knows the secret. Compares in constant time; one signature that fits is enough. */
export function isSignedBy(secret: string, headers: WebhookHeaders, body: Uint8Array): boolean {
  if (secret === '') return false;
  const expected = createHmac('sha256', secret).update(body).digest();
  const signed = SIGNATURE_HEADERS.some((name) => {
    const given = single(headers[name]);
    return given !== undefined && isSame(Buffer.from(given.replace(/^sha256=/, ''), 'hex'), expected);
  });
  const token = single(headers[TOKEN_HEADER]);
  return signed || (token !== undefined && isSame(digest(token), digest(secret)));
}

function single(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Digests make both sides equally long, so that not even the length leaks. */
function digest(text: string): Buffer {
  return createHmac('sha256', 'headgate').update(text).digest();
}

function isSame(given: Buffer, expected: Buffer): boolean {
  return given.length === expected.length && timingSafeEqual(given, expected);
}
