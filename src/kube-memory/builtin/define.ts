import type { KubeObject } from '../../api/kube-object.ts';
import type { ColumnDefinition, FieldError, OpenApiSchema, ResourceDefinition } from '../resource.ts';

/**
 * A built-in kind from the few words that differ between them; what is left out is what most kinds have. Metadata is checked by the
 * server for all kinds alike.
 */
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
    ...(kind.onCreate === undefined ? {} : { onCreate: kind.onCreate }),
    ...(kind.allocate === undefined ? {} : { allocate: kind.allocate }),
    ...(kind.rowConditions === undefined ? {} : { rowConditions: kind.rowConditions }),
    ...(kind.warning === undefined ? {} : { warning: kind.warning }),
    typed: true,
    validate: kind.validate ?? ((): readonly FieldError[] => []),
    ...(kind.fieldSelectors === undefined ? {} : { fieldSelectors: kind.fieldSelectors }),
  };
}

export interface KindWords {
  readonly kind: string;
  readonly group?: string;
  readonly version?: string;
  readonly plural?: string;
  readonly namespaced?: boolean;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly subresources?: ResourceDefinition['subresources'];
  readonly schema: OpenApiSchema;
  readonly columns: readonly ColumnDefinition[];
  readonly countsGenerations?: ResourceDefinition['countsGenerations'];
  readonly defaults?: (object: KubeObject) => KubeObject;
  readonly onCreate?: (object: KubeObject) => KubeObject;
  readonly allocate?: ResourceDefinition['allocate'];
  readonly rowConditions?: ResourceDefinition['rowConditions'];
  readonly warning?: string;
  readonly validate?: (object: KubeObject, old: KubeObject | undefined) => readonly FieldError[];
  readonly fieldSelectors?: readonly string[];
}
