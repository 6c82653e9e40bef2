import type { TrafficPlan } from '../traffic.ts';
import type { ReplicaSetPlan } from './replica-set-writes.ts';
import type { RunPlan } from './runs.ts';
import type { ExperimentPlan } from './step-experiment.ts';
import type { ServiceSwitch } from './services.ts';

/** Everything that is wanted at a position, planned beside the chart on every pass. */
export interface Plans {
  readonly replicaSets: ReplicaSetPlan;
  /** Services that are given up. */
  readonly released: readonly ServiceSwitch[];
  readonly services: readonly ServiceSwitch[];
  readonly traffic: TrafficPlan | undefined;
  readonly runs: RunPlan;
  readonly experiments: ExperimentPlan;
}
