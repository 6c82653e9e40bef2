import type { KubeObject } from './kube-object.ts';
import type {
  analysisRunSpecSchema,
  analysisRunStatusSchema,
  analysisTemplateSpecSchema,
  argumentSchema,
  measurementSchema,
  metricResultSchema,
  metricSchema,
} from './schema/analysis.ts';
import type { dryRunSchema, measurementRetentionSchema, templateReferenceSchema } from './schema/analysis-reference.ts';
import type { metricProviderSchema } from './schema/metric-provider.ts';
import type { Wire } from './schema/wire.ts';

export interface AnalysisTemplate extends KubeObject {
  readonly spec: AnalysisTemplateSpec;
}

export interface ClusterAnalysisTemplate extends KubeObject {
  readonly spec: AnalysisTemplateSpec;
}

export interface AnalysisRun extends KubeObject {
  readonly spec: AnalysisRunSpec;
  readonly status?: AnalysisRunStatus;
}

export type AnalysisTemplateSpec = Wire<typeof analysisTemplateSpecSchema>;
export type AnalysisRunSpec = Wire<typeof analysisRunSpecSchema>;
export type AnalysisRunStatus = Wire<typeof analysisRunStatusSchema>;
export type AnalysisPhase = NonNullable<AnalysisRunStatus['phase']>;
export type Metric = Wire<typeof metricSchema>;
export type MetricProvider = Wire<typeof metricProviderSchema>;
export type PrometheusProvider = NonNullable<MetricProvider['prometheus']>;
export type MetricResult = Wire<typeof metricResultSchema>;
export type Measurement = Wire<typeof measurementSchema>;
export type RunSummary = NonNullable<AnalysisRunStatus['runSummary']>;
export type DryRun = Wire<typeof dryRunSchema>;
export type MeasurementRetention = Wire<typeof measurementRetentionSchema>;
export type TemplateReference = Wire<typeof templateReferenceSchema>;

/** An argument of a template or a run; that of a Rollout is `RolloutArgument`. */
export type Argument = Wire<typeof argumentSchema>;
