import type { KubeObject } from '../../api/kube-object.ts';
import { fieldsAt, numberAt, textAt } from '../builtin/fields.ts';

/** How far a rolling update may go above and below the wanted number of pods; never both zero. */
export function rollingLimits(deployment: KubeObject): { readonly surge: number; readonly unavailable: number } {
  const wanted = numberAt(deployment, 'spec', 'replicas') ?? 1;
  if (textAt(deployment, 'spec', 'strategy', 'type') === 'Recreate') return { surge: 0, unavailable: wanted };
  const rolling = fieldsAt(deployment, 'spec', 'strategy', 'rollingUpdate');
  const surge = countOf(rolling.maxSurge, wanted, 'up');
  const unavailable = countOf(rolling.maxUnavailable, wanted, 'down');
  return surge === 0 && unavailable === 0
    ? { surge, unavailable: 1 }
    : { surge, unavailable: Math.min(unavailable, wanted) };
}

/** A count or percentage as pods, rounded the way that the API documents for the field. */
export function countOf(value: unknown, total: number, rounding: 'up' | 'down'): number {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || !value.endsWith('%')) return 0;
  const exact = (Number(value.slice(0, -1)) * total) / 100;
  return rounding === 'up' ? Math.ceil(exact) : Math.floor(exact);
}

/** The size of the newest ReplicaSet that the surge limit allows beside the others. */
export function newSetSize(deployment: KubeObject, current: number, old: readonly KubeObject[]): number {
  const wanted = numberAt(deployment, 'spec', 'replicas') ?? 1;
  if (textAt(deployment, 'spec', 'strategy', 'type') === 'Recreate') return wanted;
  const total = current + sumOf(old, sizeOf);
  const room = wanted + rollingLimits(deployment).surge - total;
  return room <= 0 ? current : current + Math.max(0, Math.min(room, wanted - current));
}

/** Sizes by name for the next move of the rollout: the newest grows first, and in a later look the old ones shrink. */
export function plannedSizes(
  deployment: KubeObject,
  current: KubeObject,
  old: readonly KubeObject[],
): ReadonlyMap<string, number> {
  const wanted = numberAt(deployment, 'spec', 'replicas') ?? 1;
  const size = sizeOf(current);
  const grown = size > wanted ? wanted : newSetSize(deployment, size, old);
  if (grown !== size) return new Map([[current.metadata.name, grown]]);
  return shrunkSizes(deployment, current, old);
}

function shrunkSizes(
  deployment: KubeObject,
  current: KubeObject,
  old: readonly KubeObject[],
): ReadonlyMap<string, number> {
  const wanted = numberAt(deployment, 'spec', 'replicas') ?? 1;
  const available = wanted - rollingLimits(deployment).unavailable;
  const sizes = new Map(old.map((set) => [set.metadata.name, sizeOf(set)]));
  const newUnavailable = sizeOf(current) - availableOf(current);
  let spare = sizeOf(current) + sumOf(old, sizeOf) - available - newUnavailable;
  for (const set of old) {
    if (spare <= 0) break;
    const unhealthy = Math.min(spare, Math.max(0, sizeOf(set) - availableOf(set)));
    sizes.set(set.metadata.name, sizeOf(set) - unhealthy);
    spare -= unhealthy;
  }
  let healthySpare = Math.min(spare, availableOf(current) + sumOf(old, availableOf) - available);
  for (const set of old) {
    if (healthySpare <= 0) break;
    const left = sizes.get(set.metadata.name) ?? 0;
    const less = Math.min(left, healthySpare);
    sizes.set(set.metadata.name, left - less);
    healthySpare -= less;
  }
  return sizes;
}

/** Sizes after a change of the wanted number in the middle of a rollout: each ReplicaSet by its share, the largest takes what is left. */
export function proportionalSizes(
  deployment: KubeObject,
  sets: readonly KubeObject[],
  current: KubeObject | undefined,
): ReadonlyMap<string, number> {
  const wanted = numberAt(deployment, 'spec', 'replicas') ?? 1;
  const active = sets.filter((set) => sizeOf(set) > 0).toSorted((left, right) => sizeOf(right) - sizeOf(left));
  const only = active.length <= 1 ? (active[0] ?? current) : undefined;
  if (only !== undefined) return new Map([[only.metadata.name, wanted]]);
  const total = sumOf(active, sizeOf);
  const target = wanted === 0 ? 0 : wanted + rollingLimits(deployment).surge;
  const sizes = new Map(
    active.map((set) => [set.metadata.name, Math.floor((sizeOf(set) * target) / Math.max(1, total))]),
  );
  const largest = active[0];
  if (largest !== undefined) {
    const rest = target - [...sizes.values()].reduce((sum, size) => sum + size, 0);
    sizes.set(largest.metadata.name, (sizes.get(largest.metadata.name) ?? 0) + rest);
  }
  return sizes;
}

function sumOf(sets: readonly KubeObject[], count: (set: KubeObject) => number): number {
  return sets.reduce((sum, set) => sum + count(set), 0);
}

export function sizeOf(set: KubeObject): number {
  return numberAt(set, 'spec', 'replicas') ?? 0;
}

export function availableOf(set: KubeObject): number {
  return numberAt(set, 'status', 'availableReplicas') ?? 0;
}
