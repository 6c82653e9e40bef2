import { MANAGED_BY_ANNOTATION, SCALE_DOWN_DEADLINE_ANNOTATION } from '../../api/labels.ts';
import type { ReplicaSet } from '../../api/workloads.ts';
import { formatTimestampMs, waitStartMs } from '../../lib/timestamp.ts';
import { activeHash, isFastTracked, previewHash } from './blue-green.ts';
import { isInconclusivePause, type Position } from './position.ts';
import { annotationOf, availableOf, hashOf, sizeOf } from './replica-set.ts';
import { revisionOf } from './revisions.ts';
import { aimOf, serviceNamed } from './service-aim.ts';
import { canaryIsUnrouted } from './shown-routes.ts';
import { stableIsSettled, stableSettlesAtMs } from './steps.ts';
import { isHeld, rolesOf, type World } from './world.ts';

/** What becomes of ReplicaSets that get no traffic any more, by name. */
export interface ScaleDownPlan {
  readonly byName: ReadonlyMap<string, ScaleDown>;
  /** The next deadline that is still ahead. */
  readonly wakeAtMs: number | undefined;
}

export interface ScaleDown {
  /** Undefined leaves the size to the other rules. */
  readonly size: number | undefined;
  /** Null removes the annotation, undefined leaves it. */
  readonly deadline: string | null | undefined;
}

const UNTOUCHED: ScaleDown = { size: undefined, deadline: undefined };

/**
 * Old pods stay for a while after the traffic has left them, so that proxies which learn late lose no request. The
 * delay is counted from when the traffic was seen gone, never from when that was asked for.
 */
export function planScaleDown(world: World, position: Position): ScaleDownPlan {
  const roles = rolesOf(world, position);
  const byName = new Map<string, ScaleDown>();
  if (world.settings.routing === undefined && world.blueGreen === undefined) return { byName, wakeAtMs: undefined };
  if (!position.abort && (world.problems.length > 0 || isDrainingHeld(world, position)))
    return { byName, wakeAtMs: undefined };

  let delayed = 0;
  let wakeAtMs: number | undefined;
  if (roles.stable !== undefined) byName.set(roles.stable.metadata.name, current());
  if (roles.current !== undefined)
    byName.set(roles.current.metadata.name, position.abort ? abortedCanary(roles.current) : newVersion());
  for (const other of [...roles.others].sort((left, right) => revisionOf(right) - revisionOf(left))) {
    byName.set(other.metadata.name, olderVersion(other));
  }
  return { byName, wakeAtMs };

  /** The deadline of a version that is gone back to shows until it is stable again that it needs no pause. */
  function newVersion(): ScaleDown {
    return world.blueGreen !== undefined && isFastTracked(world, position) ? UNTOUCHED : current();
  }

  function current(): ScaleDown {
    return { size: undefined, deadline: null };
  }

  function abortedCanary(canary: ReplicaSet): ScaleDown {
    const { dynamicStableScale, abortDelayIsExplicit, abortScaleDownDelayMs } = world.settings;
    if (roles.stable === undefined || abortScaleDownDelayMs === 'keep') return current();
    if (dynamicStableScale && !abortDelayIsExplicit) return UNTOUCHED;
    const stableIsBack = availableOf(roles.stable) >= world.settings.replicas;
    if (hasTraffic(world, canary)) return current();
    return stableIsBack ? delay(canary, abortScaleDownDelayMs) : UNTOUCHED;
  }

  /**
   * A canary that was superseded goes at once: its traffic was seen gone. One that was stable until a moment ago, before the
   * update that came right after its successor's, may still be sent requests by a proxy that learns late.
   */
  function olderVersion(other: ReplicaSet): ScaleDown {
    if (sizeOf(other) === 0) return { size: 0, deadline: null };
    const promoted = position.currentHash === position.stableHash;
    // Its delay is over at once; it goes when nothing refers to it any more.
    if (promoted && isGivenUpUnseen(world, position, other))
      return { size: undefined, deadline: formatTimestampMs(world.nowMs) };
    if (isReferenced(world, other)) return promoted ? leaving(other) : UNTOUCHED;
    const neverStable = roles.stable === undefined || revisionOf(other) > revisionOf(roles.stable);
    if (!promoted && !isDelayed(other) && neverStable && world.blueGreen === undefined)
      return { size: 0, deadline: null };
    if (promoted && !stableIsSettled(world, position)) return leaving(other);
    return world.settings.dynamicStableScale ? { size: 0, deadline: null } : delayWithinLimit(other);
  }

  /**
   * The traffic was led away, but was not seen gone yet. Where only time is missing for that, the deadline is known; one from
   * before somebody led traffic here again counts no more.
   */
  function leaving(other: ReplicaSet): ScaleDown {
    if (world.settings.dynamicStableScale) return UNTOUCHED;
    const { scaleDownDelayMs, scaleDownDelayRevisionsMax } = world.settings;
    const isReached = isReferenced(world, other);
    if (!isReached && isDelayed(other) && delayed >= scaleDownDelayRevisionsMax) return { size: 0, deadline: null };
    delayed++;
    if (isReached || isOpen(world)) return current();
    const goneAtMs = isDelayed(other) || scaleDownDelayMs === 0 ? undefined : stableSettlesAtMs(world, position);
    if (goneAtMs === undefined) return UNTOUCHED;
    return { size: undefined, deadline: formatTimestampMs(goneAtMs + scaleDownDelayMs) };
  }

  /** Of more than may wait, the oldest go: the newest come first here. */
  function delayWithinLimit(other: ReplicaSet): ScaleDown {
    if (delayed >= world.settings.scaleDownDelayRevisionsMax) return { size: 0, deadline: null };
    const planned = delay(other, world.settings.scaleDownDelayMs);
    if (planned.size !== 0) delayed++;
    return planned;
  }

  function delay(replicaSet: ReplicaSet, delayMs: number): ScaleDown {
    const deadline = annotationOf(replicaSet, SCALE_DOWN_DEADLINE_ANNOTATION);
    const atMs = deadline === undefined ? undefined : waitStartMs(deadline);
    if (atMs === undefined) {
      if (sizeOf(replicaSet) === 0 || delayMs === 0) return { size: 0, deadline: null };
      return { size: undefined, deadline: formatTimestampMs(world.nowMs + delayMs) };
    }
    if (world.nowMs >= atMs) return { size: 0, deadline: null };
    wakeAtMs = Math.min(wakeAtMs ?? Number.POSITIVE_INFINITY, atMs);
    return UNTOUCHED;
  }
}

/**
 * In this pass the user goes back to stable, and the version that is given up got no requests: no proxy can be late with
 * news of it. Only the status from before tells that it was no older stable version.
 */
function isGivenUpUnseen(world: World, position: Position, other: ReplicaSet): boolean {
  const { currentPodHash, stableRS, canary } = world.status;
  if (world.blueGreen !== undefined || currentPodHash !== hashOf(other) || stableRS !== position.stableHash)
    return false;
  return (canary?.weights?.canary.weight ?? 0) === 0 && canaryIsUnrouted(world);
}

/** A pause holds what a canary takes away; blue-green waits only for who has to judge a measurement. */
function isDrainingHeld(world: World, position: Position): boolean {
  return world.blueGreen === undefined ? isHeld(world, position.pauses) : position.pauses.some(isInconclusivePause);
}

/** Requests may come to an aborted version. The preview Service stays with it, but nobody depends on that. */
function hasTraffic(world: World, replicaSet: ReplicaSet): boolean {
  if (isOpen(world)) return true;
  return world.blueGreen === undefined ? isReferenced(world, replicaSet) : activeHash(world) === hashOf(replicaSet);
}

/** The Service that most requests come by leads to every version: it was not taken over yet, or others took the hash out. */
function isOpen(world: World): boolean {
  const { settings, blueGreen } = world;
  const service = serviceNamed(world, blueGreen === undefined ? settings.stableService : blueGreen.activeService);
  const manager = service?.metadata.annotations?.[MANAGED_BY_ANNOTATION] ?? world.rollout.metadata.name;
  const isOurs = service?.spec.selector !== undefined && manager === world.rollout.metadata.name;
  return isOurs && aimOf(service) === undefined && settings.replicas > 0;
}

function isDelayed(replicaSet: ReplicaSet): boolean {
  return annotationOf(replicaSet, SCALE_DOWN_DEADLINE_ANNOTATION) !== undefined && sizeOf(replicaSet) > 0;
}

/** Traffic may still reach these pods: a Service selects them, or a router was not yet seen without weight for them. */
export function isReferenced(world: World, replicaSet: ReplicaSet): boolean {
  const hash = hashOf(replicaSet);
  if (world.blueGreen !== undefined) return hash === activeHash(world) || hash === previewHash(world);
  const { canaryService, stableService, pingPong, followers } = world.settings;
  const selects = (name: string | undefined): boolean => aimOf(serviceNamed(world, name)) === hash;
  if ([stableService, followers.stable, followers.canary].some(selects)) return true;
  // A ping-pong Service stays with the pods that it has lost the traffic of.
  if (selects(canaryService) && !pingPong) return true;
  if (world.status.canary?.weights?.canary.podTemplateHash !== hash && !selects(canaryService)) return false;
  return !canaryIsUnrouted(world);
}
