import type { OpenApiSchema } from '../resource.ts';

/** A few words to write down the schemas of Kubernetes' own kinds; each returns the OpenAPI v3 form that the server serves. */
export function record(fields: Readonly<Record<string, OpenApiSchema>>, required?: readonly string[]): OpenApiSchema {
  return required === undefined
    ? { type: 'object', properties: fields }
    : { type: 'object', properties: fields, required };
}

/** An object that server-side apply and strategic merge treat as one value. */
export function atomicRecord(
  fields: Readonly<Record<string, OpenApiSchema>>,
  required?: readonly string[],
): OpenApiSchema {
  return { ...record(fields, required), 'x-kubernetes-map-type': 'atomic' };
}

export function about(description: string, schema: OpenApiSchema): OpenApiSchema {
  return { ...schema, description };
}

export function oneOfTexts(...values: readonly string[]): OpenApiSchema {
  return { type: 'string', enum: values };
}

export function mapOf(values: OpenApiSchema): OpenApiSchema {
  return { type: 'object', additionalProperties: values };
}

export function atomicMapOf(values: OpenApiSchema): OpenApiSchema {
  return { ...mapOf(values), 'x-kubernetes-map-type': 'atomic' };
}

/** A list that is replaced as a whole. */
export function listOf(items: OpenApiSchema): OpenApiSchema {
  return { type: 'array', items, 'x-kubernetes-list-type': 'atomic' };
}

/** A list of unique scalars. */
export function setOf(items: OpenApiSchema, patch: PatchRule = {}): OpenApiSchema {
  return { type: 'array', items, 'x-kubernetes-list-type': 'set', ...patchExtensions(patch) };
}

/** A list whose items are told apart by `keys` in server-side apply; strategic merge has a key of its own, `patch.key`. */
export function listByKey(items: OpenApiSchema, keys: readonly string[], patch: PatchRule = {}): OpenApiSchema {
  return {
    type: 'array',
    items,
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': keys,
    ...patchExtensions(patch),
  };
}

/** What a strategic merge patch does with a field: the default without it is to replace lists and merge maps. */
export function patched(schema: OpenApiSchema, patch: PatchRule): OpenApiSchema {
  return { ...schema, ...patchExtensions(patch) };
}

export interface PatchRule {
  readonly key?: string;
  readonly strategy?: 'merge' | 'replace' | 'retainKeys' | 'merge,retainKeys';
}

export const text: OpenApiSchema = { type: 'string' };
export const bytes: OpenApiSchema = { type: 'string', format: 'byte' };
export const flag: OpenApiSchema = { type: 'boolean' };
export const int32: OpenApiSchema = { type: 'integer', format: 'int32' };
export const int64: OpenApiSchema = { type: 'integer', format: 'int64' };
export const time: OpenApiSchema = { type: 'string', format: 'date-time' };
export const microTime: OpenApiSchema = { type: 'string', format: 'date-time' };
export const quantity: OpenApiSchema = {
  'x-kubernetes-int-or-string': true,
  anyOf: [{ type: 'string' }, { type: 'number' }],
};
export const intOrString: OpenApiSchema = {
  'x-kubernetes-int-or-string': true,
  anyOf: [{ type: 'integer' }, { type: 'string' }],
};
export const anyObject: OpenApiSchema = {
  type: 'object',
  'x-kubernetes-preserve-unknown-fields': true,
};

function patchExtensions(patch: PatchRule): OpenApiSchema {
  const strategy = patch.strategy ?? (patch.key === undefined ? undefined : 'merge');
  return {
    ...(strategy === undefined ? {} : { 'x-kubernetes-patch-strategy': strategy }),
    ...(patch.key === undefined ? {} : { 'x-kubernetes-patch-merge-key': patch.key }),
  };
}
