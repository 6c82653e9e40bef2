import type { KubeObject } from '../api/kube-object.ts';
import { isObject } from './json-value.ts';
import type { ListQuery } from './list-query.ts';
import { apiVersionOf, inVersion, jsonOf, listItemJson } from './object-json.ts';
import type { Representation } from './negotiate.ts';
import { selectorOf, type Matcher } from './selectors.ts';
import type { ServerState } from './server-state.ts';
import { badRequest, expired, revisionTooLarge } from './status-error.ts';
import type { Collection } from './store.ts';
import { partialObjectJson, tableJson, type IncludeObject } from './table.ts';
import type { Target } from './target.ts';

/** One object in the form that was asked for, as JSON text. */
export function objectBodyJson(
  server: ServerState,
  target: Target,
  object: KubeObject,
  form: { readonly representation: Representation; readonly includeObject: IncludeObject },
): string {
  switch (form.representation) {
    case 'object':
      return jsonOf(object);
    case 'partial':
      return partialObjectJson(object);
    case 'table':
      return tableJson({
        definition: target.definition,
        objects: [object],
        nowMs: server.clock.nowMs(),
        includeObject: form.includeObject,
        metadata: JSON.stringify({ resourceVersion: object.metadata.resourceVersion ?? '' }),
        columns: true,
      });
  }
}

/** A page of a list: what was found, at which revision, and where the next page begins. */
export interface ListPage {
  readonly items: readonly KubeObject[];
  readonly revision: number;
  readonly continueToken: string;
  readonly remaining: number | undefined;
}

/**
 * Reads a page. Pages after the first show the state that the first one showed (410 when history has forgotten it), and a
 * `staleRevision` shows an older state on purpose (a fault).
 */
export function listPage(server: ServerState, target: Target, query: ListQuery, staleRevision?: number): ListPage {
  const collection = server.store.collection(target.resource.key);
  const matches = selectorOf(target.definition, query.labelSelector, query.fieldSelector);
  const token = query.continueToken === '' ? undefined : parseContinue(query.continueToken);
  const revision = token?.revision ?? staleRevision ?? readRevision(server, query);
  const source = sourceOf({ server, target, collection, revision, token });
  const limit = query.resourceVersion === 0 && token === undefined ? 0 : query.limit;
  const { items, hasMore } = takePage({ source, target, matches, limit });
  if (!hasMore) return { items, revision, continueToken: '', remaining: undefined };
  const last = items.at(-1);
  const remaining = matches === undefined ? Math.max(1, source.total - source.skipped - items.length) : undefined;
  return { items, revision, continueToken: continueAfter(revision, last), remaining };
}

/** The revision that a list shows: the newest, unless an exact one is asked for. */
function readRevision(server: ServerState, query: ListQuery): number {
  const current = server.store.revision;
  const asked = query.resourceVersion;
  if (asked === undefined || asked === 0) return current;
  if (asked > current) throw revisionTooLarge(asked, current);
  return query.resourceVersionMatch === 'Exact' || (query.limit > 0 && query.resourceVersionMatch === '')
    ? asked
    : current;
}

interface Source {
  readonly objects: Iterable<KubeObject>;
  readonly total: number;
  readonly skipped: number;
}

function sourceOf(input: {
  readonly server: ServerState;
  readonly target: Target;
  readonly collection: Collection;
  readonly revision: number;
  readonly token: ContinueToken | undefined;
}): Source {
  const { server, target, collection, revision, token } = input;
  if (revision === server.store.revision && token === undefined) {
    return { objects: collection.objects(target.namespace), total: collection.count(target.namespace), skipped: 0 };
  }
  const past = collection.objectsAt(revision, target.namespace);
  if (past === undefined) throw token === undefined ? tooOld() : continueTooOld(server, token);
  if (token === undefined) return { objects: past, total: past.length, skipped: 0 };
  const after = `${token.namespace}/${token.name}`;
  const rest = past.filter((object) => `${object.metadata.namespace ?? ''}/${object.metadata.name}` > after);
  return { objects: rest, total: past.length, skipped: past.length - rest.length };
}

function takePage(input: {
  readonly source: Source;
  readonly target: Target;
  readonly matches: Matcher | undefined;
  readonly limit: number;
}): { items: readonly KubeObject[]; hasMore: boolean } {
  const { source, target, matches, limit } = input;
  const items: KubeObject[] = [];
  for (const object of source.objects) {
    if (matches !== undefined && !matches(object)) continue;
    if (limit > 0 && items.length === limit) return { items, hasMore: true };
    items.push(inVersion(object, target.definition));
  }
  return { items, hasMore: false };
}

interface ContinueToken {
  readonly revision: number;
  readonly namespace: string;
  readonly name: string;
}

function continueAfter(revision: number, last: KubeObject | undefined): string {
  const start = `${last?.metadata.namespace ?? ''}/${last?.metadata.name ?? ''}\u0000`;
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start })).toString('base64url');
}

function parseContinue(token: string): ContinueToken {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    if (isObject(parsed) && typeof parsed['rv'] === 'number' && typeof parsed['start'] === 'string') {
      const [namespace = '', name = ''] = parsed['start'].replace('\u0000', '').split('/');
      return { revision: parsed['rv'], namespace, name };
    }
  } catch {
    // falls through to the one answer for every broken token
  }
  throw badRequest('continue key is not valid: the token is malformed');
}

function tooOld(): Error {
  return expired('The resourceVersion for the provided list is too old.');
}

function continueTooOld(server: ServerState, token: ContinueToken): Error {
  const last = { metadata: { namespace: token.namespace, name: token.name } } as KubeObject;
  return expired(
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
    { continue: continueAfter(server.store.revision, last) },
  );
}

/** A page as JSON text in the form that was asked for. */
export function listBodyJson(
  server: ServerState,
  target: Target,
  page: ListPage,
  form: { readonly representation: Representation; readonly includeObject: IncludeObject },
): string {
  const metadata = JSON.stringify({
    resourceVersion: String(page.revision),
    ...(page.continueToken === '' && !(target.resource.custom && form.representation === 'object')
      ? {}
      : { continue: page.continueToken }),
    ...(page.remaining === undefined ? {} : { remainingItemCount: page.remaining }),
  });
  const { definition } = target;
  switch (form.representation) {
    case 'table':
      return tableJson({
        definition,
        objects: page.items,
        nowMs: server.clock.nowMs(),
        includeObject: form.includeObject,
        metadata,
        columns: true,
      });
    case 'partial': {
      const items = page.items.length === 0 ? 'null' : `[${page.items.map(partialObjectJson).join(',')}]`;
      return `{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":${metadata},"items":${items}}`;
    }
    case 'object': {
      const items = page.items.map(target.resource.custom ? jsonOf : listItemJson).join(',');
      return `{"kind":"${definition.kind}List","apiVersion":"${apiVersionOf(definition)}","metadata":${metadata},"items":[${items}]}`;
    }
  }
}
