/*
 * Labels and annotations that are part of the API: tools, dashboards and other controllers read them, so a Rollout that
 * another controller started can go on under Headgate and back.
 */

/** On ReplicaSets, their pods and selectors, Service selectors, AnalysisRuns and Experiments: the hash of the version. */
export const POD_TEMPLATE_HASH_LABEL = 'rollouts-pod-template-hash';

/** On ReplicaSets of blue-green Rollouts: the version was the stable one, and was not aborted since. */
export const PROMOTED_ANNOTATION = 'headgate.dev/promoted';

/** On ReplicaSets whose pods still have metadata of an earlier role: its keys, as JSON. */
export const PENDING_POD_METADATA_ANNOTATION = 'headgate.dev/pending-pod-metadata';

/** On Rollouts, AnalysisRuns, Experiments and GitSources: only the controller with this id handles them. */
export const INSTANCE_ID_LABEL = 'argo-rollouts.argoproj.io/controller-instance-id';

/** On AnalysisRuns: what part of the update they belong to. */
export const ROLLOUT_TYPE_LABEL = 'rollout-type';
export type RolloutType = 'Step' | 'Background' | 'PrePromotion' | 'PostPromotion';

/** On AnalysisRuns of a step: its index. */
export const STEP_INDEX_LABEL = 'step-index';

/** On Jobs of a metric and their pods: the UID of the AnalysisRun. */
export const JOB_RUN_UID_LABEL = 'analysisrun.argoproj.io/uid';

/** On Rollouts, ReplicaSets and AnalysisRuns: the number of the version. */
export const REVISION_ANNOTATION = 'rollout.argoproj.io/revision';

/** On ReplicaSets: the earlier numbers of the same version, separated by commas. */
export const REVISION_HISTORY_ANNOTATION = 'rollout.argoproj.io/revision-history';

/** On ReplicaSets: the replicas of the Rollout when it was last scaled. */
export const DESIRED_REPLICAS_ANNOTATION = 'rollout.argoproj.io/desired-replicas';

/** On ReplicaSets: the labels and annotations that were added for its role, as JSON. */
export const EPHEMERAL_METADATA_ANNOTATION = 'rollout.argoproj.io/ephemeral-metadata';

/** On Rollouts: the generation of the workload that workloadRef names. */
export const WORKLOAD_GENERATION_ANNOTATION = 'rollout.argoproj.io/workload-generation';

/** On ReplicaSets that are to be scaled down: when, as RFC 3339 in UTC. */
export const SCALE_DOWN_DEADLINE_ANNOTATION = 'scale-down-deadline';

/** On Services and other objects whose selector follows a Rollout: the name of the Rollout. */
export const MANAGED_BY_ANNOTATION = 'argo-rollouts.argoproj.io/managed-by-rollouts';

/** On ReplicaSets and Services of an Experiment. */
export const EXPERIMENT_NAME_ANNOTATION = 'experiment.argoproj.io/name';
export const EXPERIMENT_TEMPLATE_ANNOTATION = 'experiment.argoproj.io/template-name';

/** On Jobs of a metric and their pods. */
export const JOB_RUN_NAME_ANNOTATION = 'analysisrun.argoproj.io/name';
export const JOB_RUN_NAMESPACE_ANNOTATION = 'analysisrun.argoproj.io/namespace';
export const JOB_METRIC_NAME_ANNOTATION = 'analysisrun.argoproj.io/metric-name';

/** On Ingresses of AWS: which annotations each Rollout wrote, as JSON. */
export const MANAGED_ALB_ANNOTATIONS_ANNOTATION = 'rollouts.argoproj.io/managed-alb-annotations';

/** On routes of the Gateway API while their weight is between 0 and 100: key and usual value of a label. */
export const ROUTE_IN_PROGRESS_LABEL = 'rollouts.argoproj.io/gatewayapi-canary';
export const ROUTE_IN_PROGRESS_VALUE = 'in-progress';

/** On routes of the Gateway API: the Rollouts (`namespace/name`, separated by commas) whose traffic is split there. */
export const ROUTE_ACTIVE_ROLLOUTS_ANNOTATION = 'rollouts.argoproj.io/gatewayapi-active-rollouts';

/** On Rollouts: who is told of what (`…/subscribe.<trigger>.<service>`), and what was told already. */
export const SUBSCRIBE_ANNOTATION_PREFIX = 'notifications.argoproj.io/subscribe.';
export const NOTIFIED_ANNOTATION = 'notified.notifications.argoproj.io';

/** On a Rollout: an abort that people are still to be told of. */
export const PENDING_NOTICE_ANNOTATION = 'headgate.dev/pending-notice';

/** On Rollouts: of which ConfigMaps and Secrets the content belongs to a version. See versioned-config.ts. */
export const VERSIONED_CONFIG_ANNOTATION = 'headgate.dev/versioned-config';

/** On copies of ConfigMaps and Secrets that the pods of a version refer to. */
export const CONFIG_COPY_LABEL = 'headgate.dev/config-copy';
/** On such copies: the name of what was copied, and what tells its content from any other. */
export const COPY_OF_ANNOTATION = 'headgate.dev/copy-of';
export const COPY_DIGEST_ANNOTATION = 'headgate.dev/copy-digest';

/** On the Leases of processes that share objects: which of them belong together, and whom each counts, separated by commas. */
export const MEMBERS_LABEL = 'headgate.dev/members-of';
export const MEMBER_VIEW_ANNOTATION = 'headgate.dev/members';

/** What `kubectl apply` remembers; never copied. */
export const LAST_APPLIED_ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration';

/** What a Rollout does not hand down to its ReplicaSets, besides what each ReplicaSet has of its own. */
export const ANNOTATIONS_NOT_COPIED: readonly string[] = [
  LAST_APPLIED_ANNOTATION,
  REVISION_ANNOTATION,
  REVISION_HISTORY_ANNOTATION,
  DESIRED_REPLICAS_ANNOTATION,
  NOTIFIED_ANNOTATION,
  PENDING_NOTICE_ANNOTATION,
];
