import { deepEqual } from '../../lib/deep-equal.ts';
import { isPlainObject } from '../../lib/merge-patch.ts';

/** The outcome of a three-way merge of values; a conflict names the field, e.g. `spec.template.spec.containers[0].image`. */
export type MergedValue = { readonly value: unknown } | { readonly conflict: string };

/**
 * The change from `base` to `theirs`, carried out on `ours`, leaf by leaf. Lists of equal length are merged by position, others as
 * one value. Absent is a value like any other: undefined.
 */
export function mergeValue(
  values: { readonly base: unknown; readonly ours: unknown; readonly theirs: unknown },
  path = '',
): MergedValue {
  const { base, ours, theirs } = values;
  if (deepEqual(base, ours) || deepEqual(ours, theirs)) return { value: theirs };
  if (deepEqual(base, theirs)) return { value: ours };
  if (isPlainObject(base) && isPlainObject(ours) && isPlainObject(theirs))
    return mergeFields({ base, ours, theirs }, path);
  if (areLists(base, ours, theirs)) return mergeItems({ base, ours, theirs } as ListValues, path);
  return { conflict: path === '' ? 'the whole document' : path };
}

interface FieldValues {
  readonly base: Record<string, unknown>;
  readonly ours: Record<string, unknown>;
  readonly theirs: Record<string, unknown>;
}

interface ListValues {
  readonly base: readonly unknown[];
  readonly ours: readonly unknown[];
  readonly theirs: readonly unknown[];
}

function mergeFields(values: FieldValues, path: string): MergedValue {
  const merged: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(values.ours), ...Object.keys(values.theirs)])) {
    const field = mergeValue(
      { base: values.base[key], ours: values.ours[key], theirs: values.theirs[key] },
      path === '' ? key : `${path}.${key}`,
    );
    if ('conflict' in field) return field;
    if (field.value !== undefined) merged[key] = field.value;
  }
  return { value: merged };
}

function mergeItems(values: ListValues, path: string): MergedValue {
  const merged: unknown[] = [];
  for (const [index, item] of values.ours.entries()) {
    const result = mergeValue(
      { base: values.base[index], ours: item, theirs: values.theirs[index] },
      `${path}[${index}]`,
    );
    if ('conflict' in result) return result;
    merged.push(result.value);
  }
  return { value: merged };
}

function areLists(...values: readonly unknown[]): boolean {
  const lengths = values.map((value) => (Array.isArray(value) ? value.length : -1));
  return lengths.every((length) => length >= 0 && length === lengths[0]);
}
