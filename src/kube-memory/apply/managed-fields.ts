import type { KubeObject } from '../../api/kube-object.ts';
import { isObject, listAt, valueAt, withValueAt, type JsonObject } from '../json-value.ts';
import { apiVersionOf } from '../object-json.ts';
import type { ResourceDefinition } from '../resource.ts';
import { wholeSchema } from '../schema/object-meta.ts';
import { compare } from './compare.ts';
import { difference, isEmpty, union, type FieldSet } from './field-set.ts';
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
  // An object whose managers were forgotten, or that never had any, gets some again with its first apply.
  if (old !== undefined && sharesOf(next).length === 0) return withEntries(next, []);
  const before = old === undefined ? newObjectOf(next, input.custom) : withoutManagers(old);
  const { added, modified, removed } = compare(before, withoutManagers(next), wholeSchema(definition));
  const own = difference(union(added, modified), STRIPPED);
  const isReset = input.subresource !== 'status' && definition.subresources.some(({ name }) => name === 'status');
  const set = isReset ? withoutStatus(own) : own;
  const shares = takenFrom(takenFrom(sharesOf(next), union(added, modified)), removed);
  const mine: Share = {
    manager: input.manager,
    operation: 'Update',
    apiVersion: apiVersionOf(definition),
    subresource: input.subresource,
    // A scale is written without one.
    time: input.subresource === 'scale' ? undefined : stamp(input.nowMs),
    fields: set,
  };
  return withEntries(next, isEmpty(set) ? shares : joined(shares, mine, sharesOf(next)));
}

function withoutStatus({ members, children }: FieldSet): FieldSet {
  return {
    members: new Set([...members].filter((element) => element !== 'f:status')),
    children: new Map([...children].filter(([element]) => element !== 'f:status')),
  };
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
  ['source'],
  ['involvedObject'],
  ['template'],
  ['template', 'metadata'],
  ['template', 'spec'],
  ['spec', 'resources'],
  ['spec', 'scaleTargetRef'],
  ['spec', 'podSelector'],
  ['spec', 'template', 'spec'],
  ['spec', 'template', 'metadata'],
  ['spec', 'strategy'],
  ['status', 'loadBalancer'],
];

/** Lists that a built-in kind always has, be they null. */
const BUILT_IN_LISTS: readonly (readonly string[])[] = [
  ['spec', 'containers'],
  ['template', 'spec', 'containers'],
  ['spec', 'template', 'spec', 'containers'],
];

function newObjectOf(next: KubeObject, custom: boolean): JsonObject {
  let skeleton: JsonObject = { metadata: {} };
  if (custom) return skeleton;
  if (next['spec'] !== undefined) skeleton = withValueAt(skeleton, ['spec'], {});
  if (next['status'] !== undefined) skeleton = withValueAt(skeleton, ['status'], {});
  for (const path of BUILT_IN_STRUCTS) {
    if (isObject(valueAt(next, path))) skeleton = withValueAt(skeleton, path, {});
  }
  for (const path of BUILT_IN_LISTS) {
    if (listAt(next, ...path).length > 0) skeleton = withValueAt(skeleton, path, null);
  }
  for (const [field, value] of BUILT_IN_VALUES) {
    if (next[field] === value) skeleton = withValueAt(skeleton, [field], value);
  }
  return skeleton;
}

/** What an Event has from the beginning. */
const BUILT_IN_VALUES: readonly (readonly [string, unknown])[] = [
  ['eventTime', null],
  ['firstTimestamp', null],
  ['lastTimestamp', null],
  ['reportingComponent', ''],
  ['reportingInstance', ''],
];

/** The fields that whoever had made the object as it is would manage. */
export function fieldsOfCreation(object: KubeObject, definition: ResourceDefinition): FieldSet {
  const plain = withoutManagers(object);
  const { added, modified } = compare(newObjectOf(plain, definition.typed !== true), plain, wholeSchema(definition));
  return difference(union(added, modified), STRIPPED);
}
