import { controllerOf, type KubeObject } from '../../api/kube-object.ts';

/** What belongs to a Rollout or an Experiment is worked on where its owner is, everything else by its own key. */
export function ownerKeyOf(object: KubeObject | undefined, key: string): string {
  const owner = object === undefined ? undefined : controllerOf(object);
  return owner === undefined ? key : `${object?.metadata.namespace ?? ''}/${owner.name}`;
}
