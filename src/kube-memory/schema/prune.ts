import { isObject, setField } from '../json-value.ts';
import type { OpenApiSchema } from '../resource.ts';

const OBJECT_META_FIELDS: ReadonlySet<string> = new Set([
  'name',
  'generateName',
  'namespace',
  'selfLink',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
  'managedFields',
]);

/** The value without the fields that the schema does not know, and the paths of those fields. */
export interface Pruned {
  readonly value: unknown;
  readonly unknownFields: readonly string[];
}

/** Drops unknown fields of a whole object as the structural-schema rules say; parts without any keep their identity. */
export function prune(value: unknown, schema: OpenApiSchema): Pruned {
  const unknownFields: string[] = [];
  return { value: pruneValue(value, schema, '', true, unknownFields), unknownFields };
}

function pruneValue(
  value: unknown,
  schema: OpenApiSchema,
  path: string,
  isResource: boolean,
  unknown: string[],
): unknown {
  if (Array.isArray(value)) return pruneList(value, schema.items, path, unknown);
  if (isObject(value)) return pruneObject(value, schema, path, isResource, unknown);
  return value;
}

function pruneList(
  list: readonly unknown[],
  items: OpenApiSchema | undefined,
  path: string,
  unknown: string[],
): readonly unknown[] {
  if (items === undefined) return list;
  let changed: unknown[] | undefined;
  for (let index = 0; index < list.length; index++) {
    const isResource = items['x-kubernetes-embedded-resource'] === true;
    const pruned = pruneValue(list[index], items, `${path}[${index}]`, isResource, unknown);
    if (pruned !== list[index]) (changed ??= [...list])[index] = pruned;
  }
  return changed ?? list;
}

function pruneObject(
  object: Readonly<Record<string, unknown>>,
  schema: OpenApiSchema,
  path: string,
  isResource: boolean,
  unknown: string[],
): Readonly<Record<string, unknown>> {
  let changed: Record<string, unknown> | undefined;
  for (const [key, value] of Object.entries(object)) {
    const fieldPath = path === '' ? key : `${path}.${key}`;
    if (isResource && (key === 'apiVersion' || key === 'kind')) continue;
    const pruned =
      isResource && key === 'metadata'
        ? pruneMeta(value, fieldPath, unknown)
        : pruneField(value, key, schema, fieldPath, unknown);
    if (pruned === value) continue;
    changed ??= { ...object };
    if (pruned === DROPPED) {
      unknown.push(fieldPath);
      delete changed[key];
    } else setField(changed, key, pruned);
  }
  return changed ?? object;
}

const DROPPED = Symbol('dropped');

function pruneField(value: unknown, key: string, schema: OpenApiSchema, path: string, unknown: string[]): unknown {
  const property =
    schema.properties !== undefined && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
  if (property !== undefined)
    return pruneValue(value, property, path, property['x-kubernetes-embedded-resource'] === true, unknown);
  const additional = schema.additionalProperties;
  if (isObject(additional))
    return pruneValue(value, additional, path, additional['x-kubernetes-embedded-resource'] === true, unknown);
  return additional === true || keepsUnknownFields(schema) ? value : DROPPED;
}

/** A node that says nothing of its content (no type, no fields) keeps it, as `x-kubernetes-preserve-unknown-fields` does. */
function keepsUnknownFields(schema: OpenApiSchema): boolean {
  return (
    schema['x-kubernetes-preserve-unknown-fields'] === true ||
    (schema.type === undefined && schema.properties === undefined)
  );
}

function pruneMeta(meta: unknown, path: string, unknown: string[]): unknown {
  if (!isObject(meta)) return meta;
  let changed: Record<string, unknown> | undefined;
  for (const key of Object.keys(meta)) {
    if (OBJECT_META_FIELDS.has(key)) continue;
    unknown.push(`${path}.${key}`);
    changed ??= { ...meta };
    delete changed[key];
  }
  return changed ?? meta;
}
