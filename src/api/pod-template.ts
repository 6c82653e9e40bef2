import type { jobSpecSchema, podTemplateSchema } from './schema/pod-template.ts';
import type { Wire } from './schema/wire.ts';

/** Kubernetes' pod template. Fields that are not named here are kept and typed `unknown`. */
export type PodTemplateSpec = Wire<typeof podTemplateSchema>;
export type PodSpec = NonNullable<PodTemplateSpec['spec']>;
export type Container = NonNullable<PodSpec['containers']>[number];
export type ContainerPort = NonNullable<Container['ports']>[number];
export type EnvVar = NonNullable<Container['env']>[number];
export type Volume = NonNullable<PodSpec['volumes']>[number];
export type JobSpec = Wire<typeof jobSpecSchema>;
