import { isObject, setField } from '../json-value.ts';
import type { OpenApiSchema } from '../resource.ts';

/**
 * A JSON value as CEL sees it through its schema: integers as 64-bit ints, numbers as doubles, date-times as timestamps. Fields without a
 * schema are not visible, unless the node keeps unknown fields; names that CEL cannot spell are escaped as in Kubernetes.
 */
export function celValue(value: unknown, schema: OpenApiSchema | undefined): unknown {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number') return celNumber(value, schema);
  if (typeof value === 'string') return celText(value, schema);
  if (Array.isArray(value)) return value.map((item) => celValue(item, schema?.items));
  return isObject(value) ? celObject(value, schema) : value;
}

function celNumber(value: number, schema: OpenApiSchema | undefined): unknown {
  if (schema?.type === 'number') return value;
  return Number.isInteger(value) ? BigInt(value) : value;
}

function celText(value: string, schema: OpenApiSchema | undefined): unknown {
  if (schema?.format !== 'date-time' && schema?.format !== 'date') return value;
  const time = new Date(value);
  return Number.isNaN(time.getTime()) ? value : time;
}

function celObject(
  object: Readonly<Record<string, unknown>>,
  schema: OpenApiSchema | undefined,
): Record<string, unknown> {
  const visible: Record<string, unknown> = {};
  const isMap = schema === undefined || schema.properties === undefined;
  for (const [key, value] of Object.entries(object)) {
    const property =
      schema?.properties !== undefined && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
    if (property !== undefined) setField(visible, escapedName(key), celValue(value, property));
    else if (isMap)
      setField(
        visible,
        key,
        celValue(value, isObject(schema?.additionalProperties) ? schema.additionalProperties : undefined),
      );
    else if (schema?.['x-kubernetes-preserve-unknown-fields'] === true)
      setField(visible, key, celValue(value, undefined));
  }
  return visible;
}

const RESERVED: ReadonlySet<string> = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

/** A property's name in CEL: `__` and what is no identifier are spelled out, reserved words are wrapped. */
export function escapedName(name: string): string {
  if (RESERVED.has(name)) return `__${name}__`;
  return name
    .replaceAll('__', '__underscores__')
    .replaceAll('.', '__dot__')
    .replaceAll('-', '__dash__')
    .replaceAll('/', '__slash__');
}
