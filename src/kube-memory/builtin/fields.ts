import { fieldsOf } from '../../lib/fields-of.ts';
import { isPlainObject } from '../../lib/merge-patch.ts';

/** Reading and filling JSON whose shape the schema has checked already; a missing part reads as empty. */
export type Fields = Readonly<Record<string, unknown>>;

export function fieldsAt(value: unknown, ...path: readonly string[]): Fields {
  const found = valueAt(value, ...path);
  return fieldsOf(found);
}

export function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = valueAt(value, ...path);
  return Array.isArray(found) ? found : [];
}

export function itemsAt(value: unknown, ...path: readonly string[]): readonly Fields[] {
  return listAt(value, ...path).filter(isPlainObject);
}

export function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = valueAt(value, ...path);
  return typeof found === 'string' ? found : undefined;
}

export function numberAt(value: unknown, ...path: readonly string[]): number | undefined {
  const found = valueAt(value, ...path);
  return typeof found === 'number' ? found : undefined;
}

export function textsAt(value: unknown, ...path: readonly string[]): Readonly<Record<string, string>> {
  const texts: Record<string, string> = {};
  for (const [key, entry] of Object.entries(fieldsAt(value, ...path))) {
    if (typeof entry === 'string') texts[key] = entry;
  }
  return texts;
}

export function valueAt(value: unknown, ...path: readonly string[]): unknown {
  let current = value;
  for (const key of path) {
    if (!isPlainObject(current)) return undefined;
    current = current[key];
  }
  return current;
}

/** The same fields with `defaults` where there was nothing (or null). */
export function filled(fields: Fields, defaults: Fields): Record<string, unknown> {
  const result: Record<string, unknown> = { ...fields };
  for (const [key, value] of Object.entries(defaults)) {
    if (result[key] === undefined || result[key] === null) result[key] = value;
  }
  return result;
}

/** The same fields with `change` applied to one of them when it is there. */
export function changed<T>(fields: Fields, key: string, change: (value: T) => unknown): Fields {
  const value = fields[key];
  if (value === undefined || value === null) return fields;
  return { ...fields, [key]: change(value as T) };
}

/** The same fields with `change` applied to each object of a list when it is there. */
export function changedItems(fields: Fields, key: string, change: (item: Fields) => Fields): Fields {
  return changed<unknown>(fields, key, (list) =>
    Array.isArray(list) ? list.map((item: unknown) => (isPlainObject(item) ? change(item) : item)) : list,
  );
}

export function withoutField(fields: Fields, key: string): Fields {
  const { [key]: _gone, ...rest } = fields;
  return rest;
}

/** A status whose conditions have these times, be they null. */
export function withConditionTimes(status: Fields, ...times: readonly string[]): Fields {
  const none = Object.fromEntries(times.map((time) => [time, null]));
  return changedItems(status, 'conditions', (condition) => filled(condition, none));
}
