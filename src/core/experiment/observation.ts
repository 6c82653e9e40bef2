import type { AnalysisRun } from '../../api/analysis.ts';
import type { Experiment } from '../../api/experiment.ts';
import type { ReplicaSet, Service } from '../../api/workloads.ts';
import type { TemplateSources } from '../analysis/templates.ts';

/** All that a decision over one Experiment may depend on, read at one moment. Plain data. */
export interface ExperimentObservation extends TemplateSources {
  readonly nowMs: number;
  readonly experiment: Experiment;
  /** These three: owned by the Experiment. */
  readonly replicaSets: readonly ReplicaSet[];
  readonly services: readonly Service[];
  readonly analysisRuns: readonly AnalysisRun[];
  /** Names that objects of others have. */
  readonly taken: TakenByOthers;
  /** Services that a Rollout still sends a part of its traffic to. */
  readonly weighted: readonly string[];
  /** Writes of the last pass that the API server said no to. */
  readonly refusals: readonly Refusal[];
}

export interface TakenByOthers {
  readonly replicaSets: readonly string[];
  readonly analysisRuns: readonly string[];
}

export interface Refusal {
  readonly deed: 'create' | 'scale' | 'delete';
  readonly kind: 'ReplicaSet' | 'Service' | 'AnalysisRun';
  readonly name: string;
  readonly message: string;
}
