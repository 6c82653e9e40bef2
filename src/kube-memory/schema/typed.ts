import { isObject, setField } from '../json-value.ts';
import type { OpenApiSchema } from '../resource.ts';

/**
 * What a server that decodes into typed structs says of the first value whose JSON type does not fit; undefined when all fit.
 * Null fits everywhere: it decodes to nothing.
 */
export function typeProblem(value: unknown, schema: OpenApiSchema, path: string): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (schema['x-kubernetes-int-or-string'] === true) return intOrStringProblem(value, schema, path);
  const actual = Array.isArray(value) ? 'array' : typeof value;
  const expected = schema.type === 'integer' ? 'number' : schema.type;
  if (expected !== undefined && actual !== expected) return cannotUnmarshal(actual, schema, path);
  if (schema.type === 'integer' && !Number.isInteger(value))
    return cannotUnmarshal(`number ${JSON.stringify(value)}`, schema, path);
  if (typeof value === 'string') return formatProblem(value, schema);
  if (Array.isArray(value)) return firstOf(value, (item) => typeProblem(item, schema.items ?? {}, path));
  if (!isObject(value)) return undefined;
  return firstOf(Object.entries(value), ([key, field]) => {
    const inner = schema.properties?.[key] ?? schema.additionalProperties;
    // A map's values are named by the map.
    const place = schema.properties?.[key] === undefined ? path : `${path}.${key}`;
    return typeof inner === 'object' ? typeProblem(field, inner, place) : undefined;
  });
}

/** The same value without nulls in objects, as a decoded and encoded struct has none; parts without any keep their identity. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value.map(withoutNulls);
    return items.every((item, index) => item === value[index]) ? value : items;
  }
  if (!isObject(value)) return value;
  let changed: Record<string, unknown> | undefined;
  for (const [key, field] of Object.entries(value)) {
    const present = withoutNulls(field);
    if (present === field && field !== null) continue;
    changed ??= { ...value };
    if (field === null) delete changed[key];
    else setField(changed, key, present);
  }
  return changed ?? value;
}

function cannotUnmarshal(actual: string, schema: OpenApiSchema, path: string): string {
  const found = actual === 'boolean' ? 'bool' : actual;
  return `json: cannot unmarshal ${found} into Go struct field ${path} of type ${goType(schema)}`;
}

function goType(schema: OpenApiSchema): string {
  switch (schema.type) {
    case 'integer':
      return schema.format ?? 'int64';
    case 'boolean':
      return 'bool';
    case 'array':
      return `[]${goType(schema.items ?? {})}`;
    case 'object':
      return schema.additionalProperties === undefined ? 'struct' : 'map[string]string';
    case 'string':
    case 'number':
    case undefined:
      return 'string';
  }
}

const QUANTITY = /^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$/;
const QUANTITY_PROBLEM = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/** Quantities are the int-or-strings whose numbers may have fractions. */
function intOrStringProblem(value: unknown, schema: OpenApiSchema, path: string): string | undefined {
  const isQuantity = schema.anyOf?.some((each) => each.type === 'number') === true;
  if (isQuantity) {
    const fits = typeof value === 'number' || (typeof value === 'string' && QUANTITY.test(value));
    return fits ? undefined : QUANTITY_PROBLEM;
  }
  const fits = typeof value === 'string' || Number.isInteger(value);
  return fits ? undefined : cannotUnmarshal(typeof value, { type: 'integer', format: 'int32' }, path);
}

function formatProblem(value: string, schema: OpenApiSchema): string | undefined {
  if (schema.format === 'date-time' && Number.isNaN(Date.parse(value))) {
    return `parsing time ${JSON.stringify(value)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(value)} as "2006"`;
  }
  if (schema.format !== 'byte') return undefined;
  const isBase64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(
    value.replaceAll(/[\r\n]/g, ''),
  );
  const wrongAt = isBase64 ? -1 : Math.max(0, value.search(/[^A-Za-z0-9+/=\r\n]/));
  return wrongAt < 0 ? undefined : `illegal base64 data at input byte ${wrongAt}`;
}

function firstOf<T>(items: readonly T[], look: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = look(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
