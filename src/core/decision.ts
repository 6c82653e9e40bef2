import type { EventNotice, KubeWrite } from '../api/kube-write.ts';
import type { RolloutStatus } from '../api/rollout.ts';
import type { TrafficPlan } from './traffic.ts';

/** What one pass over a Rollout wants. Plain data; an unchanged world gives the same status and no effects. */
export interface Decision {
  /** The whole next status; the shell writes the difference, guarded, before any effect, and what came of it after them. */
  readonly status: RolloutStatus;
  /** In order; each is guarded and idempotent, and follows from what the status records. */
  readonly effects: readonly Effect[];
  /** In the API's order; posted in the background after the effects. */
  readonly events: readonly EventNotice[];
  /** When to look again even if nothing changes (milliseconds since the epoch). */
  readonly wakeAtMs?: number;
}

export type Effect =
  | {
      readonly type: 'write';
      readonly write: KubeWrite;
      readonly purpose: string;
      /** Those of the events that say that it was done. */
      readonly tells?: readonly EventNotice[];
    }
  /** Every router of the Rollout is brought to this plan; nothing is written where it shows so already. */
  | { readonly type: 'shift'; readonly plan: TrafficPlan };
