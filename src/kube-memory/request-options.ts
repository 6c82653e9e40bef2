import { objectBody, parseYaml, textBody } from './body.ts';
import { isObject } from './json-value.ts';
import { isTrue } from './list-query.ts';
import { representationOf, type Representation } from './negotiate.ts';
import type { ApiRequest, RequestFacts, Verb } from './request.ts';
import type { ResourcePath } from './resource-path.ts';
import { badRequest, failure, methodNotAllowed, type ApiError } from './status-error.ts';
import type { IncludeObject } from './table.ts';
import type { Target, WriteOptions } from './target.ts';

/** A request for a resource with everything that was found out about it. */
export interface Execution {
  readonly request: ApiRequest;
  readonly query: URLSearchParams;
  readonly path: ResourcePath;
  readonly target: Target;
  readonly facts: RequestFacts;
  readonly staleRevision: number | undefined;
}

export interface Form {
  readonly representation: Representation;
  readonly includeObject: IncludeObject;
}

export function formOf(request: ApiRequest, query: URLSearchParams): Form {
  const include = query.get('includeObject');
  return {
    representation: representationOf(request.headers['accept']),
    includeObject: include === 'None' || include === 'Object' ? include : 'Metadata',
  };
}

export function verbOf(request: ApiRequest, path: ResourcePath, query: URLSearchParams): Verb {
  switch (request.method) {
    case 'GET':
    case 'HEAD':
      if (query.has('watch') && isTrue(query.get('watch'))) return 'watch';
      return path.name === '' ? 'list' : 'get';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return (request.headers['content-type'] ?? '').startsWith('application/apply-patch+') ? 'apply' : 'patch';
    case 'DELETE':
      return path.name === '' ? 'deletecollection' : 'delete';
    default:
      throw methodNotAllowed();
  }
}

export function writeOptions(input: Execution): WriteOptions {
  const { query, facts, path } = input;
  const validation = query.get('fieldValidation');
  if (
    validation !== null &&
    validation !== 'Strict' &&
    validation !== 'Warn' &&
    validation !== 'Ignore' &&
    validation !== ''
  ) {
    throw badRequest(
      `fieldValidation: Unsupported value: ${JSON.stringify(validation)}: supported values: "Ignore", "Strict", "Warn"`,
    );
  }
  return {
    dryRun: isDryRun(query),
    fieldManager: facts.fieldManager,
    fieldValidation: validation === 'Strict' || validation === 'Ignore' ? validation : 'Warn',
    force: isTrue(query.get('force')) && query.has('force'),
    subresource: path.subresource === 'status' || path.subresource === 'scale' ? path.subresource : '',
  };
}

export function isDryRun(query: URLSearchParams): boolean {
  return query.getAll('dryRun').includes('All');
}

const MANAGER_LENGTH_MAX = 128;

/** The manager of a write that names none is the first part of its User-Agent. */
export function fieldManagerOf(query: URLSearchParams, userAgent: string): string {
  const named = query.get('fieldManager');
  if (named !== null && named !== '') return named;
  const prefix = userAgent.split('/')[0] ?? '';
  return prefix === '' ? 'unknown' : prefix.slice(0, MANAGER_LENGTH_MAX);
}

export function applyNeedsManager(): ApiError {
  const message = 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch';
  return failure(422, 'Invalid', message, {
    group: 'meta.k8s.io',
    kind: 'PatchOptions',
    causes: [
      { reason: 'FieldValueRequired', message: 'Required value: is required for apply patch', field: 'fieldManager' },
    ],
  });
}

export function forceForbidden(): ApiError {
  const message = 'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch';
  return failure(422, 'Invalid', message, {
    group: 'meta.k8s.io',
    kind: 'PatchOptions',
    causes: [
      { reason: 'FieldValueForbidden', message: 'Forbidden: may not be specified for non-apply patch', field: 'force' },
    ],
  });
}

export function yamlObject(request: ApiRequest): Record<string, unknown> {
  const value = parseYaml(textBody(request));
  if (!isObject(value)) throw badRequest('error decoding YAML: the applied configuration is not an object');
  return value;
}

export function optionalBody(request: ApiRequest): unknown {
  return request.body === undefined || request.body.length === 0 ? undefined : objectBody(request);
}
