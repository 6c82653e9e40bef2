import { isObject } from '../json-value.ts';
import type { OpenApiSchema } from '../resource.ts';
import { FieldSetBuilder, union, type FieldSet } from './field-set.ts';
import { fieldSchema, itemsByElement, shapeOf } from './typed.ts';

/** The set of all fields that a value sets: what an applied configuration claims. */
export function fieldsOf(value: unknown, schema: OpenApiSchema): FieldSet {
  const builder = new FieldSetBuilder();
  collect(value, schema, [], builder);
  return builder.set;
}

function collect(
  value: unknown,
  schema: OpenApiSchema | undefined,
  path: readonly string[],
  builder: FieldSetBuilder,
): void {
  const shape = shapeOf(value, schema);
  if (shape === 'leaf') builder.insert(path);
  else if (shape === 'map' && isObject(value)) collectMap(value, schema, path, builder);
  else if (Array.isArray(value)) collectList(value, schema, path, builder);
}

function collectMap(
  object: Readonly<Record<string, unknown>>,
  schema: OpenApiSchema | undefined,
  path: readonly string[],
  builder: FieldSetBuilder,
): void {
  for (const [key, value] of Object.entries(object)) {
    if (value === undefined) continue;
    const child = fieldSchema(schema, key);
    const childPath = [...path, `f:${key}`];
    collect(value, child.schema, childPath, builder);
    const isEmptyMap = isObject(value) && Object.keys(value).length === 0;
    if (value === null || isEmptyMap || !child.isNamed) builder.insert(childPath);
  }
}

function collectList(
  list: readonly unknown[],
  schema: OpenApiSchema | undefined,
  path: readonly string[],
  builder: FieldSetBuilder,
): void {
  for (const [element, items] of itemsByElement(list, schema)) {
    const childPath = [...path, element];
    if (items.length === 1) collect(items[0], schema?.items, childPath, builder);
    builder.insert(childPath);
  }
}

/**
 * The set with every struct field on the way to a member as a member too, so that removing the last field of a struct removes
 * the struct. Keys of maps and items of lists are not added: they are members only when someone set them.
 */
export function withNamedFields(set: FieldSet, schema: OpenApiSchema | undefined): FieldSet {
  const members = new Set(set.members);
  const children = new Map<string, FieldSet>();
  for (const [element, child] of set.children) {
    const field = element.startsWith('f:') ? fieldSchema(schema, element.slice(2)) : undefined;
    if (field?.isNamed === true) members.add(element);
    children.set(element, withNamedFields(child, field === undefined ? schema?.items : field.schema));
  }
  return union({ members, children: new Map() }, { members: new Set(), children });
}

/** The value without the fields of a set; containers that become empty go as well. */
export function withoutFields(value: unknown, set: FieldSet, schema: OpenApiSchema | undefined): unknown {
  const shape = shapeOf(value, schema);
  if (shape === 'map' && isObject(value)) return mapWithoutFields(value, set, schema);
  if (shape === 'list' && Array.isArray(value)) return listWithoutFields(value, set, schema);
  return shape === 'leaf' && (isObject(value) || Array.isArray(value)) ? undefined : value;
}

function mapWithoutFields(
  object: Readonly<Record<string, unknown>>,
  set: FieldSet,
  schema: OpenApiSchema | undefined,
): Record<string, unknown> | undefined {
  const rest: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(object)) {
    const element = `f:${key}`;
    if (set.members.has(element)) continue;
    const inner = set.children.get(element);
    const kept = inner === undefined ? value : withoutFields(value, inner, fieldSchema(schema, key).schema);
    if (kept !== undefined) rest[key] = kept;
  }
  return Object.keys(rest).length === 0 ? undefined : rest;
}

function listWithoutFields(
  list: readonly unknown[],
  set: FieldSet,
  schema: OpenApiSchema | undefined,
): readonly unknown[] | undefined {
  const rest: unknown[] = [];
  for (const item of list) {
    const [element] = itemsByElement([item], schema).keys();
    if (element === undefined) rest.push(item);
    else if (!set.members.has(element)) {
      const inner = set.children.get(element);
      const kept = inner === undefined ? item : withoutFields(item, inner, schema?.items);
      if (kept !== undefined) rest.push(kept);
    }
  }
  return rest.length === 0 ? undefined : rest;
}
