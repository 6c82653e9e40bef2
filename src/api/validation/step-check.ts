import type { CanaryStep, CanaryStrategy, RolloutSpec } from '../rollout.ts';

/** One step, and what it has to fit. */
export interface StepCheck {
  readonly step: CanaryStep;
  readonly index: number;
  readonly canary: CanaryStrategy;
  readonly spec: RolloutSpec;
}
