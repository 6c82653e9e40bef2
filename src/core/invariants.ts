import { assert } from '../lib/assert.ts';
import type { Decision } from './decision.ts';
import type { Advance } from './machine/advance.ts';
import type { KubeWrite } from '../api/kube-write.ts';
import { positionOf, type Position } from './rollout/position.ts';
import { activeHash } from './rollout/blue-green.ts';
import { availableOf, hashOf, sizeOf } from './rollout/replica-set.ts';
import { isReferenced } from './rollout/scale-down.ts';
import { aimOf, serviceNamed } from './rollout/service-aim.ts';
import { canaryScaleAt } from './rollout/step-weights.ts';
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
  for (const effect of decision.effects) {
    if (effect.type === 'write') assertServingPodsStay(world, position, effect.write);
  }
  // 5
  if (before.stableHash !== '' && position.stableHash !== before.stableHash) {
    assert(position.stableHash === position.currentHash, 'only the new version becomes stable');
    assert(state === 'finalizing' || state === 'idle', 'the stable version changes only in finalizing');
    if (settings.hasRouter && settings.replicas > 0)
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
  const waiting = decision.status.conditions?.some(
    ({ type, reason }) => type === 'Waiting' || type === 'InvalidSpec' || reason === 'RolloutAborted',
  );
  assert(!blocked || waiting === true, 'every blocked state says what it waits for');
}

/** 2: pods that traffic still reaches are not taken away below its share. */
function assertServingPodsStay(world: World, position: Position, write: KubeWrite): void {
  if (write.verb !== 'patch' && write.verb !== 'delete') return;
  const replicaSet = world.replicaSets.find(({ metadata }) => metadata.name === write.ref.name);
  if (replicaSet === undefined || write.ref.kind.kind !== 'ReplicaSet') return;
  if (write.verb === 'delete') {
    assert(
      sizeOf(replicaSet) === 0 && !isReferenced(world, replicaSet),
      'a version that traffic may reach is not deleted',
    );
    return;
  }
  const size = (write.body as { readonly spec?: { readonly replicas?: number } }).spec?.replicas;
  if (world.blueGreen !== undefined) {
    assert(
      size === undefined || size >= world.settings.replicas || activeHash(world) !== hashOf(replicaSet),
      'the version behind the active Service keeps all pods',
    );
    return;
  }
  const { shown } = world.traffic;
  if (size === undefined || size >= sizeOf(replicaSet) || shown === undefined || availableOf(replicaSet) === 0) return;
  if (aimOf(serviceNamed(world, world.settings.canaryService)) !== hashOf(replicaSet)) return;
  if (aimOf(serviceNamed(world, world.settings.stableService)) === hashOf(replicaSet)) return;
  const { replicas, weightTotal } = world.settings;
  const exact = canaryScaleAt(world, position)?.replicas !== undefined;
  assert(
    exact || size >= Math.floor((replicas * shown.max) / weightTotal),
    'a version keeps the pods of its share of the traffic',
  );
}
