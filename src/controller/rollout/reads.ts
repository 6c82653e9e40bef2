import { refKey, type ObjectRef } from '../../api/kube-object.ts';
import { KINDS } from '../../api/kinds.ts';
import { roleServicesOf } from '../../api/role-services.ts';
import type { Rollout } from '../../api/rollout.ts';
import { managedNames, routesOfSteps } from '../../core/rollout/managed-routes.ts';
import { referencesOf } from '../../core/rollout/references.ts';
import { workloadRefOf } from '../../core/rollout/workload-reference.ts';
import type { TrafficTarget } from '../../core/traffic.ts';
import { trafficRouters } from '../../routers/registry.ts';
import type { TrafficRouter } from '../../routers/contract.ts';

/** A router that a Rollout uses, with what it is asked about. */
export interface RoutedTarget {
  readonly router: TrafficRouter;
  readonly target: TrafficTarget;
}

/** The routers that the spec names, in the registry's order. */
export function routedTargets(rollout: Rollout): readonly RoutedTarget[] {
  const canary = rollout.spec.strategy?.canary;
  const trafficRouting = canary?.trafficRouting;
  if (canary === undefined || trafficRouting === undefined || trafficRouting === null) return [];
  const found: RoutedTarget[] = [];
  const services = roleServicesOf(canary, rollout.status?.canary?.stablePingPong);
  for (const router of trafficRouters) {
    const config = router.configOf(trafficRouting as Readonly<Record<string, unknown>>);
    if (config === undefined) continue;
    const target: TrafficTarget = {
      namespace: rollout.metadata.namespace ?? '',
      rolloutName: rollout.metadata.name,
      rolloutUid: rollout.metadata.uid ?? '',
      stableService: services.stable ?? '',
      canaryService: services.canary ?? '',
      config,
      managedNames: managedNames(canary),
      routesOfSteps: routesOfSteps(canary),
      additionalServices: additionalServicesOf(rollout),
    };
    found.push({ router, target });
  }
  return found;
}

/** Services beside the two that have, or may have, a part of the traffic. */
export function additionalServicesOf(rollout: Rollout): readonly string[] {
  const additional = rollout.status?.canary?.weights?.additional ?? [];
  return additional.flatMap(({ serviceName }) => (serviceName === undefined ? [] : [serviceName]));
}

/** Everything that the routers of this Rollout read, each once. */
export function routedRefs(rollout: Rollout): readonly ObjectRef[] {
  const refs = new Map<string, ObjectRef>();
  for (const { router, target } of routedTargets(rollout)) {
    for (const ref of [...router.reads(target), ...chosenAmong(router, target)]) refs.set(refKey(ref), ref);
  }
  return [...refs.values()];
}

/** Stands for every object of a kind in a namespace. */
export const ANY_NAME = '*';

function chosenAmong(router: TrafficRouter, target: TrafficTarget): readonly ObjectRef[] {
  return (router.among?.(target) ?? []).map((place) => ({ ...place, name: ANY_NAME }));
}

/** Objects of kinds that are watched only where some Rollout needs them. */
export function watchedOnDemand(rollout: Rollout): readonly ObjectRef[] {
  const workload = workloadRefOf(rollout);
  return workload === undefined ? routedRefs(rollout) : [...routedRefs(rollout), workload];
}

/** Keys of everything that a pass over this Rollout reads by name: a change to one of them wakes it. */
export function readsOf(rollout: Rollout): readonly string[] {
  const namespace = rollout.metadata.namespace ?? '';
  const references = referencesOf(rollout);
  return [
    ...references.services.map((name) => refKey({ kind: KINDS.service, namespace, name })),
    ...references.analysisTemplates.map((name) => refKey({ kind: KINDS.analysisTemplate, namespace, name })),
    ...references.clusterAnalysisTemplates.map((name) =>
      refKey({ kind: KINDS.clusterAnalysisTemplate, namespace: '', name }),
    ),
    ...watchedOnDemand(rollout).map(refKey),
  ];
}
