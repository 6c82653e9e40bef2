import type { ReplicaSet } from '../../api/workloads.ts';
import { activeHash, activeReplicaSet, canCarryAll, previewHash } from './blue-green.ts';
import type { Position } from './position.ts';
import { availableOf, sizeOf } from './replica-set.ts';
import { switchOf, type ServiceSwitch } from './services.ts';
import { mayMove } from './steps.ts';
import { isHeld, rolesOf, stableReplicaSet, type World } from './world.ts';

/**
 * Selectors that should change now. The preview Service follows the new version at once. The active one moves forward
 * when the chart says so, and back to stable whatever has become of the new version.
 */
export function planBlueGreenServices(world: World, position: Position, state: string): readonly ServiceSwitch[] {
  const roles = rolesOf(world, position);
  const promoted = position.currentHash === position.stableHash;
  const stable = stableReplicaSet(world, position);
  return [...previewSwitch(), ...activeSwitch()];

  function previewSwitch(): readonly ServiceSwitch[] {
    const mayFollow = promoted || (world.problems.length === 0 && !isHeld(world, position.pauses));
    // After an abort it stays where it is, unless somebody else made it lead to every version.
    const stays = position.abort && previewHash(world) !== '';
    if (stays || !mayFollow) return [];
    return switchOf(world, { name: world.blueGreen?.previewService, to: roles.current, unconditionally: true });
  }

  function activeSwitch(): readonly ServiceSwitch[] {
    const forward = state === 'cuttingOver' && mayMove(world, position);
    if (forward) return canCarryAll(world, position) ? activeTo(roles.current) : [];
    if (position.stableHash === '' || stable === undefined) return [];
    const lost = availableOf(activeReplicaSet(world)) === 0 && availableOf(stable) > 0;
    const back = promoted || position.abort || lost;
    return back && mayTakeAll(world, position, stable) ? activeTo(stable) : [];
  }

  function activeTo(to: ReplicaSet | undefined): readonly ServiceSwitch[] {
    return switchOf(world, { name: world.blueGreen?.activeService, to, unconditionally: true });
  }
}

/** Traffic goes where enough pods are, or at least as many as where it is now; nothing is asked about the new version. */
function mayTakeAll(world: World, position: Position, stable: ReplicaSet): boolean {
  const available = availableOf(stable);
  // A Service that selects every version may be in use by pods that are not ours, so it is only taken over with care.
  if (activeHash(world) === '') return available >= (position.abort ? 1 : Math.max(1, sizeOf(stable)));
  const { replicas, maxUnavailable } = world.settings;
  return available >= Math.max(1, replicas - maxUnavailable) || available >= availableOf(activeReplicaSet(world));
}
