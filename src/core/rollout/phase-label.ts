import { findCondition } from '../../api/conditions.ts';
import type { RolloutStatus } from '../../api/rollout.ts';

export type PhaseLabel = 'Progressing' | 'Completed' | 'Paused' | 'Error' | 'Timeout' | 'Abort' | 'InvalidSpec';

/** The phase of a Rollout in the words that dashboards and alerts ask for; finer than `status.phase`. */
export function phaseLabel(status: RolloutStatus): PhaseLabel {
  if (findCondition(status.conditions, 'InvalidSpec') !== undefined) return 'InvalidSpec';
  switch (findCondition(status.conditions, 'Progressing')?.reason) {
    case 'NewReplicaSetAvailable':
      return 'Completed';
    case 'RolloutPaused':
      return 'Paused';
    case 'ReplicaSetCreateError':
      return 'Error';
    case 'ProgressDeadlineExceeded':
      return 'Timeout';
    case 'RolloutAborted':
      return 'Abort';
    default:
      return 'Progressing';
  }
}
