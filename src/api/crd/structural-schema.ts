import { z } from 'zod';

/** A node of an OpenAPI v3 schema as CustomResourceDefinitions use it. */
export interface StructuralSchema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly format?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly maxItems?: number;
  readonly maxLength?: number;
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: StructuralSchema;
  readonly items?: StructuralSchema;
  readonly anyOf?: readonly { readonly type: string }[];
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-list-type'?: 'map' | 'set' | 'atomic';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-validations'?: readonly unknown[];
}

type Emitted = Readonly<Record<string, unknown>>;

/** The schema in the dialect that an API server takes; throws where zod says something which that dialect cannot. */
export function structuralSchema(schema: z.ZodType): StructuralSchema {
  return normalise(z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input' }) as Emitted, '');
}

const KEPT = ['format', 'description', 'default', 'enum', 'maxItems', 'maxLength'] as const;

function normalise(node: Emitted, path: string): StructuralSchema {
  if (node['x-kubernetes-int-or-string'] === true) {
    const anyOf = [{ type: 'integer' }, { type: 'string' }];
    return { description: node['description'] as string, anyOf, 'x-kubernetes-int-or-string': true };
  }
  for (const word of ['oneOf', 'anyOf', 'allOf', 'not', 'nullable', '$ref']) {
    if (node[word] !== undefined) throw new Error(`${path}: ${word} cannot be part of a structural schema`);
  }
  return {
    ...(node['type'] === undefined ? {} : { type: node['type'] as StructuralSchema['type'] }),
    ...Object.fromEntries(KEPT.filter((key) => node[key] !== undefined).map((key) => [key, node[key]])),
    ...Object.fromEntries(Object.entries(node).filter(([key]) => key.startsWith('x-kubernetes-'))),
    ...children(node, path),
  };
}

function children(node: Emitted, path: string): StructuralSchema {
  const properties = (node['properties'] ?? {}) as Readonly<Record<string, Emitted>>;
  const values = node['additionalProperties'] as Emitted | boolean | undefined;
  const keepsUnknown = node['x-kubernetes-preserve-unknown-fields'] === true;
  const isMap = typeof values === 'object' && !keepsUnknown;
  const names = Object.keys(properties);
  return {
    ...(names.length === 0
      ? {}
      : {
          properties: Object.fromEntries(
            names.map((name) => [name, normalise(properties[name] ?? {}, `${path}.${name}`)]),
          ),
        }),
    ...(Array.isArray(node['required']) && node['required'].length > 0
      ? { required: node['required'] as string[] }
      : {}),
    ...(isMap ? { additionalProperties: normalise(values, `${path}[key]`) } : {}),
    ...(node['items'] === undefined ? {} : { items: normalise(node['items'] as Emitted, `${path}[]`) }),
  };
}
