import type { KubeObject, ManagedFieldsEntry } from '../../api/kube-object.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import { isObject } from '../json-value.ts';
import { apiVersionOf } from '../object-json.ts';
import type { OpenApiSchema, ResourceDefinition } from '../resource.ts';
import { wholeSchema } from '../schema/object-meta.ts';
import { compare } from './compare.ts';
import { conflictError, type Conflict } from './conflict.ts';
import { difference, EMPTY_SET, intersection, isEmpty, union, type FieldSet } from './field-set.ts';
import { fieldsOf, withNamedFields, withoutFields } from './fields-of.ts';
import { fieldsOfCreation, withoutManagers } from './managed-fields.ts';
import { entriesOf, isSameShare, sharesOf, stamp, takenFrom, withFields, type Share } from './managers.ts';
import { merge } from './merge.ts';
import { STRIPPED } from './stripped.ts';

const FIRST_MANAGER = 'before-first-apply';
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

export interface Application {
  readonly definition: ResourceDefinition;
  readonly live: KubeObject | undefined;
  readonly config: Readonly<Record<string, unknown>>;
  readonly manager: string;
  readonly subresource: string;
  readonly force: boolean;
  readonly nowMs: number;
}

/**
 * The object and the managedFields that a server-side apply leaves, before defaults are filled. Fields that the manager applied
 * before and leaves out now are removed unless others have them. Throws 409 with every conflict unless forced.
 * Source: the behaviour of structured-merge-diff v6 (`merge/update.go`).
 */
export function applyConfiguration(input: Application): {
  merged: Record<string, unknown>;
  managedFields: readonly ManagedFieldsEntry[];
} {
  const { definition, live, config } = input;
  const schema = wholeSchema(definition);
  const shares = liveShares(input);
  const mine: Share = {
    manager: input.manager,
    operation: 'Apply',
    apiVersion: apiVersionOf(definition),
    subresource: input.subresource,
    time: stamp(input.nowMs),
    fields: difference(fieldsOf(config, schema), STRIPPED),
  };
  const last = shares.find((share) => isSameShare(share, mine));
  const others = shares.filter((share) => share !== last);
  const base: unknown = live === undefined ? {} : withoutManagers(live);
  const laidOver = merge(base, config, schema);
  const merged = pruned({ merged: laidOver, last: last?.fields ?? EMPTY_SET, managed: [mine, ...others], schema });
  const { added, modified, removed } = compare(base, merged, schema);
  const changed = union(added, modified);
  const conflicts = conflictsWith(others, changed);
  if (conflicts.length > 0 && !input.force && !isTakeOver(conflicts, input)) throw conflictError(conflicts);
  // An apply that changes nothing gets no new time, so that a repeated one is no write.
  const share = !deepEqual(base, merged)
    ? mine
    : last === undefined
      ? { ...mine, time: undefined }
      : withFields(last, mine.fields);
  const rest = takenFrom(takenFrom(others, changed), removed);
  return { merged: isObject(merged) ? merged : {}, managedFields: entriesOf([share, ...rest]) };
}

/** An object that was written before managedFields were kept belongs, as a whole, to a manager of that name. */
function liveShares({ live, definition, nowMs }: Application): readonly Share[] {
  const shares = sharesOf(live);
  if (live === undefined || shares.length > 0) return shares;
  return [
    {
      manager: FIRST_MANAGER,
      operation: 'Update',
      apiVersion: live.apiVersion,
      subresource: '',
      time: stamp(nowMs),
      fields: fieldsOfCreation(live, definition),
    },
  ];
}

function conflictsWith(others: readonly Share[], changed: FieldSet): readonly Conflict[] {
  return others
    .map((share) => ({ share, fields: intersection(share.fields, changed) }))
    .filter((conflict) => !isEmpty(conflict.fields));
}

/** kubectl's server-side apply may take over what its client-side apply set before, as its annotation remembers. */
function isTakeOver(conflicts: readonly Conflict[], input: Application): boolean {
  const annotation = input.live?.metadata.annotations?.[LAST_APPLIED];
  if (input.manager !== 'kubectl' || annotation === undefined) return false;
  let remembered: FieldSet;
  try {
    remembered = fieldsOf(JSON.parse(annotation), wholeSchema(input.definition));
  } catch {
    return false;
  }
  return conflicts.every((conflict) => isEmpty(difference(conflict.fields, remembered)));
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
