import { assert } from '../lib/assert.ts';
import type { Decision } from './decision.ts';
import type { Advance } from './machine/advance.ts';
import { positionOf } from './rollout/position.ts';
import { shownWeight } from './rollout/shown-weight.ts';
import type { World } from './rollout/world.ts';

/** What must hold of every decision, whatever was observed (the numbers are those of the architecture). */
export function assertInvariants(world: World, { state, context }: Advance, decision: Decision): void {
  const { position } = context;
  const before = positionOf(world.status);
  const { settings } = world;
  for (const effect of decision.effects) {
    if (effect.type === 'shift') {
      const { canaryWeight, weightTotal } = effect.plan;
      assert(canaryWeight >= 0 && canaryWeight <= weightTotal, 'weights are shares of all traffic');
      // 4
      assert(
        !position.abort || canaryWeight <= shownWeight(world),
        'after an abort the weight of the new version never rises',
      );
    }
  }
  // 5
  if (before.stableHash !== '' && position.stableHash !== before.stableHash) {
    assert(position.stableHash === position.currentHash, 'only the new version becomes stable');
    assert(state === 'finalizing' || state === 'idle', 'the stable version changes only in finalizing');
    if (settings.routing !== undefined && settings.replicas > 0)
      assert(shownWeight(world) === settings.weightTotal, 'all traffic was seen on the version that becomes stable');
  }
  const index = position.stepIndex;
  assert(
    index === undefined || (index >= 0 && index <= settings.steps.length),
    'the step index stays within the steps',
  );
  assert(!position.abort || position.pauses.length === 0, 'an aborted update is not paused');
  // 8
  const blocked = state !== 'idle' && decision.effects.length === 0 && state !== 'finalizing';
  const waiting = decision.status.conditions?.some((condition) => condition.type === 'Waiting') === true;
  assert(!blocked || waiting, 'every blocked state says what it waits for');
}
