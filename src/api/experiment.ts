import type { KubeObject } from './kube-object.ts';
import type { experimentSpecSchema, experimentStatusSchema, experimentTemplateSchema } from './schema/experiment.ts';
import type { Wire } from './schema/wire.ts';

export interface Experiment extends KubeObject {
  readonly spec: ExperimentSpec;
  readonly status?: ExperimentStatus;
}

export type ExperimentSpec = Wire<typeof experimentSpecSchema>;
export type ExperimentTemplate = Wire<typeof experimentTemplateSchema>;
export type ExperimentStatus = Wire<typeof experimentStatusSchema>;
export type ExperimentTemplateStatus = NonNullable<ExperimentStatus['templateStatuses']>[number];
