import { KINDS } from '../../api/kinds.ts';
import { createdMs, isOwnedBy } from '../../api/kube-object.ts';
import type { KubeWrite } from '../../api/kube-write.ts';
import type { Pod } from '../../api/workloads.ts';
import { parseTimestampMs } from '../../lib/timestamp.ts';
import type { Position } from './position.ts';
import { availableOf, sizeOf, sum } from './replica-set.ts';
import type { Wait } from './wait.ts';
import { rolesOf, type World } from './world.ts';

export interface RestartPlan {
  /** Pods to evict now; a PodDisruptionBudget may refuse, and then it is asked again. */
  readonly evictions: readonly KubeWrite[];
  /** What status.restartedAt becomes: the wish, once no older pod is left. */
  readonly restartedAt: string | undefined;
  readonly wakeAtMs: number | undefined;
}

/** Nothing may be evicted, and something else will say when: only to be sure. */
const IDLE_MS = 30_000;
/** After evictions it is looked soon what became of them: others are tried in the place of those that were refused. */
const TRIED_MS = 1_000;
/** Pods that were evicted leave one after the other, which no ReplicaSet tells: they are looked at again so soon. */
const LEAVING_MS = 3_000;
/** A budget that refuses for longer than one pod takes to come holds the restart up. */
const BLOCKED_MS = 15_000;

/**
 * Replaces every pod that is older than `spec.restartAt`, a few at a time: never more than may be unavailable, but at
 * least one, or a Rollout that allows none could not be restarted at all.
 */
export function planRestart(world: World, position: Position): RestartPlan {
  const wish = world.rollout.spec.restartAt ?? undefined;
  const atMs = parseTimestampMs(wish);
  const unchanged: RestartPlan = { evictions: [], restartedAt: position.restartedAt, wakeAtMs: undefined };
  if (wish === undefined || atMs === undefined || wish === position.restartedAt) return unchanged;
  if (world.nowMs < atMs) return { ...unchanged, wakeAtMs: atMs };
  const old = oldPods(world, position, atMs);
  if (old.length === 0) return { ...unchanged, restartedAt: wish };
  const evictable = old.filter((pod) => pod.metadata.deletionTimestamp === undefined);
  const { refusedEvictions = [] } = world.observation;
  const alone = new Map(refusedEvictions.map(({ uid, untilMs }) => [uid, untilMs]));
  const due = evictable.filter(({ metadata: { uid = '' } }) => (alone.get(uid) ?? 0) <= world.nowMs);
  const evictions = due.slice(0, Math.max(0, evictionsMax(world))).map(eviction);
  if (evictions.length > 0) return { ...unchanged, evictions, wakeAtMs: world.nowMs + TRIED_MS };
  if (evictable.length === 0) return { ...unchanged, wakeAtMs: world.nowMs + LEAVING_MS };
  const ahead = [...alone.values()].filter((untilMs) => untilMs > world.nowMs);
  return { ...unchanged, wakeAtMs: Math.min(world.nowMs + IDLE_MS, ...ahead) };
}

/** A restart that waits for pods that may not be evicted. */
export function restartWait({ rollout, observation, nowMs, status }: World): Wait | undefined {
  const { restartAt } = rollout.spec;
  if (restartAt === undefined || restartAt === null || restartAt === status.restartedAt) return undefined;
  const blocked = (observation.refusedEvictions ?? []).find(({ sinceMs }) => nowMs >= sinceMs + BLOCKED_MS);
  if (blocked === undefined) return undefined;
  return { reason: 'Eviction', message: `pods may not be evicted for the restart: ${blocked.message}` };
}

/** Stable pods first, then those of the new version, then the rest; the oldest of each first. */
function oldPods(world: World, position: Position, beforeMs: number): readonly Pod[] {
  const roles = rolesOf(world, position);
  const order = [roles.stable, roles.current, ...roles.others].filter((one) => one !== undefined);
  const old = world.observation.pods.filter((pod) => createdMs(pod) < beforeMs);
  return order.flatMap((replicaSet) =>
    old.filter((pod) => isOwnedBy(pod, replicaSet)).sort((left, right) => createdMs(left) - createdMs(right)),
  );
}

function evictionsMax(world: World): number {
  const { replicas, maxUnavailable } = world.settings;
  const wanted = Math.max(replicas, sum(world.replicaSets, sizeOf));
  return availableNow(world) - (wanted - Math.max(maxUnavailable, 1));
}

/** A ReplicaSet may still count pods that were evicted a moment ago, and the pods themselves say that they leave. */
function availableNow(world: World): number {
  const serving = world.observation.pods.filter(
    (pod) => world.replicaSets.some((replicaSet) => isOwnedBy(pod, replicaSet)) && isServing(world, pod),
  );
  return Math.min(sum(world.replicaSets, availableOf), serving.length);
}

function isServing({ rollout, nowMs }: World, { metadata, status }: Pod): boolean {
  if (metadata.deletionTimestamp !== undefined) return false;
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  const sinceMs = parseTimestampMs(ready?.lastTransitionTime) ?? 0;
  return ready?.status === 'True' && nowMs >= sinceMs + (rollout.spec.minReadySeconds ?? 0) * 1_000;
}

function eviction(pod: Pod): KubeWrite {
  const { name, namespace = '', uid } = pod.metadata;
  return { verb: 'evict', ref: { kind: KINDS.pod, namespace, name }, uid };
}
