import type { Rollout } from '../../src/api/rollout.ts';

export type Health = 'Healthy' | 'Progressing' | 'Suspended' | 'Degraded';

/**
 * What Argo CD shows for a Rollout, by the rules that its documentation and its customizations describe: which fields of
 * spec and status are looked at, and in which order. A field that is missing where a rule counts on it is an error there.
 */
export function argoCdHealth({ metadata, spec, status }: Rollout): Health {
  if (status?.observedGeneration === undefined) return 'Progressing';
  if (Number(status.observedGeneration) !== metadata.generation) return 'Progressing';
  if (status.conditions === undefined) throw new Error('status.conditions is missing beside observedGeneration');
  if (status.conditions.some(isBad)) return 'Degraded';
  if ((status.pauseConditions ?? []).length > 0 || spec.paused === true) return 'Suspended';
  if (status.currentPodHash === undefined) return 'Progressing';
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0, stableRS = '', currentPodHash } = status;
  if (updatedReplicas < (spec.replicas ?? 1) || availableReplicas < updatedReplicas) return 'Progressing';
  if (spec.strategy?.blueGreen !== undefined) {
    if (status.blueGreen?.activeSelector !== currentPodHash) return 'Progressing';
    return stableRS !== '' && stableRS !== currentPodHash ? 'Progressing' : 'Healthy';
  }
  return replicas > updatedReplicas || stableRS !== currentPodHash ? 'Progressing' : 'Healthy';
}

function isBad({ type, reason }: { readonly type: string; readonly reason: string }): boolean {
  if (type === 'InvalidSpec') return true;
  return type === 'Progressing' && (reason === 'RolloutAborted' || reason === 'ProgressDeadlineExceeded');
}
