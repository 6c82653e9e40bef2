import { findCondition } from '../../api/conditions.ts';
import { replicasOf } from '../../api/defaults.ts';
import type { Rollout } from '../../api/rollout.ts';
import type { ReplicaSet } from '../../api/workloads.ts';
import { hashOf } from '../../core/rollout/replica-set.ts';
import { stepText } from '../../core/rollout/step-text.ts';
import { stepWeightAt } from '../../core/rollout/step-weights.ts';
import { ownedBy, type Relatives } from '../relatives.ts';
import { experimentNode, imagesOf, replicaSetTags } from './nodes.ts';
import { phaseShown } from './rollout-phase.ts';

/** What there is to say about a Rollout before its tree: also the JSON form of `get rollout`. */
export interface RolloutView {
  readonly name: string;
  readonly namespace: string;
  readonly phase: string;
  readonly message: string;
  /** What a blocked Rollout waits for, in the controller's words. */
  readonly waitingFor?: string;
  /** What users asked for last, by which program, and when. */
  readonly lastCommand?: { readonly text: string; readonly at: string };
  readonly strategy: 'Canary' | 'BlueGreen' | '';
  readonly steps?: readonly StepView[];
  /** Steps that are done. */
  readonly stepsDone?: number;
  readonly setWeight?: number;
  readonly actualWeight?: number;
  /** False while a weight is written but not seen in the data plane yet. */
  readonly weightVerified?: boolean;
  readonly images: readonly ImageView[];
  readonly replicas: {
    readonly desired: number;
    readonly current: number;
    readonly updated: number;
    readonly ready: number;
    readonly available: number;
  };
}

export interface StepView {
  readonly text: string;
  readonly state: 'done' | 'now' | 'ahead';
}

export interface ImageView {
  readonly image: string;
  readonly tags: readonly string[];
}

export function rolloutView(rollout: Rollout, relatives: Relatives): RolloutView {
  const { status = {}, spec, metadata } = rollout;
  const replicaSets = ownedBy(relatives.replicaSets, metadata.uid);
  const waiting = findCondition(status.conditions, 'Waiting');
  const command = findCondition(status.conditions, 'Command');
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? '',
    ...phaseShown(rollout),
    ...(waiting?.status === 'True' ? { waitingFor: waiting.message } : {}),
    ...(command === undefined ? {} : { lastCommand: { text: command.message, at: command.lastUpdateTime } }),
    strategy: strategyOf(rollout),
    ...(spec.strategy?.canary === undefined ? {} : canaryView(rollout, replicaSets)),
    images: imageViews(rollout, relatives),
    replicas: {
      desired: replicasOf(spec),
      current: status.replicas ?? 0,
      updated: status.updatedReplicas ?? 0,
      ready: status.readyReplicas ?? 0,
      available: status.availableReplicas ?? 0,
    },
  };
}

export function strategyOf({ spec }: Rollout): RolloutView['strategy'] {
  if (spec.strategy?.canary !== undefined) return 'Canary';
  return spec.strategy?.blueGreen === undefined ? '' : 'BlueGreen';
}

type CanaryView = Pick<RolloutView, 'steps' | 'stepsDone' | 'setWeight' | 'actualWeight' | 'weightVerified'>;

function canaryView(rollout: Rollout, replicaSets: readonly ReplicaSet[]): CanaryView {
  const { status = {}, spec } = rollout;
  const steps = spec.strategy?.canary?.steps ?? [];
  const done = Math.min(status.currentStepIndex ?? 0, steps.length);
  const verified = status.canary?.weights?.verified;
  return {
    ...(steps.length === 0 ? {} : { steps: stepViews(rollout, done), stepsDone: done }),
    setWeight: wantedWeight(rollout),
    actualWeight: actualWeight(rollout, replicaSets),
    ...(typeof verified === 'boolean' ? { weightVerified: verified } : {}),
  };
}

function stepViews({ spec, status = {} }: Rollout, done: number): readonly StepView[] {
  const ahead = status.abort === true ? 'ahead' : 'now';
  return (spec.strategy?.canary?.steps ?? []).map((step, index) => ({
    text: stepText(step),
    state: index < done ? 'done' : index === done ? ahead : 'ahead',
  }));
}

/** The weight that the step asks for; all once the steps are done, nothing after an abort. */
export function wantedWeight({ spec, status = {} }: Rollout): number {
  const steps = spec.strategy?.canary?.steps ?? [];
  const total = weightTotal(spec);
  const index = status.currentStepIndex ?? 0;
  const isPromoted = status.stableRS !== undefined && status.stableRS === status.currentPodHash;
  if (isPromoted || steps.length === 0) return total;
  if (status.abort === true) return 0;
  return index >= steps.length ? total : stepWeightAt(steps, index);
}

function weightTotal(spec: Rollout['spec']): number {
  return spec.strategy?.canary?.trafficRouting?.maxTrafficWeight ?? 100;
}

/** As the routers were seen with; without routing, the share of available pods. */
function actualWeight(rollout: Rollout, replicaSets: readonly ReplicaSet[]): number {
  const { spec, status = {} } = rollout;
  const total = weightTotal(spec);
  if (status.stableRS !== undefined && status.stableRS === status.currentPodHash) return total;
  const available = status.availableReplicas ?? 0;
  if (spec.strategy?.canary?.trafficRouting !== undefined) return status.canary?.weights?.canary.weight ?? 0;
  const canary = replicaSets.find((replicaSet) => hashOf(replicaSet) === status.currentPodHash);
  return available === 0 ? 0 : Math.floor(((canary?.status?.availableReplicas ?? 0) * total) / available);
}

function imageViews(rollout: Rollout, relatives: Relatives): readonly ImageView[] {
  const tags = new Map<string, Set<string>>();
  for (const replicaSet of ownedBy(relatives.replicaSets, rollout.metadata.uid)) {
    if ((replicaSet.status?.replicas ?? 0) === 0) continue;
    for (const image of imagesOf(replicaSet)) note(tags, image, replicaSetTags(rollout, replicaSet));
  }
  for (const experiment of ownedBy(relatives.experiments, rollout.metadata.uid)) {
    for (const { name, images } of experimentNode(experiment, relatives, 0).images)
      for (const image of images) note(tags, image, [`Σ:${name}`]);
  }
  return [...tags]
    .map(([image, found]) => ({ image, tags: [...found].sort() }))
    .sort((left, right) => (left.image < right.image ? -1 : 1));
}

function note(tags: Map<string, Set<string>>, image: string, more: readonly string[]): void {
  tags.set(image, new Set([...(tags.get(image) ?? []), ...more]));
}
