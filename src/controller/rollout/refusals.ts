import type { ResourceKind } from '../../api/kube-object.ts';
import type { Rollout } from '../../api/rollout.ts';
import { forbidden, internal, type Problem } from '../../api/validation/problem.ts';
import { workloadRefOf } from '../../core/rollout/workload-reference.ts';
import type { TrafficObservation } from '../../core/traffic.ts';
import { trafficRouters } from '../../routers/registry.ts';
import type { RolloutCaches } from './caches.ts';
import { leftTargetOf } from './left-target.ts';
import { routedTargets, type RoutedTarget } from './reads.ts';

/** How soon a right that was missing is used once it is granted. */
export const REFUSED_LOOK_MS = 10_000;

const ROUTING = 'spec.strategy.canary.trafficRouting';

/**
 * A cache that a pass over this Rollout needs is still being filled, or may not be: a right can be missing for a moment,
 * while an API server starts. For that no abort waits.
 */
export function awaitsCaches(caches: RolloutCaches, rollout: Rollout): boolean {
  const states = kindsNeeded(rollout).map((kind) => caches.routed(kind).state);
  return states.includes('syncing') || (states.includes('refused') && rollout.status?.abort !== true);
}

function kindsNeeded(rollout: Rollout): readonly ResourceKind[] {
  const workload = workloadRefOf(rollout);
  const routers = leftTargetOf(rollout) === undefined ? routedTargets(rollout).flatMap(kindsRead) : routerKinds();
  return workload === undefined ? routers : [...routers, workload.kind];
}

function routerKinds(): readonly ResourceKind[] {
  return trafficRouters.flatMap(({ kinds }) => kinds);
}

/** What the controller cannot read although this Rollout needs it, with what to do: as a rule a right is missing. */
export function refusalsOf(caches: RolloutCaches, rollout: Rollout): readonly Problem[] {
  const workload = workloadRefOf(rollout);
  return [
    ...refusedAmong(caches, routedTargets(rollout).flatMap(kindsRead), ROUTING),
    ...refusedAmong(caches, workload === undefined ? [] : [workload.kind], 'spec.workloadRef'),
    ...refusedAmong(caches, kindsLeft(rollout), ROUTING),
  ];
}

/** What a router shows that cannot be read; undefined when it can. */
export function refusedTraffic(caches: RolloutCaches, routed: RoutedTarget): TrafficObservation | undefined {
  const [problem] = refusedAmong(caches, kindsRead(routed), ROUTING);
  if (problem === undefined) return undefined;
  return { routerId: routed.router.id, state: 'unusable', message: problem.detail, problem };
}

function kindsRead({ router, target }: RoutedTarget): readonly ResourceKind[] {
  return [...router.reads(target), ...(router.among?.(target) ?? [])].map(({ kind }) => kind);
}

/**
 * Kinds in which the canary may have a part of the traffic that a router gave it which the Rollout names no more. When it
 * was last seen without any it has none: who never used a kind need not have the right to it.
 */
function kindsLeft(rollout: Rollout): readonly ResourceKind[] {
  const { canary, additional = [] } = rollout.status?.canary?.weights ?? {};
  const isLeft = leftTargetOf(rollout) !== undefined && ((canary?.weight ?? 0) > 0 || additional.length > 0);
  return isLeft ? routerKinds() : [];
}

function refusedAmong(caches: RolloutCaches, kinds: readonly ResourceKind[], path: string): readonly Problem[] {
  const { scope } = caches;
  const place = scope.namespace === undefined ? 'all namespaces' : `namespace ${scope.namespace}`;
  return [...new Set(kinds)].flatMap((kind) => {
    const { plural, group } = kind;
    const what = `${group === '' ? plural : `${plural}.${group}`} in ${place}`;
    switch (caches.routed(kind).state) {
      case 'refused':
        return [
          forbidden(
            path,
            `the controller may not watch ${what}; grant it the rights that the role of the Helm chart has for them`,
          ),
        ];
      case 'syncing':
        return [internal(path, `the API server does not list ${what}; the log of the controller says why`)];
      case 'synced':
      case 'unserved':
        return [];
    }
  });
}
