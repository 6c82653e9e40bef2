import { refKey, type KubeObject, type ObjectRef } from '../../api/kube-object.ts';
import type { KubeWrite } from '../../api/kube-write.ts';
import type { Rollout } from '../../api/rollout.ts';
import { canarySettingsOf } from '../../core/rollout/canary-settings.ts';
import type { LeftTarget } from '../../core/traffic.ts';
import { trafficRouters } from '../../routers/registry.ts';
import { activeRollouts, keyOf, STEERED, type RolloutCaches } from './caches.ts';
import { readRouted } from './gather.ts';
import { totalOf } from './left-target.ts';
import { routedTargets } from './reads.ts';

/** Writes that do it, empty once it is done as far as that can be read. */
export function writesToLeave(caches: RolloutCaches, left: LeftTarget): readonly KubeWrite[] {
  const writes: KubeWrite[] = [];
  for (const router of trafficRouters) {
    for (const kind of router.kinds) {
      const cache = caches.routed(kind);
      if (cache.state === 'syncing' || cache.state === 'refused') continue;
      writes.push(...router.leave(left, kind, cache.list()));
    }
  }
  return writes;
}

/**
 * The same of single routes and Ingresses that the Rollout steered by and that its spec names no more, beside others that it
 * does: they would go on sending their part to each version to come. Only for a spec that is sound: a name that is misspelt
 * gives nothing up.
 */
export function writesToStrays(caches: RolloutCaches, rollout: Rollout): readonly KubeWrite[] {
  const targets = routedTargets(rollout);
  const [named] = targets;
  if (named === undefined) return [];
  const left = { ...named.target, weightTotal: canarySettingsOf(rollout.spec).weightTotal };
  const isNamed = (ref: ObjectRef): boolean =>
    targets.some(
      ({ router, target }) =>
        router.among?.(target).some(({ kind }) => kind.plural === ref.kind.plural) === true ||
        router.reads(target).some((read) => refKey(read) === refKey(ref)),
    );
  return trafficRouters.flatMap((router) =>
    router.kinds.flatMap((kind) => {
      const cache = caches.openRouted(kind);
      const steered = cache?.state === 'synced' ? cache.byIndex(STEERED, keyOf(rollout)) : [];
      const strays = steered.filter(({ metadata }) => {
        return (
          metadata.deletionTimestamp === undefined &&
          !isNamed({ kind, namespace: metadata.namespace ?? '', name: metadata.name })
        );
      });
      return strays.length === 0 ? [] : router.leave(left, kind, strays);
    }),
  );
}

/** The same for a Rollout that is gone, whose own objects go with it. */
export function writesOfGone(caches: RolloutCaches, gone: Rollout): readonly KubeWrite[] {
  const current = readRouted(caches, gone);
  const weights = gone.status?.canary?.weights ?? undefined;
  const weightTotal = weights === undefined ? 100 : totalOf(weights);
  return routedTargets(gone)
    .flatMap(({ router, target }) => router.desired({ canaryWeight: 0, weightTotal }, target, current))
    .filter(({ verb }) => verb === 'patch');
}

/** Nobody saw it go: all that is known is its name, in the marks of routes. Only caches that are open are looked at. */
export function writesOfUnknown(caches: RolloutCaches, key: string): readonly KubeWrite[] {
  const [namespace = '', rolloutName = ''] = key.split('/');
  const nobody = { stableService: '', canaryService: '', rolloutUid: '', weightTotal: 100 };
  return trafficRouters.flatMap((router) =>
    router.kinds.flatMap((kind) => {
      const marked = caches.openRouted(kind)?.list() ?? [];
      const naming = marked.filter((route) => activeRollouts(route).includes(key));
      return naming.length === 0 ? [] : router.leave({ namespace, rolloutName, ...nobody }, kind, naming);
    }),
  );
}

/** Rollouts that a route names although there is none of that name, as far as this controller would know. */
export function strangersIn(caches: RolloutCaches, route: KubeObject, scope: string | undefined): readonly string[] {
  return activeRollouts(route).filter((key) => {
    const [namespace = '', name = ''] = key.split('/');
    const isKnowable = scope === undefined || scope === namespace;
    return isKnowable && caches.rollouts.get(namespace, name) === undefined;
  });
}
