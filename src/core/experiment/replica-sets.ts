import { experimentReplicasOf, experimentScaleDownDelaySecondsOf } from '../../api/defaults.ts';
import type { Experiment, ExperimentStatus, ExperimentTemplate } from '../../api/experiment.ts';
import { KINDS } from '../../api/kinds.ts';
import { apiVersionOf, controllerReference } from '../../api/kube-object.ts';
import type { EventNotice, KubeWrite } from '../../api/kube-write.ts';
import {
  EXPERIMENT_NAME_ANNOTATION,
  EXPERIMENT_TEMPLATE_ANNOTATION,
  POD_TEMPLATE_HASH_LABEL,
  SCALE_DOWN_DEADLINE_ANNOTATION,
} from '../../api/labels.ts';
import type { PodTemplateSpec } from '../../api/pod-template.ts';
import type { ReplicaSet } from '../../api/workloads.ts';
import { formatTimestampMs, waitStartMs } from '../../lib/timestamp.ts';
import { annotationOf, isDeleting, sizeOf } from '../rollout/replica-set.ts';
import { templateHash } from '../rollout/template-hash.ts';
import { isEnding, isOnItsWayOut, recordedVersion } from './ending.ts';
import type { ExperimentObservation } from './observation.ts';

export function replicaSetOf(observation: ExperimentObservation, template: ExperimentTemplate): ReplicaSet | undefined {
  return observation.replicaSets.find(
    (replicaSet) =>
      !isDeleting(replicaSet) &&
      annotationOf(replicaSet, EXPERIMENT_NAME_ANNOTATION) === observation.experiment.metadata.name &&
      annotationOf(replicaSet, EXPERIMENT_TEMPLATE_ANNOTATION) === template.name,
  );
}

/** Pods that a version should have now. */
export function wantedSize(
  observation: ExperimentObservation,
  status: ExperimentStatus,
  template: ExperimentTemplate,
): number {
  return isOnItsWayOut(observation, status, template.name) ? 0 : experimentReplicasOf(template);
}

/** How often the name of a version's ReplicaSet was somebody else's; part of its name and hash. */
export function collisionsOf(
  observation: ExperimentObservation,
  template: ExperimentTemplate,
  recorded: number | undefined,
): number | undefined {
  if (replicaSetOf(observation, template) !== undefined) return recorded;
  let collisions = recorded;
  const taken = new Set(observation.taken.replicaSets);
  const { name } = observation.experiment.metadata;
  while (taken.has(replicaSetName(name, template.name, collisions))) collisions = (collisions ?? 0) + 1;
  return collisions;
}

export function replicaSetName(experiment: string, template: string, collisions: number | undefined): string {
  return `${experiment}-${template}${collisions === undefined || collisions === 0 ? '' : `-${collisions}`}`;
}

export interface ReplicaSetPlan {
  readonly writes: readonly KubeWrite[];
  /** Told once the writes went through. */
  readonly notices: readonly EventNotice[];
  readonly wakeAtMs?: number;
}

const NOTHING: ReplicaSetPlan = { writes: [], notices: [] };

/** The one write that brings a version to its size; a version that ends keeps its pods for the delay. */
export function planReplicaSet(
  observation: ExperimentObservation,
  status: ExperimentStatus,
  template: ExperimentTemplate,
): ReplicaSetPlan {
  const replicaSet = replicaSetOf(observation, template);
  const wanted = wantedSize(observation, status, template);
  const ends = isOnItsWayOut(observation, status, template.name);
  if (replicaSet === undefined) {
    if (ends) return NOTHING;
    const object = newReplicaSet(observation, status, template);
    return {
      writes: [{ verb: 'create', kind: KINDS.replicaSet, object }],
      notices: wanted === 0 ? [] : [scaling(object.metadata.name, 0, wanted)],
    };
  }
  const size = sizeOf(replicaSet);
  const deadline = annotationOf(replicaSet, SCALE_DOWN_DEADLINE_ANNOTATION);
  if (ends && size > 0)
    return isWeighted(observation, status, template) ? NOTHING : planScaleDown(observation, replicaSet);
  const outdated = !ends && deadline !== undefined;
  if (size === wanted && !outdated) return NOTHING;
  return patched(replicaSet, { size: wanted, ...(outdated ? { deadline: null } : {}) });
}

function planScaleDown(observation: ExperimentObservation, replicaSet: ReplicaSet): ReplicaSetPlan {
  const { nowMs, experiment } = observation;
  const delayMs = experimentScaleDownDelaySecondsOf(experiment.spec) * 1_000;
  const deadline = annotationOf(replicaSet, SCALE_DOWN_DEADLINE_ANNOTATION);
  if (delayMs <= 0) return patched(replicaSet, { size: 0, ...(deadline === undefined ? {} : { deadline: null }) });
  const atMs = waitStartMs(deadline ?? '');
  if (atMs === undefined) {
    const untilMs = nowMs + delayMs;
    return { ...patched(replicaSet, { deadline: formatTimestampMs(untilMs) }), wakeAtMs: untilMs };
  }
  return nowMs >= atMs ? patched(replicaSet, { size: 0 }) : { ...NOTHING, wakeAtMs: atMs };
}

/** A route leads to these pods: their Rollout takes the traffic away first. */
function isWeighted(
  { weighted }: ExperimentObservation,
  status: ExperimentStatus,
  template: ExperimentTemplate,
): boolean {
  const service = recordedVersion(status, template.name)?.serviceName;
  return service !== undefined && weighted.includes(service);
}

interface Change {
  readonly size?: number;
  readonly deadline?: string | null;
}

function patched(replicaSet: ReplicaSet, { size, deadline }: Change): ReplicaSetPlan {
  const { name, namespace = '', resourceVersion } = replicaSet.metadata;
  const from = sizeOf(replicaSet);
  const annotations = deadline === undefined ? {} : { annotations: { [SCALE_DOWN_DEADLINE_ANNOTATION]: deadline } };
  const resized = size !== undefined && size !== from;
  const body = {
    metadata: { resourceVersion, ...annotations },
    ...(resized ? { spec: { replicas: size } } : {}),
  };
  return {
    writes: [{ verb: 'patch', ref: { kind: KINDS.replicaSet, namespace, name }, patchType: 'merge', body }],
    notices: resized ? [scaling(name, from, size)] : [],
  };
}

function scaling(name: string, from: number, to: number): EventNotice {
  const message = `Scaled ${to > from ? 'up' : 'down'} ReplicaSet ${name} from ${from} to ${to}`;
  return { type: 'Normal', reason: 'ScalingReplicaSet', message };
}

/** What a version's pods run: `hash` tells them from those of every other version and of the Rollout. */
export function newReplicaSet(
  observation: ExperimentObservation,
  status: ExperimentStatus,
  template: ExperimentTemplate,
): ReplicaSet {
  const { experiment } = observation;
  const collisions = recordedVersion(status, template.name)?.collisionCount;
  const hash = ownHash(experiment, template, collisions);
  const labels = { ...template.template.metadata?.labels, [POD_TEMPLATE_HASH_LABEL]: hash };
  return {
    apiVersion: apiVersionOf(KINDS.replicaSet),
    kind: KINDS.replicaSet.kind,
    metadata: {
      name: replicaSetName(experiment.metadata.name, template.name, collisions),
      namespace: experiment.metadata.namespace ?? '',
      labels,
      annotations: ownAnnotations(experiment, template),
      ownerReferences: [controllerReference(KINDS.experiment, experiment.metadata)],
    },
    spec: {
      replicas: wantedSize(observation, status, template),
      ...(template.minReadySeconds === undefined ? {} : { minReadySeconds: template.minReadySeconds }),
      selector: {
        ...template.selector,
        matchLabels: { ...template.selector?.matchLabels, [POD_TEMPLATE_HASH_LABEL]: hash },
      },
      template: { ...template.template, metadata: { ...template.template.metadata, labels } },
    },
  };
}

/**
 * The hash of the template without the label that it came with. Versions with the same template, and the Rollout's own
 * pods when the template is exactly theirs, would be one set of pods to selectors: then it is counted on.
 */
function ownHash(experiment: Experiment, template: ExperimentTemplate, collisions: number | undefined): string {
  const used = new Set<string>();
  for (const one of experiment.spec.templates) {
    const given = one.template.metadata?.labels?.[POD_TEMPLATE_HASH_LABEL];
    if (given !== undefined) used.add(given);
  }
  for (const one of experiment.spec.templates) {
    let count = one.name === template.name ? collisions : undefined;
    let hash = templateHash(bare(one.template), count);
    while (used.has(hash)) {
      count = (count ?? 0) + 1;
      hash = templateHash(bare(one.template), count);
    }
    if (one.name === template.name) return hash;
    used.add(hash);
  }
  return templateHash(bare(template.template), collisions);
}

function bare(template: PodTemplateSpec): PodTemplateSpec {
  const { [POD_TEMPLATE_HASH_LABEL]: _given, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}

export function ownAnnotations(experiment: Experiment, template: ExperimentTemplate): Record<string, string> {
  return {
    [EXPERIMENT_NAME_ANNOTATION]: experiment.metadata.name,
    [EXPERIMENT_TEMPLATE_ANNOTATION]: template.name,
  };
}

/** The ReplicaSet of a version as it is, or as it is about to be made; undefined when there will be none. */
export function presentOrPlanned(
  observation: ExperimentObservation,
  status: ExperimentStatus,
  template: ExperimentTemplate,
): ReplicaSet | undefined {
  const found = replicaSetOf(observation, template);
  if (found !== undefined) return found;
  const { spec } = observation.experiment;
  return isEnding(spec, status, observation.analysisRuns) ? undefined : newReplicaSet(observation, status, template);
}
