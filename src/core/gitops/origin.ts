import type { KubeObject } from '../../api/kube-object.ts';
import { GIT_ANNOTATIONS } from './names.ts';

export interface Origin {
  /** `namespace/name` of the GitSource. */
  readonly source: string;
  readonly commit: string;
  readonly file: string;
  /** Digest of the declaration. */
  readonly digest: string;
}

/**
 * The declaration with the notes that say where it comes from. A Rollout also tells its commit and file, and keeps the older commit while its
 * own declaration is unchanged: the Rollout's controller copies them to the ReplicaSet, so that each revision knows its commit.
 */
export function stampOrigin(desired: KubeObject, live: KubeObject | undefined, origin: Origin): KubeObject {
  const stamps: Record<string, string> = {
    [GIT_ANNOTATIONS.source]: origin.source,
    [GIT_ANNOTATIONS.digest]: origin.digest,
  };
  if (desired.kind === 'Rollout') {
    stamps[GIT_ANNOTATIONS.commit] = earlierCommit(live, origin) ?? origin.commit;
    stamps[GIT_ANNOTATIONS.path] = origin.file;
  }
  return { ...desired, metadata: { ...desired.metadata, annotations: { ...desired.metadata.annotations, ...stamps } } };
}

function earlierCommit(live: KubeObject | undefined, origin: Origin): string | undefined {
  const annotations = live?.metadata.annotations ?? {};
  const unchanged =
    annotations[GIT_ANNOTATIONS.digest] === origin.digest && annotations[GIT_ANNOTATIONS.source] === origin.source;
  return unchanged ? annotations[GIT_ANNOTATIONS.commit] : undefined;
}

/** Who else manages the live object, in words; undefined when it is ours or nobody's. Two engines on one object would undo each other for ever. */
export function otherOwnerOf(live: KubeObject | undefined, source: string): string | undefined {
  const annotations = live?.metadata.annotations ?? {};
  const labels = live?.metadata.labels ?? {};
  const owner = annotations[GIT_ANNOTATIONS.source];
  if (owner !== undefined && owner !== source) return `GitSource ${owner}`;
  const flux = labels['kustomize.toolkit.fluxcd.io/name'] ?? labels['helm.toolkit.fluxcd.io/name'];
  if (flux !== undefined) return `Flux (${flux})`;
  const argo = annotations['argocd.argoproj.io/tracking-id'];
  return argo === undefined ? undefined : `Argo CD (${argo.split(':')[0]})`;
}
