import { KINDS } from '../../api/kinds.ts';
import type { KubeObject, ObjectRef } from '../../api/kube-object.ts';
import type { KubeReader } from '../../ports/kube.ts';
import type { RolloutCaches } from './caches.ts';

export interface NameSources {
  readonly caches: RolloutCaches;
  readonly reader: KubeReader;
}

/** The object that has a name which was to be used; the cache of ReplicaSets knows only those with a hash, so it is asked for. */
export async function holderOf(ref: ObjectRef, { caches, reader }: NameSources): Promise<KubeObject | undefined> {
  switch (ref.kind.plural) {
    case KINDS.analysisRun.plural:
      return caches.analysisRuns.get(ref.namespace, ref.name);
    case KINDS.experiment.plural:
      return caches.experiments.get(ref.namespace, ref.name);
    case KINDS.service.plural:
      return caches.services.get(ref.namespace, ref.name);
    default:
      return reader.get(ref);
  }
}
