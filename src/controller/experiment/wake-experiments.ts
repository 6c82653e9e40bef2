import { KINDS } from '../../api/kinds.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import type { ObjectCache } from '../../ports/kube.ts';
import { changedObject } from '../changed-object.ts';
import { ANALYSED, keyOf, keyOfOwner, OWNER, type RolloutCaches } from '../rollout/caches.ts';
import { additionalServicesOf } from '../rollout/reads.ts';

/** Queues the Experiments that a change concerns: themselves, what they own, and the templates that they may measure by. */
export function wakeExperiments(caches: RolloutCaches, wake: (key: string) => void): void {
  caches.experiments.subscribe((change) => wake(keyOf(changedObject(change))));
  for (const cache of [caches.replicaSets, caches.services, caches.analysisRuns]) wakeOwners(cache, wake);
  wakeWeighted(caches, wake);
  const templates = [caches.analysisTemplates, caches.clusterAnalysisTemplates].filter((cache) => cache !== undefined);
  for (const cache of templates) {
    cache.subscribe((change) => {
      for (const experiment of caches.experiments.byIndex(ANALYSED, changedObject(change).metadata.namespace ?? ''))
        wake(keyOf(experiment));
    });
  }
}

/** Pods that have a part of the traffic wait for it to go. */
function wakeWeighted(caches: RolloutCaches, wake: (key: string) => void): void {
  caches.rollouts.subscribe((change) => {
    const before = change.type === 'added' ? [] : additionalServicesOf(change.old);
    const next = change.type === 'deleted' ? [] : additionalServicesOf(change.object);
    if (deepEqual(before, next)) return;
    for (const experiment of caches.experiments.byIndex(OWNER, changedObject(change).metadata.uid ?? ''))
      wake(keyOf(experiment));
  });
}

function wakeOwners(cache: ObjectCache, wake: (key: string) => void): void {
  cache.subscribe((change) => {
    const owner = keyOfOwner(KINDS.experiment, changedObject(change));
    if (owner !== undefined) wake(owner);
  });
}
