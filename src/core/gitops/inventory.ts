import type { InventoryEntry } from '../../api/git-source.ts';
import type { KubeObject } from '../../api/kube-object.ts';
import { groupOf, versionOf } from './manifest.ts';

/** `namespace_name_group_kind`, unique over everything that one GitSource applies. */
export function inventoryId(entry: Pick<InventoryEntry, 'group' | 'kind' | 'namespace' | 'name'>): string {
  return [entry.namespace ?? '', entry.name, entry.group ?? '', entry.kind].join('_');
}

export function inventoryEntryOf(object: KubeObject, file: string): InventoryEntry {
  return {
    group: groupOf(object.apiVersion),
    version: versionOf(object.apiVersion),
    kind: object.kind,
    namespace: object.metadata.namespace ?? '',
    name: object.metadata.name,
    file,
  };
}

export interface PrunePlan {
  readonly delete: readonly InventoryEntry[];
  /** Entries that left the repository and stay in the cluster for now. */
  readonly keep: readonly InventoryEntry[];
  /** Why something that left the repository is not deleted; undefined when nothing is held back. */
  readonly heldBack?: string;
}

/**
 * What is deleted since the repository no longer declares it. Nothing is when pruning is off, when the repository declares nothing at all
 * (a wrong folder or branch must not empty a namespace), and while anything in the repository cannot be read: the object may be in there.
 */
export function prunePlan(situation: {
  readonly inventory: readonly InventoryEntry[];
  readonly declared: readonly InventoryEntry[];
  readonly prune: boolean;
  readonly hasUnreadable: boolean;
}): PrunePlan {
  const declared = new Set(situation.declared.map(inventoryId));
  const gone = situation.inventory.filter((entry) => !declared.has(inventoryId(entry)));
  if (gone.length === 0) return { delete: [], keep: [] };
  if (!situation.prune) return { delete: [], keep: situation.hasUnreadable ? gone : [] };
  if (situation.declared.length === 0) {
    return {
      delete: [],
      keep: gone,
      heldBack: `the folder declares no objects at all, so none of the ${gone.length} applied ones is deleted: if that is meant, delete the GitSource and the objects`,
    };
  }
  if (situation.hasUnreadable) {
    return {
      delete: [],
      keep: gone,
      heldBack: `${gone.length} objects left the repository; they are deleted once every file can be read`,
    };
  }
  return { delete: [...gone].reverse(), keep: [] };
}
