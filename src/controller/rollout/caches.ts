import { controllerOf, refKey, type KubeObject, type ResourceKind } from '../../api/kube-object.ts';
import { KINDS } from '../../api/kinds.ts';
import type { AnalysisRun, AnalysisTemplate, ClusterAnalysisTemplate } from '../../api/analysis.ts';
import type { Experiment } from '../../api/experiment.ts';
import type { Rollout } from '../../api/rollout.ts';
import type { EndpointSlice, ReplicaSet, Service } from '../../api/workloads.ts';
import { MANAGED_BY_ANNOTATION, POD_TEMPLATE_HASH_LABEL, ROUTE_ACTIVE_ROLLOUTS_ANNOTATION } from '../../api/labels.ts';
import type { CacheOptions, KubeCaches, ObjectCache } from '../../ports/kube.ts';
import { readsOf } from './reads.ts';

/** The caches that passes over Rollouts read. Opened once; those of routed kinds when a Rollout first needs them. */
export interface RolloutCaches {
  readonly scope: CacheScope;
  readonly rollouts: ObjectCache<Rollout>;
  readonly replicaSets: ObjectCache<ReplicaSet>;
  readonly services: ObjectCache<Service>;
  readonly endpointSlices: ObjectCache<EndpointSlice>;
  readonly analysisRuns: ObjectCache<AnalysisRun>;
  readonly experiments: ObjectCache<Experiment>;
  readonly analysisTemplates: ObjectCache<AnalysisTemplate>;
  readonly clusterAnalysisTemplates: ObjectCache<ClusterAnalysisTemplate> | undefined;
  /** A kind that only some Rollouts need, such as HTTPRoute for a router. The right to watch it may be missing. */
  routed(kind: ResourceKind): ObjectCache;
  /** The cache of such a kind, if some Rollout needed it so far. */
  openRouted(kind: ResourceKind): ObjectCache | undefined;
}

/** Index of Rollouts by refKey of everything a pass over them reads by name. */
export const READS = 'reads';
/** Index of Rollouts, and of Experiments, by namespace, for those that run an analysis. */
export const ANALYSED = 'analysed';
/** Index of owned objects by the uid of their owner. */
export const OWNER = 'owner';
/** Index of ReplicaSets without an owner by namespace. */
export const ORPHANS = 'orphans';
/** Index of Services by `namespace/rollout` of the Rollout whose mark they carry. */
export const MANAGER = 'manager';
/** Index of EndpointSlices by `namespace/service`. */
export const SERVICE = 'service';

/** Index of routed objects by `namespace/rollout` of the Rollouts that steer by them, as far as the objects say so. */
export const STEERED = 'steered';

export interface CacheScope {
  /** Only this namespace; all of them when absent. */
  readonly namespace?: string;
}

export function openRolloutCaches(caches: KubeCaches, scope: CacheScope): RolloutCaches {
  const routed = new Map<string, ObjectCache>();
  return {
    scope,
    rollouts: caches.open<Rollout>(KINDS.rollout, {
      ...scope,
      indexes: { [READS]: readsOf, [ANALYSED]: analysedIn },
    }),
    replicaSets: caches.open<ReplicaSet>(KINDS.replicaSet, {
      ...scope,
      labelSelector: POD_TEMPLATE_HASH_LABEL,
      trim: trimReplicaSet,
      indexes: { [OWNER]: ownerUid, [ORPHANS]: orphanedIn },
    }),
    services: caches.open<Service>(KINDS.service, {
      ...scope,
      indexes: { [MANAGER]: managerOf, [OWNER]: ownerUid },
    }),
    endpointSlices: caches.open<EndpointSlice>(KINDS.endpointSlice, {
      ...scope,
      trim: trimEndpointSlice,
      indexes: { [SERVICE]: serviceOf },
    }),
    analysisRuns: caches.open<AnalysisRun>(KINDS.analysisRun, {
      ...scope,
      indexes: { [OWNER]: ownerUid },
    }),
    experiments: caches.open<Experiment>(KINDS.experiment, {
      ...scope,
      indexes: { [OWNER]: ownerUid, [ANALYSED]: measuredIn },
    }),
    analysisTemplates: caches.open<AnalysisTemplate>(KINDS.analysisTemplate, scope),
    clusterAnalysisTemplates:
      scope.namespace === undefined ? caches.open<ClusterAnalysisTemplate>(KINDS.clusterAnalysisTemplate) : undefined,
    openRouted: (kind) => routed.get(`${kind.group}/${kind.plural}`),
    routed: (kind) => {
      const key = `${kind.group}/${kind.plural}`;
      const open =
        routed.get(key) ??
        caches.open(kind, { ...scope, mayBeRefused: true, indexes: { [STEERED]: steeredBy } } satisfies CacheOptions);
      routed.set(key, open);
      return open;
    },
  };
}

export function keyOf(object: KubeObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}

/** The key of the object of this kind that looks after another one, if one does. */
export function keyOfOwner(kind: ResourceKind, object: KubeObject): string | undefined {
  const owner = controllerOf(object);
  return owner?.kind === kind.kind ? `${object.metadata.namespace ?? ''}/${owner.name}` : undefined;
}

/** The key of an object under which Rollouts that read it are found. */
export function readKey(cache: ObjectCache, object: KubeObject): string {
  return refKey({
    kind: cache.kind,
    namespace: object.metadata.namespace ?? '',
    name: object.metadata.name,
  });
}

export function ownerUid(object: KubeObject): readonly string[] {
  const owner = controllerOf(object);
  return owner === undefined ? [] : [owner.uid];
}

function orphanedIn(object: KubeObject): readonly string[] {
  return ownerUid(object).length === 0 ? [object.metadata.namespace ?? ''] : [];
}

function analysedIn(rollout: Rollout): readonly string[] {
  const canary = rollout.spec.strategy?.canary;
  const blueGreen = rollout.spec.strategy?.blueGreen;
  const analysed =
    canary?.analysis !== undefined ||
    canary?.steps?.some((step) => step.analysis !== undefined || step.experiment !== undefined) === true ||
    blueGreen?.prePromotionAnalysis !== undefined ||
    blueGreen?.postPromotionAnalysis !== undefined;
  return analysed ? [rollout.metadata.namespace ?? '', ''] : [];
}

function measuredIn({ metadata, spec }: Experiment): readonly string[] {
  return (spec.analyses ?? []).length > 0 ? [metadata.namespace ?? '', ''] : [];
}

export function managerOf(service: KubeObject): readonly string[] {
  const manager = service.metadata.annotations?.[MANAGED_BY_ANNOTATION];
  return manager === undefined ? [] : [`${service.metadata.namespace ?? ''}/${manager}`];
}

/** Routes name the Rollouts that split their traffic, and a canary Ingress belongs to one. */
export function steeredBy(object: KubeObject): readonly string[] {
  const owner = keyOfOwner(KINDS.rollout, object);
  return owner === undefined ? activeRollouts(object) : [...activeRollouts(object), owner];
}

/** Keys of the Rollouts that a route names as splitting its traffic. */
export function activeRollouts({ metadata }: KubeObject): readonly string[] {
  const listed = metadata.annotations?.[ROUTE_ACTIVE_ROLLOUTS_ANNOTATION] ?? '';
  return listed
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => /^[^/]+\/[^/]+$/.test(entry));
}

function serviceOf(slice: EndpointSlice): readonly string[] {
  const service = slice.metadata.labels?.['kubernetes.io/service-name'];
  return service === undefined ? [] : [`${slice.metadata.namespace ?? ''}/${service}`];
}

/** Who wrote which field of a ReplicaSet is nobody's business here. */
function trimReplicaSet(replicaSet: ReplicaSet): ReplicaSet {
  const { managedFields: _dropped, ...metadata } = replicaSet.metadata;
  return { ...replicaSet, metadata };
}

/** A pass counts ready endpoints and asks whose they are; addresses, zones and ports are nobody's business here. */
function trimEndpointSlice(slice: EndpointSlice): EndpointSlice {
  const { name, namespace, uid, resourceVersion, labels } = slice.metadata;
  return {
    ...slice,
    metadata: { name, namespace, uid, resourceVersion, labels },
    endpoints: (slice.endpoints ?? []).map(({ addresses, conditions, targetRef }) => ({
      addresses,
      conditions,
      targetRef,
    })),
    ports: [],
  };
}
