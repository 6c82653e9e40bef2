import type { FieldError, ResourceDefinition } from './resource.ts';

/** The Status object that a Kubernetes API server answers a failed request with. */
export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly code: number;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

/** A request that ends with a Status; every error of the API is one of these, made by a function of this file. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: Status;

  constructor(status: Status) {
    super(status.message ?? status.reason ?? `status ${status.code}`);
    this.status = status;
  }

  get code(): number {
    return this.status.code;
  }

  get reason(): string {
    return this.status.reason ?? 'Unknown';
  }
}

type Named = Pick<ResourceDefinition, 'group' | 'plural' | 'kind'>;

/** `rollouts.argoproj.io`, or `pods` alone for the core group. */
export function qualifiedResource(definition: Pick<ResourceDefinition, 'group' | 'plural'>): string {
  return definition.group === '' ? definition.plural : `${definition.plural}.${definition.group}`;
}

function qualifiedKind(definition: Named): string {
  return definition.group === '' ? definition.kind : `${definition.kind}.${definition.group}`;
}

export function failure(
  code: number,
  reason: string,
  message: string,
  details?: StatusDetails,
  metadata = {},
): ApiError {
  return new ApiError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata,
    status: 'Failure',
    message,
    reason,
    ...(details === undefined ? {} : { details }),
    code,
  });
}

export function notFound(definition: Named, name: string): ApiError {
  return failure(
    404,
    'NotFound',
    `${qualifiedResource(definition)} "${name}" not found`,
    resourceDetails(definition, name),
  );
}

/** What an API server says of a kind or a subresource that it does not serve. */
export function unknownPath(): ApiError {
  return failure(404, 'NotFound', 'the server could not find the requested resource', {});
}

export function alreadyExists(definition: Named, name: string): ApiError {
  return failure(
    409,
    'AlreadyExists',
    `${qualifiedResource(definition)} "${name}" already exists`,
    resourceDetails(definition, name),
  );
}

export function conflict(definition: Named, name: string, why: string): ApiError {
  const message = `Operation cannot be fulfilled on ${qualifiedResource(definition)} "${name}": ${why}`;
  return failure(409, 'Conflict', message, resourceDetails(definition, name));
}

/** A deletion whose precondition fails names the kind, not the resource. */
export function conflictOnDelete(definition: Named, name: string, why: string): ApiError {
  const message = `Operation cannot be fulfilled on ${qualifiedKind(definition)} ${JSON.stringify(name)}: ${why}`;
  return failure(409, 'Conflict', message, {
    name,
    ...(definition.group === '' ? {} : { group: definition.group }),
    kind: definition.kind,
  });
}

/** The answer to a write that was made from an outdated read. */
export function modifiedMeanwhile(definition: Named, name: string): ApiError {
  const why = 'the object has been modified; please apply your changes to the latest version and try again';
  return conflict(definition, name, why);
}

export function applyConflict(message: string, causes: readonly StatusCause[]): ApiError {
  return failure(409, 'Conflict', message, { causes });
}

export function invalid(definition: Named, name: string, errors: readonly FieldError[]): ApiError {
  const lines = [...new Set(errors.map((error) => `${error.path}: ${error.message}`))];
  const summary = lines.length === 1 ? lines[0] : `[${lines.join(', ')}]`;
  return failure(422, 'Invalid', `${qualifiedKind(definition)} "${name}" is invalid: ${summary}`, {
    ...(name === '' ? {} : { name }),
    ...(definition.group === '' ? {} : { group: definition.group }),
    ...(definition.kind === '' ? {} : { kind: definition.kind }),
    causes: errors.map((error) => ({ reason: error.reason, message: error.message, field: error.path })),
  });
}

/** Options of a request (`ListOptions`, `PatchOptions`) that cannot be as they are. */
export function invalidRequestOptions(kind: string, errors: readonly FieldError[]): ApiError {
  return invalid({ group: 'meta.k8s.io', plural: '', kind }, '', errors);
}

export function badRequest(message: string): ApiError {
  return failure(400, 'BadRequest', message);
}

export function unauthorized(): ApiError {
  return failure(401, 'Unauthorized', 'Unauthorized');
}

export function forbidden(
  definition: Pick<Named, 'group' | 'plural'>,
  name: string | undefined,
  why: string,
): ApiError {
  const subject = name === undefined ? qualifiedResource(definition) : `${qualifiedResource(definition)} "${name}"`;
  return failure(403, 'Forbidden', `${subject} is forbidden: ${why}`, {
    ...(name === undefined ? {} : { name }),
    ...(definition.group === '' ? {} : { group: definition.group }),
    kind: definition.plural,
  });
}

export function methodNotAllowed(): ApiError {
  return failure(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {});
}

export function notAcceptable(accepted: readonly string[]): ApiError {
  return failure(406, 'NotAcceptable', `only the following media types are accepted: ${accepted.join(', ')}`);
}

export function unsupportedMediaType(accepted: readonly string[]): ApiError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`;
  return failure(415, 'UnsupportedMediaType', message);
}

/** A revision or continue token that history no longer covers. */
export function expired(message: string, metadata = {}): ApiError {
  return failure(410, 'Expired', message, undefined, metadata);
}

/** A revision that the server has not reached yet. */
export function revisionTooLarge(asked: number, current: number): ApiError {
  return failure(504, 'Timeout', `Timeout: Too large resource version: ${asked}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}

export function tooManyRequests(message: string, details: StatusDetails = {}): ApiError {
  return failure(429, 'TooManyRequests', message, details);
}

/** A refusal that an API server lets through without a reason. */
export function plainFailure(message: string): ApiError {
  return new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 });
}

export function internalError(message: string): ApiError {
  return failure(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] });
}

/** What this server deliberately leaves out: refused by name, never answered as if it had been done. */
export function notImplemented(what: string): ApiError {
  return failure(501, 'NotImplemented', `the embedded API server does not implement ${what}`);
}

function resourceDetails(definition: Named, name: string): StatusDetails {
  return { name, ...(definition.group === '' ? {} : { group: definition.group }), kind: definition.plural };
}
