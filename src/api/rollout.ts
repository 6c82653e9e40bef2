import type { KubeObject } from './kube-object.ts';
import type {
  backgroundAnalysisSchema,
  rolloutAnalysisSchema,
  rolloutArgumentSchema,
} from './schema/analysis-reference.ts';
import type { canaryStepSchema } from './schema/canary-step.ts';
import type { conditionSchema, extraMetadataSchema, labelSelectorSchema } from './schema/common.ts';
import type {
  blueGreenStrategySchema,
  canaryStrategySchema,
  rolloutSpecSchema,
  rolloutStrategySchema,
  workloadReferenceSchema,
} from './schema/rollout-spec.ts';
import type { rolloutStatusSchema, trafficWeightsSchema, weightDestinationSchema } from './schema/rollout-status.ts';
import type { trafficRoutingSchema } from './schema/traffic-routing.ts';
import type { Wire } from './schema/wire.ts';

export interface Rollout extends KubeObject {
  readonly spec: RolloutSpec;
  readonly status?: RolloutStatus;
}

export type RolloutSpec = Wire<typeof rolloutSpecSchema>;
export type RolloutStrategy = Wire<typeof rolloutStrategySchema>;
export type CanaryStrategy = Wire<typeof canaryStrategySchema>;
export type BlueGreenStrategy = Wire<typeof blueGreenStrategySchema>;
export type CanaryStep = Wire<typeof canaryStepSchema>;
export type TrafficRouting = Wire<typeof trafficRoutingSchema>;
export type WorkloadRef = Wire<typeof workloadReferenceSchema>;
export type RolloutAnalysis = Wire<typeof rolloutAnalysisSchema>;
export type BackgroundAnalysis = Wire<typeof backgroundAnalysisSchema>;
export type RolloutArgument = Wire<typeof rolloutArgumentSchema>;
export type LabelSelector = Wire<typeof labelSelectorSchema>;
export type ExtraMetadata = Wire<typeof extraMetadataSchema>;

export type RolloutStatus = Wire<typeof rolloutStatusSchema>;
export type RolloutCondition = Wire<typeof conditionSchema>;
export type Condition = RolloutCondition;
export type TrafficWeights = Wire<typeof trafficWeightsSchema>;
export type WeightDestination = Wire<typeof weightDestinationSchema>;
export type CanaryStatus = NonNullable<RolloutStatus['canary']>;
export type BlueGreenStatus = NonNullable<RolloutStatus['blueGreen']>;
export type PauseCondition = NonNullable<RolloutStatus['pauseConditions']>[number];
export type PauseReason = PauseCondition['reason'];
export type RolloutPhase = NonNullable<RolloutStatus['phase']>;
export type StepPluginStatus = NonNullable<CanaryStatus['stepPluginStatuses']>[number];
