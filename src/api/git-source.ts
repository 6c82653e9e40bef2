import type { KubeObject } from './kube-object.ts';
import type { gitSourceSpecSchema, gitSourceStatusSchema } from './schema/git-source.ts';
import type { standardConditionSchema } from './schema/common.ts';
import type { Wire } from './schema/wire.ts';

export interface GitSource extends KubeObject {
  readonly spec: GitSourceSpec;
  readonly status?: GitSourceStatus;
}

export type GitSourceSpec = Wire<typeof gitSourceSpecSchema>;
export type GitSourceStatus = Wire<typeof gitSourceStatusSchema>;
export type InventoryEntry = NonNullable<NonNullable<GitSourceStatus['inventory']>['entries']>[number];
export type RevertEntry = NonNullable<GitSourceStatus['reverts']>[number];
export type RevertState = RevertEntry['state'];

/** Kubernetes' `metav1.Condition`; a Rollout's conditions have `lastUpdateTime` besides. */
export type StandardCondition = Wire<typeof standardConditionSchema>;
