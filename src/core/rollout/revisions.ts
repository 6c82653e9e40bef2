import { KINDS } from '../../api/kinds.ts';
import { controllerReference, createdMs } from '../../api/kube-object.ts';
import {
  ANNOTATIONS_NOT_COPIED,
  DESIRED_REPLICAS_ANNOTATION,
  EPHEMERAL_METADATA_ANNOTATION,
  POD_TEMPLATE_HASH_LABEL,
  REVISION_ANNOTATION,
  REVISION_HISTORY_ANNOTATION,
  SCALE_DOWN_DEADLINE_ANNOTATION,
} from '../../api/labels.ts';
import type { PodTemplateSpec } from '../../api/pod-template.ts';
import type { Rollout } from '../../api/rollout.ts';
import type { ReplicaSet } from '../../api/workloads.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import { isPlainObject } from '../../lib/merge-patch.ts';
import { perObject } from '../../lib/per-object.ts';
import { defaultedPodTemplate } from './pod-template-defaults.ts';
import { annotationOf, hashOf } from './replica-set.ts';

/**
 * The ReplicaSet of the desired template, found by what the template means, never by a hash alone: taking over from
 * another controller, whose hash differs, must create no pod. Of several, the ones that status names come first, then
 * the oldest.
 */
export function findByTemplate(
  replicaSets: readonly ReplicaSet[],
  template: PodTemplateSpec,
  preferred: readonly string[],
): ReplicaSet | undefined {
  const desired = meaningOf(template);
  const found = replicaSets.filter(
    (replicaSet) => hashOf(replicaSet) !== '' && deepEqual(meaningOfOwn(replicaSet), desired),
  );
  return [...found].sort((left, right) => rank(left) - rank(right) || createdMs(left) - createdMs(right))[0];

  function rank(replicaSet: ReplicaSet): number {
    const position = preferred.indexOf(hashOf(replicaSet));
    return position === -1 ? preferred.length : position;
  }
}

/** Templates are compared on every pass and hardly ever change, so what they mean is worked out once an object. */
const meaningOf = perObject((template: PodTemplateSpec): unknown => defaultedPodTemplate(template));
const meaningOfOwn = perObject((replicaSet: ReplicaSet): unknown => defaultedPodTemplate(withoutAdditions(replicaSet)));

interface TemplateParts {
  readonly metadata: { readonly labels: object; readonly annotations: object; readonly [field: string]: unknown };
  readonly spec: { readonly affinity?: unknown; readonly [field: string]: unknown };
}

/** The template as the user wrote it: without the hash label, metadata for its role, and the anti-affinity that was added. */
function withoutAdditions(replicaSet: ReplicaSet): TemplateParts {
  const { template } = replicaSet.spec;
  const added = addedMetadataOf(replicaSet);
  const labels = without(template.metadata?.labels, [POD_TEMPLATE_HASH_LABEL, ...Object.keys(added.labels)]);
  const annotations = without(template.metadata?.annotations, Object.keys(added.annotations));
  return {
    metadata: { ...template.metadata, labels, annotations },
    spec: { ...template.spec, affinity: withoutInjectedAntiAffinity(template.spec?.affinity) },
  };
}

/** The template of a version as it could be written into a Rollout again: what was added to it is left out. */
export function templateAsWritten(replicaSet: ReplicaSet): PodTemplateSpec {
  const { metadata, spec } = withoutAdditions(replicaSet);
  const { labels, annotations, ...rest } = metadata;
  const isEmpty = (map: object): boolean => Object.keys(map).length === 0;
  const kept = {
    ...rest,
    ...(isEmpty(labels) ? {} : { labels }),
    ...(isEmpty(annotations) ? {} : { annotations }),
  };
  const { affinity, ...pod } = spec;
  return { metadata: kept, spec: affinity === undefined ? pod : { ...pod, affinity } } as PodTemplateSpec;
}

export interface AddedMetadata {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** What a ReplicaSet's template has for the part that its version plays, by its own record. */
export function addedMetadataOf(replicaSet: ReplicaSet): AddedMetadata {
  const text = annotationOf(replicaSet, EPHEMERAL_METADATA_ANNOTATION);
  if (text === undefined) return { labels: {}, annotations: {} };
  try {
    const added = JSON.parse(text) as Partial<AddedMetadata>;
    return { labels: added.labels ?? {}, annotations: added.annotations ?? {} };
  } catch {
    return { labels: {}, annotations: {} };
  }
}

function without(map: Readonly<Record<string, string>> | undefined, keys: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(map ?? {}).filter(([key]) => !keys.includes(key)));
}

function withoutInjectedAntiAffinity(affinity: unknown): unknown {
  if (!isPlainObject(affinity) || !isPlainObject(affinity['podAntiAffinity'])) return affinity;
  const terms = Object.entries(affinity['podAntiAffinity']).map(([kind, list]) => [
    kind,
    Array.isArray(list) ? list.filter((term) => !JSON.stringify(term).includes(`"${POD_TEMPLATE_HASH_LABEL}"`)) : list,
  ]);
  return { ...affinity, podAntiAffinity: Object.fromEntries(terms) as Record<string, unknown> };
}

export function revisionOf(
  object: { readonly metadata: { readonly annotations?: Readonly<Record<string, string>> } } | undefined,
): number {
  const number = Number(object?.metadata.annotations?.[REVISION_ANNOTATION] ?? 0);
  return Number.isInteger(number) ? number : 0;
}

/** The number of the version that is new: one more than all others, unless it is the highest already. */
export function nextRevision(current: ReplicaSet | undefined, others: readonly ReplicaSet[]): number {
  const highest = Math.max(0, ...others.map(revisionOf));
  const own = revisionOf(current);
  return own > highest ? own : highest + 1;
}

/** What the annotations of the new version's ReplicaSet should be; annotations of other origin stay. */
export function currentAnnotations(
  rollout: Rollout,
  current: ReplicaSet | undefined,
  revision: number,
): Record<string, string> {
  const before = current?.metadata.annotations ?? {};
  const copied = without(rollout.metadata.annotations, [
    ...ANNOTATIONS_NOT_COPIED,
    EPHEMERAL_METADATA_ANNOTATION,
    SCALE_DOWN_DEADLINE_ANNOTATION,
  ]);
  const result: Record<string, string> = { ...before, ...copied, [REVISION_ANNOTATION]: String(revision) };
  const earlier = before[REVISION_ANNOTATION];
  if (earlier !== undefined && earlier !== String(revision)) {
    const history = before[REVISION_HISTORY_ANNOTATION];
    result[REVISION_HISTORY_ANNOTATION] = history === undefined ? earlier : `${history},${earlier}`;
  }
  return result;
}

export interface NewReplicaSetInput {
  readonly rollout: Rollout;
  readonly template: PodTemplateSpec;
  /** Of the version itself, without those of its role. */
  readonly labels: Readonly<Record<string, string>>;
  readonly hash: string;
  readonly size: number;
  readonly revision: number;
  /** Besides those that every ReplicaSet has. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A new version's ReplicaSet, made at the size that it should have at once. */
export function newReplicaSet(input: NewReplicaSetInput): ReplicaSet {
  const { rollout, template, hash } = input;
  const identity = { [POD_TEMPLATE_HASH_LABEL]: hash };
  const labels = { ...template.metadata?.labels, ...identity };
  const selector = rollout.spec.selector ?? {};
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: replicaSetName(rollout, hash),
      namespace: rollout.metadata.namespace ?? '',
      // Not those of its role, which changes.
      labels: { ...input.labels, ...identity },
      annotations: {
        ...currentAnnotations(rollout, undefined, input.revision),
        [DESIRED_REPLICAS_ANNOTATION]: String(rollout.spec.replicas ?? 1),
        ...input.annotations,
      },
      ownerReferences: [controllerReference(KINDS.rollout, rollout.metadata)],
    },
    spec: {
      replicas: input.size,
      ...(rollout.spec.minReadySeconds === undefined ? {} : { minReadySeconds: rollout.spec.minReadySeconds }),
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [POD_TEMPLATE_HASH_LABEL]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
}

export function replicaSetName(rollout: Rollout, hash: string): string {
  return `${rollout.metadata.name}-${hash}`;
}
