import type { Rollout } from '../../src/api/rollout.ts';
import type { ReplicaSet } from '../../src/api/workloads.ts';
import type { Ground } from './invariants.ts';
import { servicesOf, SCALE_DOWN_DELAY_MS } from './setting.ts';

/** The proxy hears of a change this much later than the controller takes for granted. */
const TOLERANCE_MS = 1_000;
const HASH = 'rollouts-pod-template-hash';

export interface TrafficRules {
  readonly lookAtTraffic: () => void;
  readonly stop: () => void;
}

/** Pods stay as long as requests may come to them: while they are sent there, and for the delay after that. */
export function watchDraining({ world, scenario, check, ...ground }: Ground): TrafficRules {
  const { store } = world.api;
  const lastServedMs = new Map<string, number>();
  const formerlyStable = new Set<string>();
  let served: ReadonlySet<string> = new Set();
  const stops = [
    store.subscribe('rollouts.argoproj.io', ({ type, object, old }) => {
      if (type === 'MODIFIED') noteStable((old as Rollout).status?.stableRS, (object as Rollout).status);
    }),
    store.subscribe('replicasets.apps', ({ type, object, old }) => {
      if (type === 'MODIFIED' && old !== undefined) lookAtSize(old as ReplicaSet, object as ReplicaSet);
    }),
  ];
  return {
    lookAtTraffic() {
      const now = world.dataPlane.servedVersions();
      for (const hash of served) if (!now.has(hash)) lastServedMs.set(hash, world.clock.nowMs());
      served = now;
    },
    stop: () => stops.forEach((stop) => stop()),
  };

  function noteStable(before: string | undefined, status: Rollout['status']): void {
    const { stableRS, currentPodHash = '' } = status ?? {};
    if (before !== undefined && before !== '' && before !== stableRS) formerlyStable.add(before);
    formerlyStable.delete(currentPodHash);
  }

  function lookAtSize(old: ReplicaSet, { metadata, spec }: ReplicaSet): void {
    const hash = metadata.labels?.[HASH] ?? '';
    if ((old.spec.replicas ?? 1) === 0 || (spec.replicas ?? 1) > 0 || servicesOf(scenario).length === 0) return;
    if (!ground.isInstalled() || ground.isDisturbed() || ground.isExcused() || !scenario.isDelayed) return;
    check(!served.has(hash), 'a version that requests go to keeps its pods', metadata.name);
    const isAborted = ground.abortedAtMs() !== undefined && world.rollout?.status?.currentPodHash === hash;
    const servedMs = lastServedMs.get(hash);
    if ((!isAborted && !formerlyStable.has(hash)) || servedMs === undefined) return;
    const sinceMs = world.clock.nowMs() - servedMs;
    const leastMs = SCALE_DOWN_DELAY_MS - TOLERANCE_MS - ground.jumpMs;
    check(sinceMs >= leastMs, 'pods stay for their delay after the last request', { name: metadata.name, sinceMs });
  }
}
