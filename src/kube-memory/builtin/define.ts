import type { ColumnDefinition, OpenApiSchema, ResourceDefinition } from '../resource.ts';

/** A built-in kind from the few words that differ between them; what is left out is what most kinds have. */
export function define(kind: KindWords): ResourceDefinition {
  return {
    group: kind.group ?? '',
    version: kind.version ?? 'v1',
    plural: kind.plural ?? `${kind.kind.toLowerCase()}s`,
    singular: kind.kind.toLowerCase(),
    kind: kind.kind,
    namespaced: kind.namespaced ?? true,
    shortNames: kind.shortNames ?? [],
    categories: kind.categories ?? [],
    subresources: kind.subresources ?? [],
    schema: kind.schema,
    columns: kind.columns,
    countsGenerations: kind.countsGenerations ?? false,
    ...(kind.defaults === undefined ? {} : { defaults: kind.defaults }),
    ...(kind.validate === undefined ? {} : { validate: kind.validate }),
    ...(kind.fieldSelectors === undefined ? {} : { fieldSelectors: kind.fieldSelectors }),
  };
}

export type KindWords = Partial<Omit<ResourceDefinition, 'kind' | 'schema' | 'columns' | 'singular'>> & {
  readonly kind: string;
  readonly schema: OpenApiSchema;
  readonly columns: readonly ColumnDefinition[];
};
