/** What a blocked Rollout waits for, and what will wake it. */
export interface Wait {
  readonly reason:
    | 'Paused'
    | 'Resume'
    | 'Timer'
    | 'Pods'
    | 'Endpoints'
    | 'TrafficRouter'
    | 'TrafficPropagation'
    | 'Analysis'
    | 'Eviction';
  readonly message: string;
}

export function podsWait(pods: number): Wait {
  const missing = pods === 1 ? '1 pod of the new version has' : `${pods} pods of the new version have`;
  return { reason: 'Pods', message: `${missing} to be available` };
}
