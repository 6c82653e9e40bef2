import { fieldsOf } from '../../lib/fields-of.ts';
import { isPlainObject } from '../../lib/merge-patch.ts';
import type { KubeError, KubeErrorReason } from '../../ports/kube.ts';

/** The API server quotes whole objects in some refusals; conditions and log lines need the beginning. */
const MESSAGE_MAX = 1_000;

type Causes = KubeError['causes'];

interface KubeErrorFacts {
  readonly reason: KubeErrorReason;
  readonly status: number;
  readonly causes?: Causes;
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** The one class behind the port's KubeError. */
export class KubeApiError extends Error implements KubeError {
  override readonly name = 'KubeError';
  readonly reason: KubeErrorReason;
  readonly status: number;
  readonly causes: Causes;
  readonly retryAfterMs?: number;

  constructor(message: string, facts: KubeErrorFacts) {
    super(message, { cause: facts.cause });
    this.reason = facts.reason;
    this.status = facts.status;
    this.causes = facts.causes ?? [];
    this.retryAfterMs = facts.retryAfterMs;
  }
}

export function isKubeError(error: unknown): error is KubeError {
  return error instanceof KubeApiError;
}

/** Makes an error of an answer that is not a success. `body` is a Status object where the API server itself answered. */
export function errorOfAnswer(answer: {
  readonly status: number;
  readonly body: string;
  readonly retryAfter?: string;
}): KubeApiError {
  const parsed = parseStatus(answer.body);
  const message = parsed?.message?.slice(0, MESSAGE_MAX) ?? plainMessage(answer.status, answer.body);
  return new KubeApiError(message, {
    reason: reasonOf(answer.status, parsed?.reason),
    status: answer.status,
    causes: parsed?.causes,
    retryAfterMs: retryAfterMs(answer.retryAfter, parsed?.retryAfterSeconds),
  });
}

/** Makes an error of a Status object, as an ERROR event of a watch carries it. */
export function errorOfStatus(object: unknown): KubeApiError {
  const status = isPlainObject(object) && typeof object['code'] === 'number' ? object['code'] : 500;
  return errorOfAnswer({ status, body: JSON.stringify(object ?? {}) });
}

/** No whole answer came: the call may or may not have been carried out. */
export function unavailable(message: string, cause?: unknown): KubeApiError {
  return new KubeApiError(message, { reason: 'unavailable', status: 0, cause });
}

function reasonOf(status: number, serverReason: string | undefined): KubeErrorReason {
  if (serverReason === 'AlreadyExists') return 'already-exists';
  switch (status) {
    case 401:
    case 403:
      return 'forbidden';
    case 404:
      return 'not-found';
    case 409:
      return 'conflict';
    case 410:
      return 'gone';
    case 429:
      return 'too-many-requests';
    case 408:
      return 'unavailable';
    default:
      return status >= 400 && status < 500 ? 'invalid' : 'unavailable';
  }
}

interface ParsedStatus {
  readonly message?: string;
  readonly reason?: string;
  readonly causes: Causes;
  readonly retryAfterSeconds?: number;
}

function parseStatus(body: string): ParsedStatus | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (!isPlainObject(value) || value['kind'] !== 'Status') return undefined;
  const details = fieldsOf(value['details']);
  const causes = Array.isArray(details['causes']) ? details['causes'].filter(isPlainObject) : [];
  return {
    message: text(value['message']),
    reason: text(value['reason']),
    causes: causes.map((cause) => ({
      field: text(cause['field']),
      reason: text(cause['reason']),
      message: text(cause['message']),
    })),
    retryAfterSeconds: typeof details['retryAfterSeconds'] === 'number' ? details['retryAfterSeconds'] : undefined,
  };
}

function plainMessage(status: number, body: string): string {
  const line = body.split('\n', 1)[0]?.trim().slice(0, 200) ?? '';
  return line === '' || line.startsWith('<') || line.startsWith('{') ? `HTTP ${status}` : `HTTP ${status}: ${line}`;
}

function retryAfterMs(header: string | undefined, seconds: number | undefined): number | undefined {
  const fromHeader = header === undefined ? Number.NaN : Number(header);
  const chosen = Number.isFinite(fromHeader) ? fromHeader : seconds;
  return chosen === undefined || chosen <= 0 ? undefined : chosen * 1_000;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
