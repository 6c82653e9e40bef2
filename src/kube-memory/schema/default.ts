import { isObject, setField } from '../json-value.ts';
import type { OpenApiSchema } from '../resource.ts';

/**
 * Fills the defaults of a structural schema: absent fields get theirs, a null in a field that is not nullable counts as absent.
 * Unchanged parts keep their identity.
 */
export function withDefaults(value: unknown, schema: OpenApiSchema): unknown {
  if (Array.isArray(value)) return listWithDefaults(value, schema.items);
  if (isObject(value)) return objectWithDefaults(value, schema);
  return value;
}

function listWithDefaults(list: readonly unknown[], items: OpenApiSchema | undefined): readonly unknown[] {
  if (items === undefined || !hasDefaults(items)) return list;
  let changed: unknown[] | undefined;
  for (let index = 0; index < list.length; index++) {
    const filled = withDefaults(list[index], items);
    if (filled !== list[index]) (changed ??= [...list])[index] = filled;
  }
  return changed ?? list;
}

function objectWithDefaults(
  object: Readonly<Record<string, unknown>>,
  schema: OpenApiSchema,
): Readonly<Record<string, unknown>> {
  let changed: Record<string, unknown> | undefined;
  const settle = (key: string, property: OpenApiSchema): void => {
    const present = Object.hasOwn(object, key) ? object[key] : undefined;
    const filled = fieldWithDefault(present, property);
    if (filled === present) return;
    changed ??= { ...object };
    if (filled === undefined) delete changed[key];
    else setField(changed, key, filled);
  };
  for (const [key, property] of defaultedProperties(schema)) {
    if (!Object.hasOwn(object, key)) settle(key, property);
  }
  for (const key of Object.keys(object)) {
    const property =
      schema.properties !== undefined && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
    if (property !== undefined) settle(key, property);
    else if (isObject(schema.additionalProperties)) settle(key, schema.additionalProperties);
  }
  return changed ?? object;
}

const defaultedBySchema = new WeakMap<OpenApiSchema, readonly (readonly [string, OpenApiSchema])[]>();

/** The few properties of a schema that have a default, found once. */
function defaultedProperties(schema: OpenApiSchema): readonly (readonly [string, OpenApiSchema])[] {
  let found = defaultedBySchema.get(schema);
  if (found === undefined) {
    found = Object.entries(schema.properties ?? {}).filter(([, property]) => property.default !== undefined);
    defaultedBySchema.set(schema, found);
  }
  return found;
}

function fieldWithDefault(value: unknown, schema: OpenApiSchema): unknown {
  const absent = value === undefined || (value === null && schema.nullable !== true && !isUntyped(schema));
  if (!absent) return hasDefaults(schema) ? withDefaults(value, schema) : value;
  return schema.default === undefined ? undefined : withDefaults(structuredClone(schema.default), schema);
}

function isUntyped(schema: OpenApiSchema): boolean {
  return schema.type === undefined && schema['x-kubernetes-int-or-string'] !== true;
}

const withDefaultsInside = new WeakMap<OpenApiSchema, boolean>();

/** Whether a walk below this node can change anything: a default, or a null that may have to go. */
function hasDefaults(schema: OpenApiSchema): boolean {
  const known = withDefaultsInside.get(schema);
  if (known !== undefined) return known;
  const found =
    schema.properties !== undefined ||
    isObject(schema.additionalProperties) ||
    (schema.items !== undefined && hasDefaults(schema.items));
  withDefaultsInside.set(schema, found);
  return found;
}
