import type { KubeObject } from '../../api/kube-object.ts';
import type { KubeWrite } from '../../api/kube-write.ts';
import { ROUTE_ACTIVE_ROLLOUTS_ANNOTATION } from '../../api/labels.ts';
import type { Rollout } from '../../api/rollout.ts';
import type { LeftTarget } from '../../core/traffic.ts';
import { trafficRouters } from '../../routers/registry.ts';
import type { RolloutCaches } from './caches.ts';
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

/** The same for a Rollout that is gone, whose own objects go with it. */
export function writesOfGone(caches: RolloutCaches, gone: Rollout): readonly KubeWrite[] {
  const current = readRouted(caches, gone);
  const weights = gone.status?.canary?.weights ?? undefined;
  const weightTotal = weights === undefined ? 100 : totalOf(weights);
  return routedTargets(gone)
    .flatMap(({ router, target }) => router.desired({ canaryWeight: 0, weightTotal }, target, current))
    .filter(({ verb }) => verb === 'patch');
}

/** Keys of the Rollouts that a route names as splitting its traffic. */
function activeRollouts(route: KubeObject): readonly string[] {
  const listed = route.metadata.annotations?.[ROUTE_ACTIVE_ROLLOUTS_ANNOTATION] ?? '';
  return listed
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => /^[^/]+\/[^/]+$/.test(entry));
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
