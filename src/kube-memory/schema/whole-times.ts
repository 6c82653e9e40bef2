import { formatTimestamp, parseTimestampMs } from '../../lib/timestamp.ts';
import { isObject } from '../json-value.ts';
import type { OpenApiSchema } from '../resource.ts';

/**
 * The value with its times as a server writes them that decodes them into types: in UTC and whole seconds, a few with microseconds.
 * Parts without any keep their identity.
 */
export function withWholeTimes(value: unknown, schema: OpenApiSchema): unknown {
  if (!hasTimes(schema)) return value;
  if (typeof value === 'string') return schema.format === 'date-time' ? wholeTime(value) : value;
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value.map((item) => withWholeTimes(item, schema.items ?? {}));
    return items.every((item, index) => item === value[index]) ? value : items;
  }
  if (!isObject(value)) return value;
  let changed: Record<string, unknown> | undefined;
  for (const [key, field] of Object.entries(value)) {
    const inner = schema.properties?.[key] ?? schema.additionalProperties;
    if (typeof inner !== 'object') continue;
    const whole = MICRO_TIMES.has(key) ? microTime(field) : withWholeTimes(field, inner);
    if (whole === field) continue;
    changed ??= { ...value };
    changed[key] = whole;
  }
  return changed ?? value;
}

const MICRO_TIMES: ReadonlySet<string> = new Set(['acquireTime', 'renewTime', 'eventTime', 'lastObservedTime']);

function microTime(value: unknown): unknown {
  const parts = typeof value === 'string' ? /^(.*:\d\d)(?:\.(\d+))?Z$/.exec(value) : null;
  return parts === null ? value : `${parts[1]}.${(parts[2] ?? '').padEnd(6, '0').slice(0, 6)}Z`;
}

function wholeTime(text: string): string {
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text)) return text;
  const ms = parseTimestampMs(text);
  return ms === undefined ? text : formatTimestamp(ms);
}

const known = new WeakMap<OpenApiSchema, boolean>();

/** Whether there can be a time in a value of the schema. */
function hasTimes(schema: OpenApiSchema): boolean {
  let found = known.get(schema);
  if (found === undefined) {
    // Until it is found out, so that a schema that contains itself ends.
    known.set(schema, false);
    const { properties = {}, items, additionalProperties: more } = schema;
    found =
      schema.format === 'date-time' ||
      Object.values(properties).some(hasTimes) ||
      (items !== undefined && hasTimes(items)) ||
      (typeof more === 'object' && hasTimes(more));
    known.set(schema, found);
  }
  return found;
}
