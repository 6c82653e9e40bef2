import type { HttpFailure, HttpFailureReason } from '../../ports/http.ts';

/** Stands for an address that the operator denies. */
export const DENIED_CODE = 'HEADGATE_DENIED';

/** The one class behind the port's HttpFailure. It keeps no cause: the library's errors carry headers and bodies. */
export class HttpRequestFailure extends Error implements HttpFailure {
  override readonly name = 'HttpFailure';
  readonly reason: HttpFailureReason;
  readonly host: string;

  constructor(reason: HttpFailureReason, host: string, message: string) {
    super(message);
    this.reason = reason;
    this.host = host;
  }
}

export function isHttpFailure(error: unknown): error is HttpFailure {
  return error instanceof HttpRequestFailure;
}

/** Makes a failure of what the library or the operating system says, by its code; nothing of the request goes into the message. */
export function failureOf(code: string, host: string): HttpRequestFailure {
  const known = BY_CODE.get(code);
  if (known !== undefined) return new HttpRequestFailure(known.reason, host, `${host}: ${known.says}`);
  if (/CERT|TLS|SSL|EPROTO/.test(code)) {
    return new HttpRequestFailure(
      'tls',
      host,
      `${host}: its certificate or TLS is not accepted (${code}); trust its CA or correct the address`,
    );
  }
  if (/^ERR_(INVALID|BAD_OPTION|UNESCAPED)/.test(code)) {
    return new HttpRequestFailure(
      'bad-request',
      host,
      `${host}: the request cannot be sent (${code}); check address and headers`,
    );
  }
  return new HttpRequestFailure('reset', host, `${host}: the connection broke (${code})`);
}

interface Meaning {
  readonly reason: HttpFailureReason;
  readonly says: string;
}

const REFUSED: Meaning = { reason: 'refused', says: 'nothing listens there; check port and Service' };
const UNREACHABLE: Meaning = {
  reason: 'refused',
  says: 'it cannot be reached from here; check address and network policies',
};
const UNKNOWN_HOST: Meaning = { reason: 'unknown-host', says: 'the name is not known; check the address' };
const DENIED: Meaning = {
  reason: 'bad-request',
  says: 'requests to this address are denied; the operator of the controller can allow them by --denied-addresses',
};
const TIMED_OUT: Meaning = { reason: 'timeout', says: 'the connection timed out' };

const BY_CODE: ReadonlyMap<string, Meaning> = new Map([
  [DENIED_CODE, DENIED],
  ['ECONNREFUSED', REFUSED],
  ['EHOSTUNREACH', UNREACHABLE],
  ['ENETUNREACH', UNREACHABLE],
  ['ENOTFOUND', UNKNOWN_HOST],
  ['EAI_AGAIN', UNKNOWN_HOST],
  ['ETIMEDOUT', TIMED_OUT],
  ['ECONNABORTED', TIMED_OUT],
]);
