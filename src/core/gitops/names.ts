/** The field manager of everything that the Git loop applies. */
export const FIELD_MANAGER = 'headgate-gitops';

/** Annotations that the Git loop writes on what it applies, or obeys. */
export const GIT_ANNOTATIONS = {
  /** `namespace/name` of the GitSource that applies the object. */
  source: 'headgate.dev/source',
  /** Digest of the object as the repository declares it; a new one means that the declaration changed. */
  digest: 'headgate.dev/digest',
  /** On Rollouts: the commit that was read when the declaration last changed. Copied to the ReplicaSet by the Rollout's controller. */
  commit: 'headgate.dev/commit',
  /** On Rollouts: the file that declares it, from the root of the repository. */
  path: 'headgate.dev/path',
  /** Set by users on an object: `disabled` keeps it when it leaves the repository. */
  prune: 'headgate.dev/prune',
  /** Set by users on a GitSource: a new value asks for a pull now. */
  request: 'headgate.dev/requestedAt',
} as const;

/** Lines at the end of a revert's message; they are how a revert is found again. */
export const TRAILERS = {
  key: 'Headgate-Revert',
  rollout: 'Rollout',
  aborted: 'Aborted-Revision',
  stable: 'Stable-Revision',
  reason: 'Reason',
  metric: 'Failing-Metric',
  run: 'AnalysisRun',
} as const;

/** A commit with this trailer set to `never` is not reverted by a machine, for instance since it migrates a database. */
export const ROLLBACK_TRAILER = 'Rollback';
