import { z } from 'zod';

/**
 * The vocabulary that the kinds are written in. Each function makes one zod schema whose description becomes
 * `kubectl explain` and whose `x-kubernetes-*` marks reach the CRD. A field is optional unless its object needs it.
 */
export function text(description: string) {
  return z.string().describe(description);
}

/**
 * A string of which only some words have a meaning. The API server accepts any string, because status that another
 * version stored must never become unwritable; the type names the words that are known.
 */
export function word<Word extends string>(description: string): z.ZodType<Word, Word> {
  return z.string().describe(description) as unknown as z.ZodType<Word, Word>;
}

/** A string that the API server limits to the given words, as the existing CRDs do. */
export function choice<const Words extends readonly [string, ...string[]]>(words: Words, description: string) {
  return z.enum(words).describe(description);
}

export function flag(description: string) {
  return z.boolean().describe(description);
}

export function int32(description: string) {
  return z.number().int().meta({ description, format: 'int32' });
}

export function int64(description: string) {
  return z.number().int().meta({ description, format: 'int64' });
}

/** RFC 3339. */
export function time(description: string) {
  return z.string().meta({ description, format: 'date-time' });
}

/** Counts that may be written as text, so that `{{args.x}}` fits, or percentages. */
export function intOrString(description: string) {
  return z.union([z.number().int(), z.string()]).meta({ description, 'x-kubernetes-int-or-string': true });
}

export function textMap(description: string) {
  return z.record(z.string(), z.string()).describe(description);
}

export function mapOf<Value extends z.ZodType>(value: Value, description: string) {
  return z.record(z.string(), value).describe(description);
}

/** An object whose fields are all known: what is unknown is pruned by the API server. */
export function object<Shape extends z.ZodRawShape>(description: string, shape: Shape) {
  return z.object(shape).describe(description);
}

/** An object that keeps fields it does not know, for shapes that belong to Kubernetes and grow with it. */
export function openObject<Shape extends z.ZodRawShape>(description: string, shape: Shape) {
  return z.looseObject(shape).meta({ description, 'x-kubernetes-preserve-unknown-fields': true });
}

/** Any JSON object, kept as it is. */
export function anyObject(description: string) {
  return z.looseObject({}).meta({ description, 'x-kubernetes-preserve-unknown-fields': true });
}

/** Any JSON values by name, kept as they are. */
export function anyMap(description: string) {
  return z.record(z.string(), z.unknown()).meta({ description, 'x-kubernetes-preserve-unknown-fields': true });
}

/** Any JSON value, kept as it is. CEL rules cannot see such a field. */
export function anyValue(description: string) {
  return z.unknown().meta({ description, 'x-kubernetes-preserve-unknown-fields': true });
}

/** A list with one owner: server-side apply replaces it as a whole. */
export function listOf<Item extends z.ZodType>(item: Item, description: string) {
  return z.array(item).describe(description);
}

/** A list that server-side apply merges by the given keys, which the API server then keeps unique. */
export function listByKey<Item extends z.ZodType>(
  keys: readonly [string, ...string[]],
  item: Item,
  description: string,
) {
  return z.array(item).meta({
    description,
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': [...keys],
  });
}

/** A CEL rule of one schema: `rule` must hold, otherwise `message` is shown for the field. */
export interface Rule {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: 'FieldValueInvalid' | 'FieldValueRequired' | 'FieldValueForbidden' | 'FieldValueDuplicate';
}

/** CEL that holds when one of the fields is set, or none. */
export function atMostOneOf(fields: readonly [string, string, ...string[]]): string {
  return `[${fields.map((field) => `has(self.${field})`).join(', ')}].filter(set, set).size() <= 1`;
}

export function withRules<Schema extends z.ZodType>(schema: Schema, rules: readonly Rule[]): Schema {
  return schema.meta({ ...schema.meta(), 'x-kubernetes-validations': rules });
}
