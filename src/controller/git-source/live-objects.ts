import { KINDS } from '../../api/kinds.ts';
import type { KubeObject, ObjectRef, ResourceKind } from '../../api/kube-object.ts';
import type { Kube, ObjectCache } from '../../ports/kube.ts';
import { changedObject } from '../changed-object.ts';

/** How the Git loop sees the objects that it applies. */
export interface LiveObjects {
  /** The object, or undefined; `stale` when our own last write to it is not seen yet. */
  read(ref: ObjectRef, impersonate: string): Promise<KubeObject | 'stale' | undefined>;
  /** Whether a change of it wakes the GitSource. */
  isWatched(ref: ObjectRef): boolean;
}

/**
 * Kinds that the controller watches anyway are read from its caches, without a call and with a wake-up when they drift; all others are read one by one as
 * the GitSource's account. Opened when a repository first declares them.
 */
const WATCHED: readonly ResourceKind[] = [
  KINDS.rollout,
  KINDS.service,
  KINDS.analysisTemplate,
  KINDS.httpRoute,
  KINDS.ingress,
];

export function createLiveObjects(options: {
  readonly kube: Kube;
  /** The only namespace that is watched; all of them when absent. */
  readonly namespace?: string;
  /** Called with an object of a watched kind that changed or went. */
  readonly changed: (object: KubeObject) => void;
}): LiveObjects {
  const { kube, namespace, changed } = options;
  const caches = new Map<string, ObjectCache>();

  function cacheOf(ref: ObjectRef): ObjectCache | undefined {
    if (namespace !== undefined && ref.namespace !== namespace) return undefined;
    const kind = WATCHED.find(
      (watched) =>
        watched.group === ref.kind.group && watched.version === ref.kind.version && watched.kind === ref.kind.kind,
    );
    if (kind === undefined) return undefined;
    const known = caches.get(kind.plural);
    if (known !== undefined) return known;
    const cache = kube.caches.open(kind, namespace === undefined ? {} : { namespace });
    cache.subscribe((change) => changed(changedObject(change)));
    caches.set(kind.plural, cache);
    return cache;
  }

  return {
    isWatched: (ref) => cacheOf(ref) !== undefined,
    async read(ref, impersonate) {
      const cache = cacheOf(ref);
      if (cache === undefined || cache.state !== 'synced') return kube.reader.get(ref, { impersonate });
      if (!kube.writer.fresh(ref)) return 'stale';
      return cache.get(ref.namespace, ref.name);
    },
  };
}
