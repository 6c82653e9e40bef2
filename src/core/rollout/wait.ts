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
    | 'Analysis';
  readonly message: string;
}
