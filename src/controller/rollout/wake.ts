import { KINDS } from '../../api/kinds.ts';
import { controllerOf } from '../../api/kube-object.ts';
import type { Rollout } from '../../api/rollout.ts';
import type { ObjectCache } from '../../ports/kube.ts';
import { changedObject } from '../changed-object.ts';
import { ANALYSED, keyOf, keyOfOwner, managerOf, readKey, READS, type RolloutCaches } from './caches.ts';
import { ANY_NAME } from './reads.ts';

/**
 * Queues the Rollouts that a change concerns, found by index and never by a search. What woke a Rollout is not an
 * input of its pass: a wake-up too many costs one quiet pass.
 */
export function wakeOnChanges(caches: RolloutCaches, wake: (key: string) => void): void {
  caches.rollouts.subscribe((change) => wake(keyOf(changedObject(change))));
  for (const cache of [caches.replicaSets, caches.analysisRuns, caches.experiments])
    wakeOwners(cache, caches.rollouts, wake);
  wakeReaders(caches.services, caches.rollouts, wake);
  // Also a Rollout that names the Service no more, or is gone, has to take its mark off.
  caches.services.subscribe((change) => managerOf(changedObject(change)).forEach(wake));
  wakeReadersOfService(caches, wake);
  wakeAnalysed(caches.analysisTemplates, caches.rollouts, wake);
  if (caches.clusterAnalysisTemplates !== undefined)
    wakeAnalysed(caches.clusterAnalysisTemplates, caches.rollouts, wake);
}

/** Wakes the Rollouts that read an object of this cache by name, or choose among those of its namespace. */
export function wakeReaders(cache: ObjectCache, rollouts: ObjectCache<Rollout>, wake: (key: string) => void): void {
  cache.subscribe((change) => {
    const object = changedObject(change);
    wakeAll(rollouts.byIndex(READS, readKey(cache, object)), wake);
    const any = { ...object, metadata: { ...object.metadata, name: ANY_NAME } };
    wakeAll(rollouts.byIndex(READS, readKey(cache, any)), wake);
  });
}

function wakeOwners(cache: ObjectCache, rollouts: ObjectCache<Rollout>, wake: (key: string) => void): void {
  cache.subscribe((change) => {
    const object = changedObject(change);
    const owner = keyOfOwner(KINDS.rollout, object);
    if (owner !== undefined) wake(owner);
    // Only ReplicaSets without an owner can become somebody's.
    else if (controllerOf(object) === undefined && cache.kind.plural === KINDS.replicaSet.plural)
      wakeAll(rollouts.list(object.metadata.namespace ?? ''), wake);
  });
}

function wakeReadersOfService(caches: RolloutCaches, wake: (key: string) => void): void {
  caches.endpointSlices.subscribe((change) => {
    const slice = changedObject(change);
    const name = slice.metadata.labels?.['kubernetes.io/service-name'];
    if (name === undefined) return;
    const service = { ...slice, metadata: { ...slice.metadata, name } };
    wakeAll(caches.rollouts.byIndex(READS, readKey(caches.services, service)), wake);
  });
}

/** Templates nest, so an edit of one concerns every analysed Rollout of its namespace; such edits are rare. */
function wakeAnalysed(cache: ObjectCache, rollouts: ObjectCache<Rollout>, wake: (key: string) => void): void {
  cache.subscribe((change) =>
    wakeAll(rollouts.byIndex(ANALYSED, changedObject(change).metadata.namespace ?? ''), wake),
  );
}

function wakeAll(rollouts: readonly Rollout[], wake: (key: string) => void): void {
  for (const rollout of rollouts) wake(keyOf(rollout));
}
