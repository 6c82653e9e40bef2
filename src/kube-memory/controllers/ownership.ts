import { controllerReferenceTo, type KubeObject, type OwnerReference } from '../../api/kube-object.ts';
import { selectorMatches } from '../builtin/selectors.ts';
import type { ControllerContext } from './context.ts';
import { byOwner, orphansOf, type Mirror } from './mirror.ts';

/**
 * The objects that belong to `owner`: those that it controls and that still match its selector, and matching orphans, which it
 * adopts. What it controls but no longer matches is released.
 */
export function claim(
  context: ControllerContext,
  mirror: Mirror,
  owner: KubeObject,
  selector: unknown,
): readonly KubeObject[] {
  const uid = owner.metadata.uid ?? '';
  const matches = (object: KubeObject): boolean => selectorMatches(selector, object.metadata.labels ?? {});
  const claimed: KubeObject[] = [];
  for (const object of mirror.indexed(byOwner(uid))) {
    if (matches(object)) claimed.push(object);
    else if (owner.metadata.deletionTimestamp === undefined)
      rewriteOwners(context, mirror, object, released(object, uid));
  }
  if (owner.metadata.deletionTimestamp !== undefined) return claimed;
  for (const object of mirror.indexed(orphansOf(owner.metadata.namespace ?? ''))) {
    if (object.metadata.deletionTimestamp !== undefined || !matches(object)) continue;
    const owners = [...(object.metadata.ownerReferences ?? []), controllerReferenceTo(owner)];
    claimed.push(rewriteOwners(context, mirror, object, owners));
  }
  return claimed;
}

function released(object: KubeObject, uid: string): readonly OwnerReference[] {
  return (object.metadata.ownerReferences ?? []).filter((owner) => owner.uid !== uid);
}

function rewriteOwners(
  context: ControllerContext,
  mirror: Mirror,
  object: KubeObject,
  ownerReferences: readonly OwnerReference[],
): KubeObject {
  const updated = context.store.update(mirror.resource, {
    ...object,
    metadata: { ...object.metadata, ownerReferences },
  });
  mirror.refresh(object.metadata.namespace, object.metadata.name);
  return updated;
}
