import type { AnalysisRun, AnalysisTemplate, ClusterAnalysisTemplate } from '../api/analysis.ts';
import type { Experiment } from '../api/experiment.ts';
import type { KubeObject } from '../api/kube-object.ts';
import type { Rollout } from '../api/rollout.ts';
import type { EndpointSlice, Pod, ReplicaSet, Service } from '../api/workloads.ts';
import type { Problem } from '../api/validation/problem.ts';
import type { TrafficObservation } from './traffic.ts';
import type { ConfigObservation } from './versioned-config/resolve.ts';

/** All that a decision over one Rollout may depend on, read at one moment. Plain data. */
export interface Observation {
  readonly nowMs: number;
  readonly rollout: Rollout;
  /** ReplicaSets of the namespace that are owned by the Rollout, or are nobody's and match its selector. */
  readonly replicaSets: readonly ReplicaSet[];
  /** Names that ReplicaSets, runs or Experiments of the Rollout would have, but that belong to somebody else. */
  readonly takenNames?: readonly string[];
  /** By name, every Service that the Rollout refers to; null when it does not exist. */
  readonly services: Readonly<Record<string, Service | null>>;
  /** Services that carry the Rollout's mark although it names them no more. */
  readonly formerServices?: readonly Service[];
  /** By name of the Service, for every Service above. */
  readonly endpointSlices: Readonly<Record<string, readonly EndpointSlice[]>>;
  /** One entry for each router that the spec names, in the order of the registry. Empty without traffic routing. */
  readonly traffic: readonly TrafficObservation[];
  /** Since when the routers were seen with these weights; since now when absent. */
  readonly weightsSeen?: WeightsSeen;
  /** AnalysisRuns owned by the Rollout. */
  readonly analysisRuns: readonly AnalysisRun[];
  /** Experiments owned by the Rollout. */
  readonly experiments?: readonly Experiment[];
  /** By name; null when it does not exist. Includes nested ones. */
  readonly analysisTemplates: Readonly<Record<string, AnalysisTemplate | null>>;
  readonly clusterAnalysisTemplates: Readonly<Record<string, ClusterAnalysisTemplate | null>>;
  /** Pods of the Rollout; gathered only while `needsPods` says so, else empty. */
  readonly pods: readonly Pod[];
  /** Those of them that could not be evicted when it was tried; none when absent. */
  readonly refusedEvictions?: readonly RefusedEviction[];
  /** What `spec.workloadRef` names; null when it does not exist, undefined without such a reference. */
  readonly workload?: KubeObject | null;
  /** What the template refers to where its content belongs to the version, or once did; undefined when nobody looked. */
  readonly config?: ConfigObservation;
  /** What the controller has no right to read of all this, with what to grant; nothing when absent. */
  readonly refusals?: readonly Problem[];
  readonly options: DecisionOptions;
}

/** A pod that may not be evicted yet, as a rule because of a PodDisruptionBudget. */
export interface RefusedEviction {
  readonly uid: string;
  readonly message: string;
  /** When it was refused first. */
  readonly sinceMs: number;
  /** When it is to be tried again. */
  readonly untilMs: number;
}

export interface WeightsSeen {
  readonly sinceMs: number;
  /** Other weights were seen before these; false when these are the first that were looked at, and may be older. */
  readonly changed: boolean;
}

/** What the operator of the controller chose. */
export interface DecisionOptions {
  /** How long a written weight is given to reach a data plane that reports nothing (milliseconds). */
  readonly propagationDelayMs: number;
}
