import { KINDS } from '../../api/kinds.ts';
import type { EventNotice, KubeWrite } from '../../api/kube-write.ts';
import { MANAGED_BY_ANNOTATION, POD_TEMPLATE_HASH_LABEL } from '../../api/labels.ts';
import type { ReplicaSet, Service } from '../../api/workloads.ts';
import { carriedWeight, hasCapacity } from './capacity.ts';
import type { Position } from './position.ts';
import { availableOf, hashOf, sizeOf } from './replica-set.ts';
import { aimOf, serviceNamed } from './service-aim.ts';
import { canaryIsUnrouted } from './shown-routes.ts';
import { isSettledAt, shownWeight } from './shown-weight.ts';
import { stepWeight } from './step-weights.ts';
import { rolesOf, stableReplicaSet, type World } from './world.ts';

/** A selector that has to change, with what there is to tell about it. */
export interface ServiceSwitch {
  readonly write: KubeWrite;
  readonly notice: EventNotice;
}

/** Selectors that should change now. Each Service follows one role; it is aimed at pods that can serve. */
export function planServices(world: World, position: Position): readonly ServiceSwitch[] {
  const { stableService, canaryService, pingPong, followers } = world.settings;
  const roles = rolesOf(world, position);
  const promoted = position.currentHash === position.stableHash;
  const stable = stableReplicaSet(world, position);
  return [
    ...switchOf(world, { name: stableService, to: stable, unconditionally: false }),
    ...canarySwitch(),
    ...switchOf(world, { name: followers.stable, to: stable, unconditionally: false }),
    ...switchOf(world, { name: followers.canary, to: position.abort ? stable : roles.current, unconditionally: false }),
  ];

  function canarySwitch(): readonly ServiceSwitch[] {
    const back = position.abort || promoted;
    const to = back && position.stableHash !== '' ? stable : roles.current;
    if (!back && world.problems.length > 0) return [];
    // Long connections to the pods behind it end by themselves, or with the pods.
    if (back && pingPong) return [];
    if (!(back ? mayGoBack(world, to) : mayGoForward(world, position, to))) return [];
    return switchOf(world, { name: canaryService, to, unconditionally: back && position.abort });
  }
}

/**
 * Weight leaves the pods behind the canary Service before its selector does, unless there are none any more: then any
 * place is better. One that leads to every version gives stable only what stable can carry.
 */
function mayGoBack(world: World, to: ReplicaSet | undefined): boolean {
  const aim = canaryAim(world);
  if (aim === hashOf(to) || canaryIsUnrouted(world)) return true;
  if (aim !== undefined) return !world.replicaSets.some((one) => hashOf(one) === aim && availableOf(one) > 0);
  return availableOf(to) >= world.settings.replicas;
}

/**
 * The weight of an earlier version is never the new one's, not even for the moment until it is lowered, and not where the
 * pods behind it are gone. A Service that leads to every version, because it is taken over or somebody took the hash out,
 * may lead to the new one alone as soon as the weight is one that the new one is asked, and able, to carry.
 */
function mayGoForward(world: World, position: Position, to: ReplicaSet | undefined): boolean {
  const aim = canaryAim(world);
  if (aim === hashOf(to) || canaryIsUnrouted(world)) return true;
  if (aim !== undefined) return false;
  const weight = shownWeight(world);
  if (weight > stepWeight(world, position) || !isSettledAt(world, weight)) return false;
  return hasCapacity(world, position) || carriedWeight(world, to) >= weight;
}

function canaryAim(world: World): string | undefined {
  return aimOf(serviceNamed(world, world.settings.canaryService));
}

interface SwitchInput {
  readonly name: string | undefined;
  readonly to: ReplicaSet | undefined;
  /** On the way back to stable nothing is asked about its pods. */
  readonly unconditionally: boolean;
}

/** The patch that aims a Service at a version, unless it is there, is not ours, or the pods cannot serve yet. */
export function switchOf(world: World, { name, to, unconditionally }: SwitchInput): readonly ServiceSwitch[] {
  const service = serviceNamed(world, name);
  if (service === undefined || to === undefined) return [];
  const hash = hashOf(to);
  const manager = service.metadata.annotations?.[MANAGED_BY_ANNOTATION];
  if (manager !== undefined && manager !== world.rollout.metadata.name) return [];
  if (aimOf(service) === hash && manager !== undefined) return [];
  if (!unconditionally && !canServe(to, manager !== undefined)) return [];
  return [{ write: selectorPatch(world, service, hash), notice: switchNotice(service, hash) }];
}

/** A Service that a Rollout manages already needs one pod; one that is taken over now had all pods before. */
function canServe(replicaSet: ReplicaSet, managed: boolean): boolean {
  if (managed) return availableOf(replicaSet) >= 1;
  return sizeOf(replicaSet) > 0 && availableOf(replicaSet) >= sizeOf(replicaSet);
}

function selectorPatch(world: World, service: Service, hash: string): KubeWrite {
  const { name, namespace = '', resourceVersion } = service.metadata;
  return {
    verb: 'patch',
    ref: { kind: KINDS.service, namespace, name },
    patchType: 'strategic',
    body: {
      metadata: { resourceVersion, annotations: { [MANAGED_BY_ANNOTATION]: world.rollout.metadata.name } },
      spec: { selector: { [POD_TEMPLATE_HASH_LABEL]: hash } },
    },
  };
}

/** Tells of a selector that now leads to `hash`; empty for all versions. */
export function switchNotice(service: Service, hash: string): EventNotice {
  const before = aimOf(service) ?? '';
  return {
    type: 'Normal',
    reason: 'SwitchService',
    message: `Switched selector for service '${service.metadata.name}' from '${before}' to '${hash}'`,
  };
}
