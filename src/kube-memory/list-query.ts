import { badRequest, invalidRequestOptions } from './status-error.ts';
import type { FieldError } from './resource.ts';
import { forbiddenValue, invalidValue } from './schema/field-error.ts';

/** The options of a list or watch request, checked as an API server checks them. */
export interface ListQuery {
  readonly labelSelector: string;
  readonly fieldSelector: string;
  readonly limit: number;
  readonly continueToken: string;
  /** Undefined when not given; 0 means any. */
  readonly resourceVersion: number | undefined;
  readonly resourceVersionMatch: '' | 'Exact' | 'NotOlderThan';
  readonly watch: boolean;
  readonly allowWatchBookmarks: boolean;
  readonly sendInitialEvents: boolean | undefined;
  readonly timeoutSeconds: number | undefined;
}

/** Parses the query; throws 400 on what is no value, and 422 with the option's name on a combination that the API forbids. */
export function parseListQuery(query: URLSearchParams): ListQuery {
  const text = query.get('resourceVersion') ?? '';
  const resourceVersion = text === '' ? undefined : Number(text);
  if (resourceVersion !== undefined && (!Number.isInteger(resourceVersion) || resourceVersion < 0)) {
    const why = `strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`;
    throw badRequest(`invalid resource version: resourceVersion: ${invalidValue('', text, why).message}`);
  }
  const parsed: ListQuery = {
    labelSelector: query.get('labelSelector') ?? '',
    fieldSelector: query.get('fieldSelector') ?? '',
    limit: limitOf(query.get('limit')),
    continueToken: query.get('continue') ?? '',
    resourceVersion,
    resourceVersionMatch: matchOf(query.get('resourceVersionMatch') ?? ''),
    watch: isTrue(query.get('watch')),
    allowWatchBookmarks: isTrue(query.get('allowWatchBookmarks')),
    sendInitialEvents: query.has('sendInitialEvents') ? isTrue(query.get('sendInitialEvents')) : undefined,
    timeoutSeconds: query.has('timeoutSeconds') ? Number(query.get('timeoutSeconds')) : undefined,
  };
  if (parsed.continueToken !== '' && resourceVersion !== undefined && resourceVersion !== 0 && !parsed.watch)
    throw badRequest('specifying resource version is not allowed when using continue');
  const errors = parsed.watch ? watchErrors(parsed) : listErrors(parsed);
  if (errors.length > 0) throw invalidOptions(errors);
  return parsed;
}

export function isTrue(value: string | null): boolean {
  return value === 'true' || value === '1' || value === '';
}

function matchOf(text: string): ListQuery['resourceVersionMatch'] {
  if (text === '' || text === 'Exact' || text === 'NotOlderThan') return text;
  throw invalidOptions([
    {
      path: 'resourceVersionMatch',
      reason: 'FieldValueNotSupported',
      message: `Unsupported value: ${JSON.stringify(text)}: supported values: "Exact", "NotOlderThan", ""`,
    },
  ]);
}

function watchErrors(query: ListQuery): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (query.sendInitialEvents === undefined) {
    if (query.resourceVersionMatch !== '') {
      errors.push(
        forbiddenValue(
          'resourceVersionMatch',
          'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
        ),
      );
    }
    return errors;
  }
  if (query.resourceVersionMatch !== 'NotOlderThan') {
    errors.push(
      forbiddenValue('resourceVersionMatch', 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'),
    );
  }
  return errors;
}

function listErrors(query: ListQuery): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (query.sendInitialEvents !== undefined) {
    errors.push(forbiddenValue('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  }
  if (query.continueToken !== '' && query.resourceVersionMatch !== '') {
    errors.push(forbiddenValue('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided'));
  }
  if (query.resourceVersionMatch !== '' && query.resourceVersion === undefined) {
    errors.push(
      forbiddenValue('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided'),
    );
  }
  if (query.resourceVersionMatch === 'Exact' && query.resourceVersion === 0) {
    errors.push(
      forbiddenValue('resourceVersionMatch', 'resourceVersionMatch "Exact" is forbidden for resourceVersion "0"'),
    );
  }
  return errors;
}

function invalidOptions(errors: readonly FieldError[]): Error {
  return invalidRequestOptions('ListOptions', errors);
}

function limitOf(text: string | null): number {
  if (text === null || text === '') return 0;
  if (!/^[-+]?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}
