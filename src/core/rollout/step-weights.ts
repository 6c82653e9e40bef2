import type { CanaryStep } from '../../api/rollout.ts';
import type { Position } from './position.ts';
import { availableOf } from './replica-set.ts';
import { rolesOf, type World } from './world.ts';

/** The step at work; past the last one when there are no steps or all are done. */
export function indexOf(position: Position, steps: readonly CanaryStep[]): number {
  return Math.min(position.stepIndex ?? steps.length, steps.length);
}

/** Weight of the last setWeight at or before `index`; 0 if there is none. */
export function stepWeightAt(steps: readonly CanaryStep[], index: number): number {
  for (let i = Math.min(index, steps.length - 1); i >= 0; i--) {
    const weight = steps[i]?.setWeight;
    if (weight !== undefined) return weight;
  }
  return 0;
}

/** The weight that the steps ask for at this position: everything once they are done. */
export function stepWeight(world: World, position: Position): number {
  const { steps, weightTotal } = world.settings;
  const index = indexOf(position, steps);
  return index >= steps.length ? weightTotal : stepWeightAt(steps, index);
}

export interface CanaryScale {
  readonly weight?: number;
  readonly replicas?: number;
}

/** The setCanaryScale that counts now, if any: the last one before or at the index, unless it gives way to the weight. */
export function canaryScaleAt(world: World, position: Position): CanaryScale | undefined {
  const { steps, routing } = world.settings;
  const index = indexOf(position, steps);
  if (routing === undefined || position.abort || position.promoteFull || index >= steps.length) return undefined;
  for (let i = index; i >= 0; i--) {
    const scale = steps[i]?.setCanaryScale;
    if (scale === undefined) continue;
    return scale.matchTrafficWeight === true ? undefined : scale;
  }
  return undefined;
}

/** The weight that counts for the number of pods. */
export function scaleWeight(world: World, position: Position): number {
  const { weightTotal, dynamicStableScale } = world.settings;
  if (position.promoteFull || position.stableHash === '' || position.currentHash === position.stableHash)
    return weightTotal;
  const scale = canaryScaleAt(world, position);
  if (scale?.weight !== undefined) return scale.weight;
  if (position.abort) return dynamicStableScale ? abortStepWeight(world, position) : 0;
  return stepWeight(world, position);
}

/** With a stable side that shrank, an abort goes back over the weights of the steps, as far as stable pods are there. */
export function abortStepWeight(world: World, position: Position): number {
  const { steps, replicas, weightTotal, abortDelayIsExplicit, abortScaleDownDelayMs } = world.settings;
  const roles = rolesOf(world, position);
  const missing = replicas - availableOf(roles.stable);
  const keepsDelay = abortDelayIsExplicit && abortScaleDownDelayMs !== 'keep';
  const serving = keepsDelay ? missing : Math.max(missing, availableOf(roles.current));
  for (const step of [...steps].reverse()) {
    if (step.setWeight !== undefined && Math.ceil((replicas * step.setWeight) / weightTotal) < serving)
      return step.setWeight;
  }
  return 0;
}
