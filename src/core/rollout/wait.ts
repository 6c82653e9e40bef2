/** What a blocked Rollout waits for, and what will wake it. */
export interface Wait {
  readonly reason:
    | 'Spec'
    | 'Paused'
    | 'Resume'
    | 'Timer'
    | 'Pods'
    | 'Endpoints'
    | 'TrafficRouter'
    | 'TrafficPropagation'
    | 'Analysis'
    | 'Retry';
  readonly message: string;
}
