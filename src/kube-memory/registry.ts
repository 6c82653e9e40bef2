import type { ResourceDefinition } from './resource.ts';
import { qualifiedResource } from './status-error.ts';

/** One resource with all its served versions; objects are stored as the storage version. */
export interface ServedResource {
  /** `rollouts.argoproj.io`, or `pods` for the core group: the name of its collection in the store. */
  readonly key: string;
  readonly group: string;
  readonly plural: string;
  /** Served versions, the preferred one first. */
  readonly versions: readonly ResourceDefinition[];
  readonly storage: ResourceDefinition;
  /** Made from a CustomResourceDefinition: no strategic merge patch, kinds written out in lists. */
  readonly custom: boolean;
}

/** The kinds served at the moment, by path, by kind and by key. */
export class ResourceRegistry {
  readonly #byKey = new Map<string, ServedResource>();
  readonly #byKind = new Map<string, ServedResource>();
  #generation = 0;

  constructor(definitions: readonly ResourceDefinition[]) {
    const grouped = Map.groupBy(definitions, qualifiedResource);
    for (const [key, versions] of grouped) {
      const storage = versions[0];
      if (storage === undefined) continue;
      this.set({ key, group: storage.group, plural: storage.plural, versions, storage, custom: false });
    }
  }

  /** Grows with every change of what is served, so that derived documents know when they are stale. */
  get generation(): number {
    return this.#generation;
  }

  set(resource: ServedResource): void {
    this.delete(resource.key);
    this.#byKey.set(resource.key, resource);
    this.#byKind.set(`${resource.group}/${resource.storage.kind}`, resource);
    this.#generation++;
  }

  delete(key: string): void {
    const known = this.#byKey.get(key);
    if (known === undefined) return;
    this.#byKey.delete(key);
    this.#byKind.delete(`${known.group}/${known.storage.kind}`);
    this.#generation++;
  }

  get(key: string): ServedResource | undefined {
    return this.#byKey.get(key);
  }

  byKind(group: string, kind: string): ServedResource | undefined {
    return this.#byKind.get(`${group}/${kind}`);
  }

  /** The definition behind `/apis/GROUP/VERSION/PLURAL`. */
  find(
    group: string,
    version: string,
    plural: string,
  ): { resource: ServedResource; definition: ResourceDefinition } | undefined {
    const resource = this.#byKey.get(qualifiedResource({ group, plural }));
    const definition = resource?.versions.find((each) => each.version === version);
    return resource === undefined || definition === undefined ? undefined : { resource, definition };
  }

  all(): readonly ServedResource[] {
    return [...this.#byKey.values()];
  }

  /** Group and version pairs with something served in them, in the order of registration. */
  groupVersions(): ReadonlyMap<string, readonly string[]> {
    const groups = new Map<string, string[]>();
    for (const resource of this.#byKey.values()) {
      const versions = groups.get(resource.group) ?? [];
      for (const definition of resource.versions) {
        if (!versions.includes(definition.version)) versions.push(definition.version);
      }
      groups.set(resource.group, versions);
    }
    for (const versions of groups.values()) versions.sort(byVersionPriority);
    return groups;
  }
}

/** Kubernetes' order of versions: stable before beta before alpha, higher numbers first, anything else last by name. */
export function byVersionPriority(left: string, right: string): number {
  const leftRank = versionRank(left);
  const rightRank = versionRank(right);
  for (let index = 0; index < leftRank.length; index++) {
    const difference = (rightRank[index] ?? 0) - (leftRank[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return left < right ? -1 : left > right ? 1 : 0;
}

function versionRank(version: string): readonly number[] {
  const parts = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
  if (parts === null) return [0, 0, 0];
  const stability = parts[2] === undefined ? 3 : parts[2] === 'beta' ? 2 : 1;
  return [stability, Number(parts[1]), Number(parts[3] ?? 0)];
}
