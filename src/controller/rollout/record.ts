import { KINDS } from '../../api/kinds.ts';
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
