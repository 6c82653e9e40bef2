import { deepEqual } from '../../lib/deep-equal.ts';
import { isObject } from '../json-value.ts';
import type { OpenApiSchema } from '../resource.ts';
import { FieldSetBuilder, type FieldSet } from './field-set.ts';
import { fieldSchema, itemsByElement, shapeOf } from './typed.ts';

/** Which fields a change added, modified and removed. */
export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

/** Compares two values of a schema field by field, as structured-merge-diff does; equal parts that are shared cost nothing. */
export function compare(old: unknown, next: unknown, schema: OpenApiSchema): Comparison {
  const result = { added: new FieldSetBuilder(), modified: new FieldSetBuilder(), removed: new FieldSetBuilder() };
  walk({ old, next, schema, path: [] }, result);
  return { added: result.added.set, modified: result.modified.set, removed: result.removed.set };
}

interface Builders {
  readonly added: FieldSetBuilder;
  readonly modified: FieldSetBuilder;
  readonly removed: FieldSetBuilder;
}

interface Pair {
  readonly old: unknown;
  readonly next: unknown;
  readonly schema: OpenApiSchema | undefined;
  readonly path: readonly string[];
}

function walk(pair: Pair, result: Builders): void {
  const { old, next, schema, path } = pair;
  if (old === next) return;
  const shape = shapeOf(next ?? old, schema);
  const sameShape = isAbsent(old) || isAbsent(next) || shapeOf(old, schema) === shape;
  if (shape === 'leaf' || !sameShape || (isVoid(old) && isVoid(next))) leaf(pair, result);
  else {
    if (shape === 'map') walkMap(pair, result);
    else walkList(pair, result);
    if (old === undefined) result.added.insert(path);
    else if (next === undefined) result.removed.insert(path);
  }
}

/** A null takes the shape of whatever stands on the other side. */
function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

/** Absent, null and empty values on both sides are leaves, so that their difference is kept. */
function isVoid(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  return Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0;
}

function leaf(pair: Pair, result: Builders): void {
  const { old, next, path } = pair;
  if (old === undefined) result.added.insert(path);
  else if (next === undefined) result.removed.insert(path);
  else if (!deepEqual(old, next)) result.modified.insert(path);
}

function walkMap(pair: Pair, result: Builders): void {
  const old = isObject(pair.old) ? pair.old : {};
  const next = isObject(pair.next) ? pair.next : {};
  for (const key of new Set([...Object.keys(old), ...Object.keys(next)])) {
    if (old[key] === next[key]) continue;
    const { schema } = fieldSchema(pair.schema, key);
    walk({ old: old[key], next: next[key], schema, path: [...pair.path, `f:${key}`] }, result);
  }
}

function walkList(pair: Pair, result: Builders): void {
  const old = itemsByElement(Array.isArray(pair.old) ? pair.old : [], pair.schema);
  const next = itemsByElement(Array.isArray(pair.next) ? pair.next : [], pair.schema);
  for (const element of new Set([...old.keys(), ...next.keys()])) {
    const before = old.get(element) ?? [];
    const after = next.get(element) ?? [];
    const path = [...pair.path, element];
    const item = (one: unknown, other: unknown): void =>
      walk({ old: one, next: other, schema: pair.schema?.items, path }, result);
    if (before.length <= 1 && after.length <= 1) item(before[0], after[0]);
    else if (before.length > 1 && after.length > 1) {
      if (!deepEqual(before, after)) result.modified.insert(path);
    } else if (before.length > 1) {
      if (after.length === 1) item(undefined, after[0]);
      result.removed.insert(path);
    } else {
      if (before.length === 1) item(before[0], undefined);
      result.added.insert(path);
    }
  }
}
