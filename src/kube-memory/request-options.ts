import { objectBody, parseYaml, textBody } from './body.ts';
import { isObject } from './json-value.ts';
import { isTrue } from './list-query.ts';
import { representationOf, type Representation } from './negotiate.ts';
import type { ApiRequest, RequestFacts, Verb } from './request.ts';
import type { ResourcePath } from './resource-path.ts';
import type { FieldError } from './resource.ts';
import { tooLong } from './schema/field-error.ts';
import { badRequest, invalidRequestOptions, methodNotAllowed, type ApiError } from './status-error.ts';
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
    const supported = '"", "Ignore", "Strict", "Warn"';
    throw invalidRequestOptions(optionsKind(facts.verb), [unsupported('fieldValidation', validation, supported)]);
  }
  const dryRuns = query.getAll('dryRun');
  if (dryRuns.some((each) => each !== 'All'))
    throw invalidRequestOptions(optionsKind(facts.verb), [unsupported('dryRun', dryRuns, '"All"')]);
  if (facts.fieldManager.length > MANAGER_LENGTH_MAX) {
    const error = tooLong('fieldManager', MANAGER_LENGTH_MAX);
    throw invalidRequestOptions(optionsKind(facts.verb), [error]);
  }
  return {
    dryRun: isDryRun(query),
    fieldManager: facts.fieldManager,
    fieldValidation: validation === 'Strict' || validation === 'Ignore' ? validation : 'Warn',
    force: isTrue(query.get('force')) && query.has('force'),
    subresource: path.subresource === 'status' || path.subresource === 'scale' ? path.subresource : '',
  };
}

function optionsKind(verb: Verb): string {
  return verb === 'create' ? 'CreateOptions' : verb === 'update' ? 'UpdateOptions' : 'PatchOptions';
}

function unsupported(path: string, value: unknown, supported: string): FieldError {
  const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported}`;
  return { path, reason: 'FieldValueNotSupported', message };
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
  const message = 'Required value: is required for apply patch';
  return invalidRequestOptions('PatchOptions', [{ path: 'fieldManager', reason: 'FieldValueRequired', message }]);
}

export function forceForbidden(): ApiError {
  const message = 'Forbidden: may not be specified for non-apply patch';
  return invalidRequestOptions('PatchOptions', [{ path: 'force', reason: 'FieldValueForbidden', message }]);
}

export function yamlObject(request: ApiRequest): Record<string, unknown> {
  const value = parseYaml(textBody(request)) ?? {};
  if (!isObject(value)) throw badRequest('error decoding YAML: the applied configuration is not an object');
  return value;
}

export function optionalBody(request: ApiRequest): unknown {
  return request.body === undefined || request.body.length === 0 ? undefined : objectBody(request);
}
