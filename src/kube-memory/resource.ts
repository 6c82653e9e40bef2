import type { KubeObject } from '../api/kube-object.ts';

/** What the server must know of a kind to serve it; built in (`builtin/`) or made from a CustomResourceDefinition. */
export interface ResourceDefinition {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  /** Subresources beside the object itself: status, scale, eviction, log and so on. */
  readonly subresources: readonly SubresourceDefinition[];
  /** OpenAPI v3 (structural) schema of the whole object with x-kubernetes-list-type, -map-keys, -patch-strategy and -patch-merge-key. */
  readonly schema: OpenApiSchema;
  /** Columns of the Table output besides NAME. */
  readonly columns: readonly ColumnDefinition[];
  /** Built-in kinds only: fills what a real API server fills (returns a new object). Runs on create, update, patch and apply. */
  readonly defaults?: (object: KubeObject) => KubeObject;
  /** Built-in kinds only: what depends on the name and uid that the server gave, filled once when an object is made. */
  readonly onCreate?: (object: KubeObject) => KubeObject;
  /**
   * Built-in kinds only: the server decodes them into types. Wrong JSON types are a 400, nulls vanish, and required fields and enums
   * are left to `validate`; without it the schema checks all of that.
   */
  readonly typed?: boolean;
  /**
   * Built-in kinds only: what the server hands out by itself (addresses, ports). It belongs to no manager, and an update that leaves it
   * out keeps it.
   */
  readonly allocate?: (object: KubeObject, old: KubeObject | undefined) => KubeObject;
  /** Built-in kinds only: said with every answer about the kind. */
  readonly warning?: string;
  /** Built-in kinds only: what a row of the Table output says of the object's state. */
  readonly rowConditions?: (object: KubeObject) => readonly unknown[];
  /** Built-in kinds only: semantic checks beyond the schema. */
  readonly validate?: (object: KubeObject, old: KubeObject | undefined) => readonly FieldError[];
  /** Bumps metadata.generation when anything outside metadata and status changes (false for core/v1 kinds such as Service, Pod, ConfigMap). */
  readonly countsGenerations: boolean | 'with labels' | 'with annotations';
  /** Field selectors besides metadata.name and metadata.namespace, e.g. `status.phase` of pods. */
  readonly fieldSelectors?: readonly string[];
}

export type SubresourceDefinition =
  | { readonly name: 'status' }
  | {
      readonly name: 'scale';
      readonly specReplicasPath: string;
      readonly statusReplicasPath: string;
      readonly labelSelectorPath?: string;
    }
  | { readonly name: 'eviction' };

export interface ColumnDefinition {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly description?: string;
  /** 0 shows always, above only with `-o wide`. */
  readonly priority: number;
  /** Either a Kubernetes JSONPath (`.status.phase`) or a function for built-in kinds. */
  readonly value: string | ((object: KubeObject, nowMs: number) => string | number | boolean | undefined);
}

export interface FieldError {
  readonly path: string;
  readonly reason:
    | 'FieldValueInvalid'
    | 'FieldValueTypeInvalid'
    | 'FieldValueRequired'
    | 'FieldValueNotSupported'
    | 'FieldValueForbidden'
    | 'FieldValueDuplicate'
    | 'FieldValueTooLong'
    | 'FieldValueTooMany'
    | 'FieldValueNotFound';
  readonly message: string;
}

/** The part of OpenAPI v3 that Kubernetes schemas use, with its extensions. */
export interface OpenApiSchema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly format?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, OpenApiSchema>>;
  readonly additionalProperties?: OpenApiSchema | boolean;
  readonly items?: OpenApiSchema;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly nullable?: boolean;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly exclusiveMaximum?: boolean;
  readonly multipleOf?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly allOf?: readonly OpenApiSchema[];
  readonly anyOf?: readonly OpenApiSchema[];
  readonly oneOf?: readonly OpenApiSchema[];
  readonly not?: OpenApiSchema;
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-map-type'?: 'atomic' | 'granular';
  readonly 'x-kubernetes-patch-strategy'?: string;
  readonly 'x-kubernetes-patch-merge-key'?: string;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-embedded-resource'?: boolean;
  readonly 'x-kubernetes-validations'?: readonly ValidationRule[];
}

export interface ValidationRule {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: string;
  readonly fieldPath?: string;
  readonly optionalOldSelf?: boolean;
}

/**
 * What simulated controllers (ReplicaSet, Deployment, Job, EndpointSlice, pods, garbage collection) see of the store: the same
 * semantics as over HTTP, without the wire. Objects handed out are frozen or copies; they are never changed in place.
 */
export interface StoreAccess {
  get(resource: string, namespace: string | undefined, name: string): KubeObject | undefined;
  list(resource: string, namespace?: string): readonly KubeObject[];
  create(resource: string, object: KubeObject): KubeObject;
  /** Replaces the object (or its status); throws ApiError 409 on an outdated resourceVersion. */
  update(resource: string, object: KubeObject, subresource?: 'status'): KubeObject;
  delete(resource: string, namespace: string | undefined, name: string, options?: DeleteOptions): void;
  /** Calls `listener` after each committed change of the resource, in order, in a later turn. Returns a function that ends it. */
  subscribe(resource: string, listener: (change: StoreChange) => void): () => void;
  /** Definitions of all kinds served at the moment. */
  resources(): readonly ResourceDefinition[];
}

/** `resource` arguments above are `plural.group`, or `plural` alone for core/v1: `pods`, `replicasets.apps`. */
export interface StoreChange {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubeObject;
  readonly old: KubeObject | undefined;
}

export interface DeleteOptions {
  readonly propagationPolicy?: 'Foreground' | 'Background' | 'Orphan';
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly gracePeriodSeconds?: number;
}
