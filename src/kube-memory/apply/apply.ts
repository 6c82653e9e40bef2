import type { KubeObject, ManagedFieldsEntry } from '../../api/kube-object.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import { decode } from '../decode.ts';
import { isObject, valueAt } from '../json-value.ts';
import { apiVersionOf, inVersion } from '../object-json.ts';
import type { OpenApiSchema } from '../resource.ts';
import { wholeSchema } from '../schema/object-meta.ts';
import type { ServerState } from '../server-state.ts';
import { badRequest, failure, notFound } from '../status-error.ts';
import { hasStatusSubresource, type Target, type WriteOptions, type Written } from '../target.ts';
import { checkIdentity, createObject, storeUpdate } from '../write.ts';
import { compare } from './compare.ts';
import { conflictError, type Conflict } from './conflict.ts';
import { difference, EMPTY_SET, intersection, isEmpty, union, type FieldSet } from './field-set.ts';
import { fieldsOf, withNamedFields, withoutFields } from './fields-of.ts';
import { entriesOf, isSameShare, sharesOf, stamp, takenFrom, withFields, type Share } from './managers.ts';
import { merge } from './merge.ts';
import { withoutManagers } from './managed-fields.ts';
import { STRIPPED } from './stripped.ts';
import { typingProblem } from './typed.ts';

const FIRST_MANAGER = 'before-first-apply';
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * Server-side apply: the configuration is merged into the live object, fields that the manager applied before and leaves out now are
 * removed unless others have them, and a field that another manager set to something else is a conflict (409) unless forced.
 * Source: the behaviour of structured-merge-diff v6 (`merge/update.go`).
 */
export function applyObject(
  server: ServerState,
  target: Target,
  config: Readonly<Record<string, unknown>>,
  options: WriteOptions,
): Written {
  checkConfiguration(target, config);
  const stored = server.store.collection(target.resource.key).get(target.namespace, target.name);
  const live = stored === undefined ? undefined : inVersion(stored, target.definition);
  if (live === undefined && options.subresource !== '') throw notFound(target.definition, target.name);
  const wanted = appliedPart(target, config, options);
  const { merged, managedFields } = applied({ server, target, live, wanted, options });
  if (live === undefined) return createObject(server, target, merged, options, managedFields);
  const sent = decode(merged, target.definition, 'Ignore');
  checkIdentity(target, sent.object);
  const object = storeUpdate(server, target, { old: live, next: sent.object, options, applied: managedFields });
  return { object: inVersion(object, target.definition), created: false, warnings: [] };
}

function checkConfiguration(target: Target, config: Readonly<Record<string, unknown>>): void {
  const { definition } = target;
  const expected = apiVersionOf(definition);
  if (config['apiVersion'] !== expected) {
    throw badRequest(
      `Incorrect version specified in apply patch. Specified patch version: ${String(config['apiVersion'])}, expected: ${expected}`,
    );
  }
  const managers = valueAt(config, ['metadata', 'managedFields']);
  if (Array.isArray(managers) && managers.length > 0) throw badRequest('metadata.managedFields must be nil');
  const problem = typingProblem(config, wholeSchema(definition));
  if (problem === undefined) return;
  const what = `${target.namespace ?? ''}/${target.name}; ${expected}, Kind=${definition.kind}`;
  throw failure(500, '', `failed to create typed patch object (${what}): ${problem}`);
}

/** The part of a configuration that its endpoint takes: status alone, or everything but a status with an endpoint of its own. */
function appliedPart(
  target: Target,
  config: Readonly<Record<string, unknown>>,
  options: WriteOptions,
): Record<string, unknown> {
  const { metadata, status, ...rest } = config;
  const meta: Record<string, unknown> = { ...(isObject(metadata) ? metadata : {}), name: target.name };
  if (target.namespace !== undefined) meta['namespace'] = target.namespace;
  delete meta['managedFields'];
  if (options.subresource === 'status') {
    const { name, namespace, resourceVersion, uid } = meta;
    const identity = Object.fromEntries(
      Object.entries({ name, namespace, resourceVersion, uid }).filter(([, value]) => value !== undefined),
    );
    return {
      apiVersion: rest['apiVersion'],
      kind: rest['kind'],
      metadata: identity,
      ...(status === undefined ? {} : { status }),
    };
  }
  const isPlain = !hasStatusSubresource(target.definition) && status !== undefined;
  return { ...rest, metadata: meta, ...(isPlain ? { status } : {}) };
}

interface Application {
  readonly server: ServerState;
  readonly target: Target;
  readonly live: KubeObject | undefined;
  readonly wanted: Readonly<Record<string, unknown>>;
  readonly options: WriteOptions;
}

function applied(input: Application): {
  merged: Record<string, unknown>;
  managedFields: readonly ManagedFieldsEntry[];
} {
  const { target, live, wanted, options } = input;
  const schema = wholeSchema(target.definition);
  const shares = liveShares(live, schema);
  const mine: Share = {
    manager: options.fieldManager,
    operation: 'Apply',
    apiVersion: apiVersionOf(target.definition),
    subresource: options.subresource,
    time: stamp(input.server.clock.nowMs()),
    fields: difference(claimOf(wanted, schema), STRIPPED),
  };
  const last = shares.find((share) => isSameShare(share, mine));
  const others = shares.filter((share) => share !== last);
  const base: unknown = live === undefined ? {} : withoutManagers(live);
  const laidOver = merge(base, wanted, schema);
  const merged = pruned({ merged: laidOver, last: last?.fields ?? EMPTY_SET, managed: [mine, ...others], schema });
  const { added, modified, removed } = compare(base, merged, schema);
  const changed = union(added, modified);
  const conflicts = conflictsWith(others, changed);
  if (conflicts.length > 0 && !options.force && !isTakeOver({ conflicts, live, options, schema }))
    throw conflictError(conflicts);
  const isNoop = last !== undefined && deepEqual(base, merged);
  const kept = last === undefined ? mine : withFields(last, mine.fields);
  const share = isNoop || kept === mine ? kept : { ...mine };
  const rest = takenFrom(takenFrom(others, changed), removed);
  return { merged: isObject(merged) ? merged : {}, managedFields: entriesOf([share, ...rest]) };
}

/** What the configuration claims: its identity is nobody's. */
function claimOf(wanted: Readonly<Record<string, unknown>>, schema: OpenApiSchema): FieldSet {
  return fieldsOf(wanted, schema);
}

/** An object that was written before managedFields were kept belongs, as a whole, to a manager of that name. */
function liveShares(live: KubeObject | undefined, schema: OpenApiSchema): readonly Share[] {
  const shares = sharesOf(live);
  if (live === undefined || shares.length > 0) return shares;
  const fields = difference(fieldsOf(withoutManagers(live), schema), STRIPPED);
  return [
    {
      manager: FIRST_MANAGER,
      operation: 'Update',
      apiVersion: live.apiVersion,
      subresource: '',
      time: undefined,
      fields,
    },
  ];
}

function conflictsWith(others: readonly Share[], changed: FieldSet): readonly Conflict[] {
  return others
    .map((share) => ({ share, fields: intersection(share.fields, changed) }))
    .filter((conflict) => !isEmpty(conflict.fields));
}

/** kubectl's server-side apply may take over what its client-side apply set before, as its annotation remembers. */
function isTakeOver(input: {
  readonly conflicts: readonly Conflict[];
  readonly live: KubeObject | undefined;
  readonly options: WriteOptions;
  readonly schema: OpenApiSchema;
}): boolean {
  const annotation = input.live?.metadata.annotations?.[LAST_APPLIED];
  if (input.options.fieldManager !== 'kubectl' || annotation === undefined) return false;
  let remembered: FieldSet;
  try {
    remembered = fieldsOf(JSON.parse(annotation), input.schema);
  } catch {
    return false;
  }
  return input.conflicts.every((conflict) => isEmpty(difference(conflict.fields, remembered)));
}

/** Takes out what the manager applied last time and nobody claims now. */
function pruned(input: {
  readonly merged: unknown;
  readonly last: FieldSet;
  readonly managed: readonly Share[];
  readonly schema: OpenApiSchema;
}): unknown {
  const { merged, schema } = input;
  if (isEmpty(input.last)) return merged;
  const named = (set: FieldSet): FieldSet => withNamedFields(set, schema);
  const last = named(input.last);
  const mergedSet = named(fieldsOf(merged, schema));
  const claimed = named(input.managed.reduce<FieldSet>((all, share) => union(all, share.fields), EMPTY_SET));
  const withoutLast = withoutFields(merged, last, schema) ?? {};
  const ownedKept =
    withoutFields(merged, difference(mergedSet, union(named(fieldsOf(withoutLast, schema)), claimed)), schema) ?? {};
  const dropped = intersection(difference(mergedSet, named(fieldsOf(ownedKept, schema))), last);
  return withoutFields(merged, dropped, schema) ?? {};
}
