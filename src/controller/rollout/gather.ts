import { refKey, type KubeObject } from '../../api/kube-object.ts';
import type { Rollout } from '../../api/rollout.ts';
import type { EndpointSlice, Pod, ReplicaSet, Service } from '../../api/workloads.ts';
import type { DecisionOptions, Observation, RefusedEviction } from '../../core/observation.ts';
import { referencesOf } from '../../core/rollout/references.ts';
import { workloadRefOf } from '../../core/rollout/workload-reference.ts';
import type { TrafficObservation } from '../../core/traffic.ts';
import type { ConfigObservation } from '../../core/versioned-config/resolve.ts';
import type { ObjectCache } from '../../ports/kube.ts';
import type { CurrentObjects } from '../../routers/contract.ts';
import { keyOf, MANAGER, ORPHANS, OWNER, SERVICE, type RolloutCaches } from './caches.ts';
import { templatesFor } from './gather-templates.ts';
import { routedTargets } from './reads.ts';
import { refusalsOf, refusedTraffic } from './refusals.ts';
import type { WeightWatch } from './weight-watch.ts';

export interface GatherInput {
  readonly rollout: Rollout;
  readonly nowMs: number;
  readonly pods: readonly Pod[];
  readonly refusedEvictions: readonly RefusedEviction[];
  readonly options: DecisionOptions;
  /** What the routers read, by refKey. */
  readonly routed: CurrentObjects;
  /** Names of ReplicaSets that are in use by others. */
  readonly takenNames: readonly string[];
  readonly weightWatch: WeightWatch;
  readonly config: ConfigObservation | undefined;
}

/** Collects from the caches all that a decision over this Rollout may depend on. */
export function gather(caches: RolloutCaches, input: GatherInput): Observation {
  const { rollout } = input;
  const namespace = rollout.metadata.namespace ?? '';
  const references = referencesOf(rollout);
  const services: Record<string, Service | null> = {};
  const endpointSlices: Record<string, readonly EndpointSlice[]> = {};
  for (const name of references.services) {
    services[name] = caches.services.get(namespace, name) ?? null;
    endpointSlices[name] = caches.endpointSlices.byIndex(SERVICE, `${namespace}/${name}`);
  }
  const traffic = observeTraffic(caches, rollout, input.routed);
  const refusals = refusalsOf(caches, rollout);
  return {
    nowMs: input.nowMs,
    rollout,
    replicaSets: replicaSetsFor(caches, rollout),
    services,
    formerServices: caches.services
      .byIndex(MANAGER, keyOf(rollout))
      .filter(({ metadata }) => !references.services.includes(metadata.name)),
    endpointSlices,
    traffic,
    weightsSeen: input.weightWatch.look(keyOf(rollout), traffic, input.nowMs),
    analysisRuns: caches.analysisRuns.byIndex(OWNER, rollout.metadata.uid ?? ''),
    experiments: caches.experiments.byIndex(OWNER, rollout.metadata.uid ?? ''),
    ...templatesFor(caches, namespace, references),
    pods: input.pods,
    ...(input.refusedEvictions.length === 0 ? {} : { refusedEvictions: input.refusedEvictions }),
    workload: workloadOf(caches, rollout),
    ...(input.config === undefined ? {} : { config: input.config }),
    takenNames: input.takenNames,
    ...(refusals.length === 0 ? {} : { refusals }),
    options: input.options,
  };
}

/**
 * What the routers of this Rollout read, from the caches; what cannot be read is not in it.
 */
export function readRouted(caches: RolloutCaches, rollout: Rollout): CurrentObjects {
  const current = new Map<string, KubeObject | null>();
  for (const { router, target } of routedTargets(rollout)) {
    for (const ref of router.reads(target)) {
      const cache = caches.routed(ref.kind);
      if (isUnreadable(cache)) continue;
      current.set(refKey(ref), cache.get(ref.namespace, ref.name) ?? null);
    }
    for (const { kind, namespace } of router.among?.(target) ?? []) {
      const cache = caches.routed(kind);
      if (isUnreadable(cache)) continue;
      for (const object of cache.list(namespace)) {
        current.set(refKey({ kind, namespace, name: object.metadata.name }), object);
      }
    }
  }
  return current;
}

function isUnreadable({ state }: ObjectCache): boolean {
  return state === 'syncing' || state === 'refused';
}

/** What the Rollout takes its template from; null when it does not exist, undefined when it has its own. */
export function workloadOf(caches: RolloutCaches, rollout: Rollout): KubeObject | null | undefined {
  const ref = workloadRefOf(rollout);
  return ref === undefined ? undefined : (caches.routed(ref.kind).get(ref.namespace, ref.name) ?? null);
}

function observeTraffic(
  caches: RolloutCaches,
  rollout: Rollout,
  routed: CurrentObjects,
): readonly TrafficObservation[] {
  return routedTargets(rollout).map((one) => refusedTraffic(caches, one) ?? one.router.observed(one.target, routed));
}

function replicaSetsFor(caches: RolloutCaches, rollout: Rollout): readonly ReplicaSet[] {
  const owned = caches.replicaSets.byIndex(OWNER, rollout.metadata.uid ?? '');
  const orphans = caches.replicaSets.byIndex(ORPHANS, rollout.metadata.namespace ?? '');
  const matching = orphans.filter((orphan) => matches(rollout.spec.selector?.matchLabels ?? {}, orphan));
  return matching.length === 0 ? owned : [...owned, ...matching];
}

function matches(labels: Readonly<Record<string, string>>, object: KubeObject): boolean {
  const wanted = Object.entries(labels);
  return wanted.length > 0 && wanted.every(([key, value]) => object.metadata.labels?.[key] === value);
}
