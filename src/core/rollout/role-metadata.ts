import { KINDS } from '../../api/kinds.ts';
import { isOwnedBy } from '../../api/kube-object.ts';
import type { KubeWrite } from '../../api/kube-write.ts';
import { EPHEMERAL_METADATA_ANNOTATION, PENDING_POD_METADATA_ANNOTATION } from '../../api/labels.ts';
import type { PodTemplateSpec } from '../../api/pod-template.ts';
import type { ExtraMetadata } from '../../api/rollout.ts';
import type { Pod, ReplicaSet } from '../../api/workloads.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import type { Position } from './position.ts';
import { annotationOf, isCounted, sizeOf } from './replica-set.ts';
import { addedMetadataOf, type AddedMetadata } from './revisions.ts';
import { rolesOf, type World } from './world.ts';

/*
 * Labels and annotations that pods have while their version plays a part. They are put on the template of the
 * ReplicaSet, for new pods, and then on the pods that are there:
 *
 *   template and record changed, keys noted as pending -> seen by Kubernetes -> pods changed -> note removed
 *
 * The note survives a crash, and says which keys may be left on pods from before.
 */

const NOTHING: AddedMetadata = { labels: {}, annotations: {} };

/** What the template of a version that is made now gets, with the record of it. */
export function templateForRole(
  world: World,
  position: Position,
  template: PodTemplateSpec,
): { readonly template: PodTemplateSpec; readonly annotations: Readonly<Record<string, string>> } {
  const added = metadataOfCurrent(world, position);
  if (isEmpty(added)) return { template, annotations: {} };
  const { metadata } = template;
  return {
    template: {
      ...template,
      metadata: {
        ...metadata,
        labels: { ...metadata?.labels, ...added.labels },
        annotations: { ...metadata?.annotations, ...added.annotations },
      },
    },
    annotations: { [EPHEMERAL_METADATA_ANNOTATION]: textOf(added) },
  };
}

/** How a ReplicaSet has to change for the part that it plays now; undefined when it is as it should be. */
export interface RoleChange {
  /** Merge patch of the metadata of its template. */
  readonly template: unknown;
  /** Null removes one. */
  readonly annotations: Readonly<Record<string, string | null>>;
}

export function roleChange(world: World, position: Position, replicaSet: ReplicaSet): RoleChange | undefined {
  const before = addedMetadataOf(replicaSet);
  const wanted = wantedMetadata(world, position, replicaSet);
  if (deepEqual(before, wanted)) return undefined;
  const pending = [pendingOf(replicaSet), keysOf(before)];
  return {
    template: {
      labels: { ...nulls(Object.keys(before.labels)), ...wanted.labels },
      annotations: { ...nulls(Object.keys(before.annotations)), ...wanted.annotations },
    },
    annotations: {
      [EPHEMERAL_METADATA_ANNOTATION]: isEmpty(wanted) ? null : textOf(wanted),
      ...(sizeOf(replicaSet) === 0 ? {} : { [PENDING_POD_METADATA_ANNOTATION]: JSON.stringify(union(pending)) }),
    },
  };
}

/** True while pods have to be looked at because of their metadata. */
export function isPodMetadataPending(replicaSet: ReplicaSet): boolean {
  return annotationOf(replicaSet, PENDING_POD_METADATA_ANNOTATION) !== undefined && isCounted(replicaSet);
}

/** Writes that bring the pods that are there to the metadata of their ReplicaSet, and then note that they are. */
export function planPodMetadata(world: World): readonly KubeWrite[] {
  return world.replicaSets.filter(isPodMetadataPending).flatMap((replicaSet) => {
    const pods = world.observation.pods.filter(
      (pod) => pod.metadata.deletionTimestamp === undefined && isOwnedBy(pod, replicaSet),
    );
    return [...pods.flatMap((pod) => podWrite(pod, replicaSet)), noteRemoved(replicaSet)];
  });
}

function podWrite(pod: Pod, replicaSet: ReplicaSet): readonly KubeWrite[] {
  const wanted = addedMetadataOf(replicaSet);
  const pending = pendingOf(replicaSet);
  const labels = difference(pod.metadata.labels, { ...nulls(pending.labels), ...wanted.labels });
  const annotations = difference(pod.metadata.annotations, { ...nulls(pending.annotations), ...wanted.annotations });
  if (Object.keys({ ...labels, ...annotations }).length === 0) return [];
  const { name, namespace = '', uid } = pod.metadata;
  return [
    {
      verb: 'patch',
      ref: { kind: KINDS.pod, namespace, name },
      patchType: 'merge',
      body: { metadata: { uid, labels, annotations } },
    },
  ];
}

function noteRemoved(replicaSet: ReplicaSet): KubeWrite {
  const { name, namespace = '', resourceVersion } = replicaSet.metadata;
  return {
    verb: 'patch',
    ref: { kind: KINDS.replicaSet, namespace, name },
    patchType: 'merge',
    body: { metadata: { resourceVersion, annotations: { [PENDING_POD_METADATA_ANNOTATION]: null } } },
  };
}

function wantedMetadata(world: World, position: Position, replicaSet: ReplicaSet): AddedMetadata {
  const roles = rolesOf(world, position);
  if (replicaSet === roles.current) return metadataOfCurrent(world, position);
  return replicaSet === roles.stable ? added(metadataOfRoles(world).stable) : NOTHING;
}

function metadataOfCurrent(world: World, position: Position): AddedMetadata {
  const { stable, fresh } = metadataOfRoles(world);
  const settled = position.stableHash === '' || position.stableHash === position.currentHash;
  return added(settled ? stable : fresh);
}

function metadataOfRoles(world: World): {
  readonly stable: ExtraMetadata | undefined;
  readonly fresh: ExtraMetadata | undefined;
} {
  const { canary, blueGreen } = world.rollout.spec.strategy ?? {};
  return {
    stable: canary?.stableMetadata ?? blueGreen?.activeMetadata,
    fresh: canary?.canaryMetadata ?? blueGreen?.previewMetadata,
  };
}

function added(metadata: ExtraMetadata | undefined): AddedMetadata {
  return { labels: metadata?.labels ?? {}, annotations: metadata?.annotations ?? {} };
}

function isEmpty({ labels, annotations }: AddedMetadata): boolean {
  return Object.keys(labels).length === 0 && Object.keys(annotations).length === 0;
}

/** As the API writes it: sorted, without what is empty. */
function textOf({ labels, annotations }: AddedMetadata): string {
  const sorted = (map: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
    Object.fromEntries(Object.entries(map).sort(([left], [right]) => (left < right ? -1 : 1)));
  return JSON.stringify({
    ...(Object.keys(labels).length === 0 ? {} : { labels: sorted(labels) }),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations: sorted(annotations) }),
  });
}

interface Keys {
  readonly labels: readonly string[];
  readonly annotations: readonly string[];
}

function keysOf({ labels, annotations }: AddedMetadata): Keys {
  return { labels: Object.keys(labels), annotations: Object.keys(annotations) };
}

function pendingOf(replicaSet: ReplicaSet): Keys {
  try {
    const keys = JSON.parse(annotationOf(replicaSet, PENDING_POD_METADATA_ANNOTATION) ?? '{}') as Partial<Keys>;
    return { labels: keys.labels ?? [], annotations: keys.annotations ?? [] };
  } catch {
    return { labels: [], annotations: [] };
  }
}

function union(all: readonly Keys[]): Keys {
  const unique = (keys: readonly string[]): readonly string[] => [...new Set(keys)].sort();
  return {
    labels: unique(all.flatMap((keys) => keys.labels)),
    annotations: unique(all.flatMap((keys) => keys.annotations)),
  };
}

function nulls(keys: readonly string[]): Readonly<Record<string, null>> {
  return Object.fromEntries(keys.map((key) => [key, null]));
}

function difference(
  before: Readonly<Record<string, string>> | undefined,
  wanted: Readonly<Record<string, string | null>>,
): Readonly<Record<string, string | null>> {
  return Object.fromEntries(Object.entries(wanted).filter(([key, value]) => (before?.[key] ?? null) !== value));
}
