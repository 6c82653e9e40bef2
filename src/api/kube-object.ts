import { parseTimestampMs } from '../lib/timestamp.ts';

/** The parts of Kubernetes' own types that every room speaks about. Unknown fields are always kept. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

export interface ObjectMeta {
  readonly name: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
  readonly managedFields?: readonly ManagedFieldsEntry[];
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

export interface ManagedFieldsEntry {
  readonly manager?: string;
  readonly operation?: 'Apply' | 'Update';
  readonly apiVersion?: string;
  readonly time?: string;
  readonly fieldsType?: string;
  readonly fieldsV1?: unknown;
  readonly subresource?: string;
  /** Only in caches, instead of `fieldsV1`: the top-level fields that are owned, e.g. `spec.paused`, `metadata.labels`, `data`. */
  readonly fields?: readonly string[];
}

/** A kind as the API server addresses it. */
export interface ResourceKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

/** One object of a kind; `namespace` is empty for cluster-scoped kinds. */
export interface ObjectRef {
  readonly kind: ResourceKind;
  readonly namespace: string;
  readonly name: string;
}

/** What looks after an object: the one owner that is its controller. */
export function controllerOf({ metadata }: Pick<KubeObject, 'metadata'>): OwnerReference | undefined {
  return metadata.ownerReferences?.find(({ controller }) => controller === true);
}

/** `apiVersion` as it stands in manifests: `v1`, `apps/v1`. */
export function apiVersionOf(kind: ResourceKind): string {
  return kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
}

/** The reference that makes an object part of its controller: it goes when the owner goes. */
export function controllerReference(
  kind: ResourceKind,
  owner: { readonly name: string; readonly uid?: string },
): OwnerReference {
  return controllerReferenceTo({ apiVersion: apiVersionOf(kind), kind: kind.kind, metadata: owner });
}

/** The same to an owner that is at hand. */
export function controllerReferenceTo({
  apiVersion,
  kind,
  metadata: { name, uid = '' },
}: Pick<KubeObject, 'apiVersion' | 'kind'> & {
  readonly metadata: { readonly name: string; readonly uid?: string };
}): OwnerReference {
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}

/** When it was created (milliseconds since the epoch); 0 when it does not say. */
export function createdMs({ metadata }: Pick<KubeObject, 'metadata'>): number {
  return parseTimestampMs(metadata.creationTimestamp) ?? 0;
}

/** The other is among its owners. */
export function isOwnedBy({ metadata }: Pick<KubeObject, 'metadata'>, owner: Pick<KubeObject, 'metadata'>): boolean {
  return metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid) === true;
}

/** A key that is unique over kinds, for maps: `apps/replicasets/ns/name`. */
export function refKey(ref: ObjectRef): string {
  return `${ref.kind.group}/${ref.kind.plural}/${ref.namespace}/${ref.name}`;
}
