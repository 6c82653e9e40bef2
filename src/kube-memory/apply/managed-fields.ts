import type { KubeObject } from '../../api/kube-object.ts';
import { listAt, objectAt, withValueAt, type JsonObject } from '../json-value.ts';
import { apiVersionOf } from '../object-json.ts';
import type { ResourceDefinition } from '../resource.ts';
import { wholeSchema } from '../schema/object-meta.ts';
import { compare } from './compare.ts';
import { difference, isEmpty, union } from './field-set.ts';
import { STRIPPED } from './stripped.ts';
import { entriesOf, isSameShare, sharesOf, stamp, takenFrom, withFields, type Share } from './managers.ts';

/**
 * Records in managedFields which fields a create, update or patch set: they become the manager's, others lose them, and fields that
 * are gone belong to nobody. Returns the object with its new managedFields; entries that did not change stay as they are.
 */
export function trackUpdate(input: {
  readonly definition: ResourceDefinition;
  readonly old: KubeObject | undefined;
  readonly next: KubeObject;
  readonly manager: string;
  readonly subresource: string;
  readonly nowMs: number;
  /** Custom resources have no empty structs to begin with. */
  readonly custom: boolean;
}): KubeObject {
  const { definition, old, next } = input;
  const before = old === undefined ? newObjectOf(next, input.custom) : withoutManagers(old);
  const { added, modified, removed } = compare(before, withoutManagers(next), wholeSchema(definition));
  const set = difference(union(added, modified), STRIPPED);
  const shares = takenFrom(takenFrom(sharesOf(next), union(added, modified)), removed);
  const mine: Share = {
    manager: input.manager,
    operation: 'Update',
    apiVersion: apiVersionOf(definition),
    subresource: input.subresource,
    time: stamp(input.nowMs),
    fields: set,
  };
  return withEntries(next, isEmpty(set) ? shares : joined(shares, mine, sharesOf(next)));
}

/** My earlier share keeps what it had, apart from what this write changed anyway, and takes the new fields and the time. */
function joined(shares: readonly Share[], mine: Share, before: readonly Share[]): readonly Share[] {
  const kept = shares.find((share) => isSameShare(share, mine));
  const previous = before.find((share) => isSameShare(share, mine));
  const fields = union(kept?.fields ?? mine.fields, mine.fields);
  const others = shares.filter((share) => share !== kept);
  if (previous !== undefined && withFields(previous, fields) === previous)
    return [...others, restamped(previous, mine.time)];
  return [...others, { ...mine, fields }];
}

function restamped(share: Share, time: string | undefined): Share {
  const { entry: _entry, ...rest } = share;
  return share.time === time ? share : { ...rest, time };
}

export function withEntries(object: KubeObject, shares: readonly Share[]): KubeObject {
  const { managedFields, ...metadata } = object.metadata;
  const entries = entriesOf(shares);
  const isSame =
    managedFields?.length === entries.length && entries.every((entry, index) => entry === managedFields[index]);
  if (isSame) return object;
  return { ...object, metadata: entries.length === 0 ? metadata : { ...metadata, managedFields: entries } };
}

export function withoutManagers(object: KubeObject): KubeObject {
  const { managedFields: _managedFields, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** Structs that a built-in kind always has, so that creating an object does not claim the structs themselves. */
const BUILT_IN_STRUCTS: readonly (readonly string[])[] = [
  ['spec', 'template', 'spec'],
  ['spec', 'template', 'metadata'],
  ['spec', 'strategy'],
  ['status', 'loadBalancer'],
];

/** Lists that a built-in kind always has, be they null. */
const BUILT_IN_LISTS: readonly (readonly string[])[] = [
  ['spec', 'containers'],
  ['spec', 'template', 'spec', 'containers'],
];

function newObjectOf(next: KubeObject, custom: boolean): JsonObject {
  let skeleton: JsonObject = { metadata: {} };
  if (custom) return skeleton;
  if (next['spec'] !== undefined) skeleton = withValueAt(skeleton, ['spec'], {});
  if (next['status'] !== undefined) skeleton = withValueAt(skeleton, ['status'], {});
  for (const path of BUILT_IN_STRUCTS) {
    if (Object.keys(objectAt(next, ...path)).length > 0) skeleton = withValueAt(skeleton, path, {});
  }
  for (const path of BUILT_IN_LISTS) {
    if (listAt(next, ...path).length > 0) skeleton = withValueAt(skeleton, path, null);
  }
  return skeleton;
}
