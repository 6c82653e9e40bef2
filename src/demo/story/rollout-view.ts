import type { Rollout } from '../../api/rollout.ts';
import type { HttpRoute, Pod, ReplicaSet } from '../../api/workloads.ts';
import type { AnalysisRun } from '../../api/analysis.ts';
import { POD_TEMPLATE_HASH_LABEL, REVISION_ANNOTATION } from '../../api/labels.ts';
import { tagOf } from '../pods/versions.ts';

/** What the demo shows and judges of a Rollout. */
export interface RolloutView {
  readonly tag: string;
  readonly phase: string;
  readonly message: string;
  /** Undefined before the first steps; as many as there are steps when all are done. */
  readonly stepIndex: number | undefined;
  readonly steps: readonly string[];
  readonly stableHash: string;
  readonly currentHash: string;
  readonly aborted: boolean;
  /** Whether the status is about the spec as it stands. */
  readonly observed: boolean;
  readonly desired: number;
  readonly available: number;
  readonly paused: boolean;
}

export interface RevisionView {
  readonly hash: string;
  readonly revision: string;
  readonly tag: string;
  readonly role: 'stable' | 'canary' | 'old';
  readonly ready: number;
  readonly pods: number;
  readonly wanted: number;
}

export interface Weights {
  readonly stable: number;
  readonly canary: number;
}

export interface MeasurementView {
  readonly metric: string;
  readonly phase: string;
  readonly value: string;
}

export function viewRollout(rollout: Rollout): RolloutView {
  const { spec, status = {}, metadata } = rollout;
  return {
    tag: tagOf(spec.template?.spec?.containers?.[0]?.image ?? ''),
    phase: status.phase ?? 'Unknown',
    message: status.message ?? '',
    stepIndex: status.currentStepIndex ?? undefined,
    steps: (spec.strategy?.canary?.steps ?? []).map(describeStep),
    stableHash: status.stableRS ?? '',
    currentHash: status.currentPodHash ?? '',
    aborted: status.abort === true,
    observed: status.observedGeneration === String(metadata.generation),
    desired: spec.replicas ?? 1,
    available: status.availableReplicas ?? 0,
    paused: (status.pauseConditions ?? []).length > 0,
  };
}

function describeStep(step: Readonly<Record<string, unknown>>): string {
  if (typeof step['setWeight'] === 'number') return `weight ${step['setWeight']}`;
  if (step['pause'] !== undefined) {
    const { duration } = (step['pause'] ?? {}) as { readonly duration?: number | string };
    return duration === undefined ? 'pause' : `pause ${duration}${typeof duration === 'number' ? 's' : ''}`;
  }
  return Object.keys(step)[0] ?? 'step';
}

/** Revisions that have pods or want some, the newest first. */
export function viewRevisions(
  rollout: RolloutView,
  replicaSets: readonly ReplicaSet[],
  pods: readonly Pod[],
): RevisionView[] {
  const views = replicaSets.map((replicaSet): RevisionView => {
    const hash = replicaSet.metadata.labels?.[POD_TEMPLATE_HASH_LABEL] ?? '';
    const own = pods.filter((pod) => pod.metadata.labels?.[POD_TEMPLATE_HASH_LABEL] === hash);
    return {
      hash,
      revision: replicaSet.metadata.annotations?.[REVISION_ANNOTATION] ?? '?',
      tag: tagOf(replicaSet.spec.template.spec?.containers?.[0]?.image ?? ''),
      role: hash === rollout.stableHash ? 'stable' : hash === rollout.currentHash ? 'canary' : 'old',
      ready: own.filter(isReady).length,
      pods: own.length,
      wanted: replicaSet.spec.replicas ?? 0,
    };
  });
  return views
    .filter((view) => view.pods > 0 || view.wanted > 0)
    .toSorted((a, b) => Number(b.revision) - Number(a.revision));
}

function isReady(pod: Pod): boolean {
  return (pod.status?.conditions ?? []).some((condition) => condition.type === 'Ready' && condition.status === 'True');
}

/** The shares that the route asks for. */
export function viewWeights(route: HttpRoute, services: { readonly stable: string; readonly canary: string }): Weights {
  const refs = (route.spec.rules ?? []).flatMap((rule) => rule.backendRefs ?? []);
  const weightOf = (name: string): number => refs.find((ref) => ref.name === name)?.weight ?? 0;
  return { stable: weightOf(services.stable), canary: weightOf(services.canary) };
}

/** What the newest AnalysisRun has measured. */
export function viewMeasurements(runs: readonly AnalysisRun[]): MeasurementView[] {
  const newest = runs.toSorted((a, b) =>
    (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? ''),
  )[0];
  return (newest?.status?.metricResults ?? []).map((result) => ({
    metric: result.name,
    phase: result.phase ?? '',
    value: result.measurements?.at(-1)?.value ?? result.measurements?.at(-1)?.message ?? '',
  }));
}
