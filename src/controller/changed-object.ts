import type { KubeObject } from '../api/kube-object.ts';
import type { CacheChange } from '../ports/kube.ts';

/** The object that a change is about: as it is now, or as it was last. */
export function changedObject<T extends KubeObject>(change: CacheChange<T>): T {
  return change.type === 'deleted' ? change.old : change.object;
}
