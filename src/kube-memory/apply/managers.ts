import type { KubeObject, ManagedFieldsEntry } from '../../api/kube-object.ts';
import { formatTimestamp } from '../../lib/timestamp.ts';
import { difference, equalSets, formatFieldsV1, isEmpty, parseFieldsV1, union, type FieldSet } from './field-set.ts';

/** One manager's share of an object. */
export interface Share {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string;
  readonly time: string | undefined;
  readonly fields: FieldSet;
  /** The stored entry, as long as the share has not changed. */
  readonly entry?: ManagedFieldsEntry;
}

const UPDATE_MANAGERS_MAX = 10;
const OLD_MANAGER = 'ancient-changes';

export function sharesOf(object: KubeObject | undefined): readonly Share[] {
  return (object?.metadata.managedFields ?? []).map((entry) => ({
    manager: entry.manager ?? '',
    operation: entry.operation ?? 'Update',
    apiVersion: entry.apiVersion ?? '',
    subresource: entry.subresource ?? '',
    time: entry.time,
    fields: parseFieldsV1(entry.fieldsV1),
    entry,
  }));
}

/** Whether a share is the one of this manager, operation, version and subresource; appliers keep theirs over versions. */
export function isSameShare(
  left: Omit<Share, 'fields' | 'time' | 'entry'>,
  right: Omit<Share, 'fields' | 'time' | 'entry'>,
): boolean {
  return (
    left.manager === right.manager &&
    left.operation === right.operation &&
    left.subresource === right.subresource &&
    (left.operation === 'Apply' || left.apiVersion === right.apiVersion)
  );
}

/** The share with other fields; the same share when they are equal. */
export function withFields(share: Share, fields: FieldSet): Share {
  if (equalSets(share.fields, fields)) return share;
  const { entry: _entry, ...rest } = share;
  return { ...rest, fields };
}

/** Takes the fields away from every share but the given one; shares without any left vanish. */
export function takenFrom(shares: readonly Share[], fields: FieldSet, except?: Share): readonly Share[] {
  return shares
    .map((share) => (share === except ? share : withFields(share, difference(share.fields, fields))))
    .filter((share) => share === except || !isEmpty(share.fields));
}

/** managedFields as they are stored: appliers first, then by time and name, updaters capped by merging the oldest. */
export function entriesOf(shares: readonly Share[]): readonly ManagedFieldsEntry[] {
  return capped(shares)
    .filter((share) => !isEmpty(share.fields))
    .sort(byOperationThenAge)
    .map((share) => share.entry ?? entryOf(share));
}

export function stamp(nowMs: number): string {
  return formatTimestamp(nowMs);
}

function entryOf(share: Share): ManagedFieldsEntry {
  return {
    manager: share.manager,
    operation: share.operation,
    apiVersion: share.apiVersion,
    ...(share.time === undefined ? {} : { time: share.time }),
    fieldsType: 'FieldsV1',
    fieldsV1: formatFieldsV1(share.fields),
    ...(share.subresource === '' ? {} : { subresource: share.subresource }),
  };
}

function byOperationThenAge(left: Share, right: Share): number {
  return (
    compareText(left.operation, right.operation) ||
    compareText(left.time ?? '', right.time ?? '') ||
    compareText(left.manager, right.manager) ||
    compareText(left.apiVersion, right.apiVersion) ||
    compareText(left.subresource, right.subresource)
  );
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function capped(shares: readonly Share[]): Share[] {
  const updaters = shares.filter((share) => share.operation === 'Update').sort(byOperationThenAge);
  const surplus = updaters.length - UPDATE_MANAGERS_MAX;
  if (surplus <= 0) return [...shares];
  const oldest = updaters.slice(0, surplus + 1);
  const merged = oldest.reduce((all, share) => ({
    ...share,
    manager: OLD_MANAGER,
    subresource: '',
    fields: union(all.fields, share.fields),
  }));
  const { entry: _entry, ...bucket } = merged;
  return [...shares.filter((share) => !oldest.includes(share)), { ...bucket, manager: OLD_MANAGER }];
}
