import { isObject } from '../json-value.ts';
import type { OpenApiSchema } from '../resource.ts';
import { formatPath } from './field-set.ts';

/** How a value takes part in structured merges: as one leaf, field by field, or item by item. */
export type Shape = 'leaf' | 'map' | 'list';

/** Without a schema, maps are merged by key and lists are one value. */
export function shapeOf(value: unknown, schema: OpenApiSchema | undefined): Shape {
  if (Array.isArray(value)) return isAssociative(schema) ? 'list' : 'leaf';
  if (isObject(value)) return schema?.['x-kubernetes-map-type'] === 'atomic' ? 'leaf' : 'map';
  return 'leaf';
}

export function isAssociative(schema: OpenApiSchema | undefined): boolean {
  const listType = schema?.['x-kubernetes-list-type'];
  return listType === 'map' || listType === 'set';
}

/** The schema of a field, and whether the schema names it (a struct's field) rather than taking any key (a map's). */
export function fieldSchema(
  schema: OpenApiSchema | undefined,
  key: string,
): { schema: OpenApiSchema | undefined; isNamed: boolean } {
  const property =
    schema?.properties !== undefined && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
  if (property !== undefined) return { schema: property, isNamed: true };
  const additional = schema?.additionalProperties;
  return { schema: isObject(additional) ? additional : undefined, isNamed: false };
}

/** The path element of an item of an associative list: its keys (with their defaults) or, in a set, its value. */
export function itemElement(item: unknown, schema: OpenApiSchema | undefined): string | undefined {
  if (schema?.['x-kubernetes-list-type'] === 'set') return `v:${JSON.stringify(item)}`;
  if (!isObject(item)) return undefined;
  const key: Record<string, unknown> = {};
  for (const name of [...(schema?.['x-kubernetes-list-map-keys'] ?? [])].sort()) {
    const value = item[name] ?? schema?.items?.properties?.[name]?.default;
    if (value !== undefined) key[name] = value;
  }
  return Object.keys(key).length === 0 ? undefined : `k:${JSON.stringify(key)}`;
}

/** Items of an associative list by path element; a second item with the same element joins the first one's list. */
export function itemsByElement(list: readonly unknown[], schema: OpenApiSchema | undefined): Map<string, unknown[]> {
  const items = new Map<string, unknown[]>();
  for (const item of list) {
    const element = itemElement(item, schema);
    if (element === undefined) continue;
    const known = items.get(element);
    if (known === undefined) items.set(element, [item]);
    else known.push(item);
  }
  return items;
}

/** A problem that keeps an applied configuration from being typed: an undeclared field, a wrong shape, an item without keys. */
export function typingProblem(value: unknown, schema: OpenApiSchema, path = ''): string | undefined {
  if (Array.isArray(value)) return listProblem(value, schema, path);
  if (!isObject(value)) return undefined;
  if (schema.type !== undefined && schema.type !== 'object')
    return `${path}: expected ${schema.type === 'array' ? 'list' : schema.type}, got map`;
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] === true || schema.properties === undefined;
  for (const [key, field] of Object.entries(value)) {
    const { schema: child } = fieldSchema(schema, key);
    if (child === undefined) {
      if (!isOpen && schema.additionalProperties === undefined) return `${path}.${key}: field not declared in schema`;
      continue;
    }
    const problem = typingProblem(field, child, `${path}.${key}`);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function listProblem(list: readonly unknown[], schema: OpenApiSchema, path: string): string | undefined {
  if (schema.type !== undefined && schema.type !== 'array')
    return `${path}: expected ${schema.type === 'object' ? 'map' : schema.type}, got list`;
  const seen = new Set<string>();
  for (const [index, item] of list.entries()) {
    if (isAssociative(schema)) {
      const element = itemElement(item, schema);
      if (element === undefined) {
        const keys = (schema['x-kubernetes-list-map-keys'] ?? []).map((key) => JSON.stringify(key)).join(' ');
        return `${path}: element ${index}: associative list with keys has an element that omits all key fields [${keys}] (and doesn't have default values for any key fields)`;
      }
      if (seen.has(element)) return `${path}: duplicate entries for key ${formatPath([element])}`;
      seen.add(element);
    }
    if (schema.items === undefined) continue;
    const problem = typingProblem(item, schema.items, `${path}[${index}]`);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
