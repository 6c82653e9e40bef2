import type { ResourceDefinition, SubresourceDefinition } from './resource.ts';
import type { ResourceRegistry } from './registry.ts';
import { REVIEW_KINDS } from './access-review.ts';

const OBJECT_VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const CUSTOM_VERBS = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
const SUBRESOURCE_VERBS = ['get', 'patch', 'update'];

/** `/api`. */
export function coreVersions(serverAddress: string): unknown {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
  };
}

/** `/apis`: every group with its versions, the preferred one first. */
export function groupList(registry: ResourceRegistry): unknown {
  return {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: groupNames(registry).map((group) => groupEntry(group, registry)),
  };
}

/** `/apis/GROUP`, or undefined when the group is not served. */
export function singleGroup(group: string, registry: ResourceRegistry): unknown {
  return groupNames(registry).includes(group)
    ? { kind: 'APIGroup', apiVersion: 'v1', ...groupEntry(group, registry) }
    : undefined;
}

/** `/api/v1` and `/apis/GROUP/VERSION`, or undefined when nothing is served there. */
export function resourceList(group: string, version: string, registry: ResourceRegistry): unknown {
  const definitions = definitionsIn(group, version, registry);
  const reviews = REVIEW_KINDS.filter((each) => each.group === group && each.version === version);
  if (definitions.length === 0 && reviews.length === 0) return undefined;
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: group === '' ? version : `${group}/${version}`,
    resources: [
      ...definitions.flatMap((definition) => [
        resourceEntry(definition),
        ...definition.subresources.map((each) => subresourceEntry(definition, each)),
      ]),
      ...reviews.map((review) => ({
        name: review.plural,
        singularName: '',
        namespaced: review.namespaced,
        kind: review.kind,
        verbs: ['create'],
      })),
    ],
  };
}

/** Aggregated discovery (`apidiscovery.k8s.io/v2`) of the core group or of all others. */
export function aggregatedDiscovery(which: 'core' | 'groups', registry: ResourceRegistry): unknown {
  const groups = which === 'core' ? [''] : groupNames(registry);
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: groups.map((group) => ({
      metadata: group === '' ? {} : { name: group },
      versions: versionsOf(group, registry).map((version) => ({
        version,
        freshness: 'Current',
        resources: [
          ...definitionsIn(group, version, registry).map(aggregatedEntry),
          ...REVIEW_KINDS.filter((each) => each.group === group && each.version === version).map((review) => ({
            resource: review.plural,
            responseKind: { group, version, kind: review.kind },
            scope: review.namespaced ? 'Namespaced' : 'Cluster',
            singularResource: review.kind.toLowerCase(),
            verbs: ['create'],
          })),
        ],
      })),
    })),
  };
}

function groupNames(registry: ResourceRegistry): readonly string[] {
  const names = [...registry.groupVersions().keys(), ...REVIEW_KINDS.map((each) => each.group)];
  return [...new Set(names)].filter((group) => group !== '');
}

function versionsOf(group: string, registry: ResourceRegistry): readonly string[] {
  const known = registry.groupVersions().get(group) ?? [];
  const reviews = REVIEW_KINDS.filter((each) => each.group === group).map((each) => each.version);
  return [...new Set([...known, ...reviews])];
}

function groupEntry(group: string, registry: ResourceRegistry): Readonly<Record<string, unknown>> {
  const versions = versionsOf(group, registry).map((version) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions, preferredVersion: versions[0] };
}

function definitionsIn(group: string, version: string, registry: ResourceRegistry): readonly ResourceDefinition[] {
  return registry
    .all()
    .flatMap((resource) =>
      resource.group === group ? resource.versions.filter((each) => each.version === version) : [],
    );
}

function resourceEntry(definition: ResourceDefinition): unknown {
  return {
    name: definition.plural,
    singularName: definition.singular,
    namespaced: definition.namespaced,
    kind: definition.kind,
    verbs: verbsOf(definition),
    ...(definition.shortNames.length === 0 ? {} : { shortNames: definition.shortNames }),
    ...(definition.categories.length === 0 ? {} : { categories: definition.categories }),
    storageVersionHash: '',
  };
}

/** Custom resources list them in another order. */
function verbsOf(definition: ResourceDefinition): readonly string[] {
  return definition.typed === true ? OBJECT_VERBS : CUSTOM_VERBS;
}

function subresourceEntry(definition: ResourceDefinition, subresource: SubresourceDefinition): unknown {
  const entry = {
    name: `${definition.plural}/${subresource.name}`,
    singularName: '',
    namespaced: definition.namespaced,
  };
  switch (subresource.name) {
    case 'status':
      return { ...entry, kind: definition.kind, verbs: SUBRESOURCE_VERBS };
    case 'scale':
      return { ...entry, group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: SUBRESOURCE_VERBS };
    case 'eviction':
      return { ...entry, group: 'policy', version: 'v1', kind: 'Eviction', verbs: ['create'] };
  }
}

function aggregatedEntry(definition: ResourceDefinition): unknown {
  return {
    resource: definition.plural,
    responseKind: { group: definition.group, version: definition.version, kind: definition.kind },
    scope: definition.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: definition.singular,
    verbs: verbsOf(definition),
    ...(definition.shortNames.length === 0 ? {} : { shortNames: definition.shortNames }),
    ...(definition.categories.length === 0 ? {} : { categories: definition.categories }),
    ...(definition.subresources.length === 0
      ? {}
      : { subresources: definition.subresources.map((each) => aggregatedSubresource(definition, each)) }),
  };
}

function aggregatedSubresource(definition: ResourceDefinition, subresource: SubresourceDefinition): unknown {
  const kinds = {
    status: { group: definition.group, version: definition.version, kind: definition.kind },
    scale: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
    eviction: { group: 'policy', version: 'v1', kind: 'Eviction' },
  };
  return {
    subresource: subresource.name,
    responseKind: kinds[subresource.name],
    verbs: subresource.name === 'eviction' ? ['create'] : SUBRESOURCE_VERBS,
  };
}
