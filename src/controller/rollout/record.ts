import { KINDS } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kube-object.ts';
import type { KubeWrite } from '../../api/kube-write.ts';
import type { Rollout, RolloutStatus } from '../../api/rollout.ts';
import { mergePatchBetween } from '../../lib/merge-patch.ts';

/**
 * The one status write of a pass: a merge patch of the difference, null for what is gone, guarded by the version that
 * was decided on, so that a user's command in status is never overwritten by an older read. Undefined when nothing differs.
 */
export function statusWrite(rollout: Rollout, next: RolloutStatus): Extract<KubeWrite, { verb: 'patch' }> | undefined {
  const difference = mergePatchBetween(rollout.status ?? {}, next);
  if (difference === undefined) return undefined;
  return {
    verb: 'patch',
    ref: {
      kind: KINDS.rollout,
      namespace: rollout.metadata.namespace ?? '',
      name: rollout.metadata.name,
    },
    patchType: 'merge',
    subresource: 'status',
    body: { metadata: { resourceVersion: rollout.metadata.resourceVersion }, status: difference },
  };
}

/**
 * What the server's CRD keeps of the additive status. Headgate also runs where the CRDs of another controller are
 * installed: they prune what they do not know, and writing it again on each pass would never end.
 */
export class AdditiveStatus {
  #pruned = false;

  /** The status as this API server can hold it. */
  kept(status: RolloutStatus): RolloutStatus {
    if (!this.#pruned) return status;
    const { headgate: _pruned, ...rest } = status;
    return rest;
  }

  /** Compares what was written with what was answered; true once, when pruning is noticed for the first time. */
  noticesPruning(written: RolloutStatus, answer: KubeObject | undefined): boolean {
    if (this.#pruned || written.headgate === undefined || answer === undefined) return false;
    const answered = answer['status'] as RolloutStatus | undefined;
    this.#pruned = answered !== undefined && answered.headgate === undefined;
    return this.#pruned;
  }
}
