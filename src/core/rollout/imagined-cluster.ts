import type {
  AnalysisPhase,
  AnalysisRun,
  AnalysisTemplate,
  ClusterAnalysisTemplate,
  MetricResult,
} from '../../api/analysis.ts';
import type { KubeObject } from '../../api/kube-object.ts';
import { createdMs, refKey } from '../../api/kube-object.ts';
import type { EventNotice, KubeWrite } from '../../api/kube-write.ts';
import { KINDS } from '../../api/kinds.ts';
import { MANAGED_BY_ANNOTATION, POD_TEMPLATE_HASH_LABEL } from '../../api/labels.ts';
import type { Experiment } from '../../api/experiment.ts';
import type { Rollout } from '../../api/rollout.ts';
import type { EndpointSlice, ReplicaSet, Service } from '../../api/workloads.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import { applyMergePatch } from '../../lib/merge-patch.ts';
import { formatTimestamp } from '../../lib/timestamp.ts';
import type { Decision, Effect } from '../decision.ts';
import type { Observation } from '../observation.ts';
import type { ManagedRoute, TrafficObservation } from '../traffic.ts';
import type { ConfigObservation } from '../versioned-config/resolve.ts';
import { experimentAt, experimentEndsAtMs, isBroken } from './imagined-experiment.ts';
import { canarySettingsOf } from './canary-settings.ts';
import { referencesOf } from './references.ts';
import { sizeOf } from './replica-set.ts';
import { aimOf } from './service-aim.ts';

/**
 * A cluster as plain data: what `headgate plan` plays an update on, and tests their scenarios. It does to ReplicaSets,
 * pods, endpoints and weights what a cluster would do, without any of its delays but those that are given.
 */
export interface ImaginedCluster {
  readonly nowMs: number;
  readonly version: number;
  readonly rollout: Rollout;
  readonly replicaSets: readonly ReplicaSet[];
  /** By name of the ReplicaSet: when each pod becomes available. */
  readonly podsReadyAtMs: Readonly<Record<string, readonly number[]>>;
  readonly services: Readonly<Record<string, Service | null>>;
  /** What the Rollout takes its template from. */
  readonly workload?: KubeObject | null;
  /** ConfigMaps and Secrets, where their content belongs to the versions. */
  readonly config?: ConfigObservation;
  /** Canary weight that the one router shows; undefined without a router. */
  readonly weight: number | undefined;
  /** What steps have set at the router beside the weight. */
  readonly managedRoutes: readonly ManagedRoute[];
  /** Why the router cannot be used, when it cannot. */
  readonly routerProblem: string | undefined;
  readonly analysisRuns: readonly AnalysisRun[];
  readonly experiments: readonly Experiment[];
  readonly analysisTemplates: Readonly<Record<string, AnalysisTemplate | null>>;
  readonly clusterAnalysisTemplates: Readonly<Record<string, ClusterAnalysisTemplate | null>>;
  /** Every write but events, in order: what it cost. */
  readonly writes: readonly string[];
  readonly events: readonly EventNotice[];
  readonly habits: ClusterHabits;
}

export interface ClusterHabits {
  /** From the start of a pod to its availability. */
  readonly podStartMs: number;
  /** How long a weight takes to reach a data plane that reports nothing; undefined for one that reports. */
  readonly propagationMs: number | undefined;
  /** Pods of these images never become available. */
  readonly brokenImages: readonly string[];
  /** The verdict of every AnalysisRun once it has run this long; undefined leaves runs alone. */
  readonly analysis:
    | { readonly phase: 'Successful' | 'Failed' | 'Error' | 'Inconclusive'; readonly afterMs: number }
    | undefined;
}

const HABITS: ClusterHabits = { podStartMs: 0, propagationMs: undefined, brokenImages: [], analysis: undefined };

export interface NewCluster {
  readonly rollout: Rollout;
  readonly nowMs: number;
  readonly habits?: Partial<ClusterHabits>;
  readonly analysisTemplates?: Readonly<Record<string, AnalysisTemplate | null>>;
  readonly clusterAnalysisTemplates?: Readonly<Record<string, ClusterAnalysisTemplate | null>>;
  readonly workload?: KubeObject;
}

/** A cluster with nothing in it but the Rollout, and what it refers to. */
export function imagineCluster(input: NewCluster): ImaginedCluster {
  const { rollout, nowMs } = input;
  const namespace = rollout.metadata.namespace ?? 'default';
  const services = referencesOf(rollout).services.map((name): [string, Service] => [
    name,
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace, uid: `service-${name}`, resourceVersion: '1' },
      spec: { selector: rollout.spec.selector?.matchLabels ?? {} },
    },
  ]);
  return {
    nowMs,
    version: 1,
    rollout: {
      ...rollout,
      metadata: {
        generation: 1,
        uid: `rollout-${rollout.metadata.name}`,
        ...rollout.metadata,
        namespace,
        resourceVersion: '1',
      },
    },
    replicaSets: [],
    podsReadyAtMs: {},
    services: Object.fromEntries(services),
    weight: weightAtFirst(rollout),
    managedRoutes: [],
    routerProblem: undefined,
    analysisRuns: [],
    experiments: [],
    analysisTemplates: input.analysisTemplates ?? {},
    clusterAnalysisTemplates: input.clusterAnalysisTemplates ?? {},
    ...(input.workload === undefined ? {} : { workload: input.workload }),
    writes: [],
    events: [],
    habits: { ...HABITS, ...input.habits },
  };
}

/** Of two ping-pong Services it is ping that becomes the stable one, so whoever writes the route gives it everything. */
function weightAtFirst(rollout: Rollout): number | undefined {
  const { hasRouter, pingPong, weightTotal } = canarySettingsOf(rollout.spec);
  if (!hasRouter) return undefined;
  return pingPong ? weightTotal : 0;
}

export function observe(cluster: ImaginedCluster): Observation {
  return {
    nowMs: cluster.nowMs,
    rollout: cluster.rollout,
    replicaSets: cluster.replicaSets,
    services: cluster.services,
    formerServices: formerServicesOf(cluster),
    endpointSlices: Object.fromEntries(
      Object.keys(cluster.services).map((name) => [name, [endpointsOf(cluster, name)]]),
    ),
    traffic: trafficOf(cluster),
    analysisRuns: cluster.analysisRuns,
    experiments: cluster.experiments,
    analysisTemplates: cluster.analysisTemplates,
    clusterAnalysisTemplates: cluster.clusterAnalysisTemplates,
    pods: [],
    workload: cluster.workload,
    ...(cluster.config === undefined ? {} : { config: cluster.config }),
    options: { propagationDelayMs: cluster.habits.propagationMs ?? 0 },
  };
}

function formerServicesOf(cluster: ImaginedCluster): readonly Service[] {
  const named = referencesOf(cluster.rollout).services;
  return Object.values(cluster.services)
    .filter((service) => service !== null)
    .filter(({ metadata }) => metadata.annotations?.[MANAGED_BY_ANNOTATION] === cluster.rollout.metadata.name)
    .filter(({ metadata }) => !named.includes(metadata.name));
}

function trafficOf(cluster: ImaginedCluster): readonly TrafficObservation[] {
  if (cluster.weight === undefined) return [];
  const routerId = 'imagined';
  if (cluster.routerProblem !== undefined) return [{ routerId, state: 'unusable', message: cluster.routerProblem }];
  const { weightTotal } = canarySettingsOf(cluster.rollout.spec);
  const acceptance = cluster.habits.propagationMs === undefined ? 'accepted' : 'unknown';
  const { weight: canaryWeight, managedRoutes } = cluster;
  return [{ routerId, state: 'known', canaryWeight, weightTotal, acceptance, managedRoutes }];
}

function endpointsOf(cluster: ImaginedCluster, name: string): EndpointSlice {
  const aim = aimOf(cluster.services[name] ?? undefined);
  const endpoints = cluster.replicaSets
    .filter((replicaSet) => aim === undefined || replicaSet.metadata.labels?.[POD_TEMPLATE_HASH_LABEL] === aim)
    .flatMap((replicaSet) =>
      (cluster.podsReadyAtMs[replicaSet.metadata.name] ?? [])
        .filter((atMs) => atMs <= cluster.nowMs)
        .map((_, index) => ({
          addresses: ['10.0.0.1'],
          conditions: { ready: true },
          targetRef: { kind: 'Pod', name: `${replicaSet.metadata.name}-${index}` },
        })),
    );
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name },
    addressType: 'IPv4',
    endpoints,
  };
}

export interface Carried {
  readonly cluster: ImaginedCluster;
  /** False when the decision asked for nothing. */
  readonly changed: boolean;
}

/** Records the status and carries out the effects, as the shell does; at most `effectsMax` of them, for a crash in between. */
export function carryOut(cluster: ImaginedCluster, decision: Decision, effectsMax = Number.POSITIVE_INFINITY): Carried {
  let next = cluster;
  const statusDiffers = !deepEqual(cluster.rollout.status ?? {}, decision.status);
  if (statusDiffers && effectsMax >= 0) {
    const status = JSON.parse(JSON.stringify(decision.status)) as Rollout['status'];
    next = withRollout(withRoles(next, decision), { ...next.rollout, status }, 'status');
  }
  const effects = decision.effects.slice(0, Math.max(0, effectsMax));
  for (const effect of effects) next = carryOutEffect(next, effect);
  return {
    cluster: { ...next, events: [...next.events, ...decision.events] },
    changed: statusDiffers || decision.effects.length > 0,
  };
}

/** Where ping-pong Services swap their roles, what the route shows of the canary is what it showed of stable. */
function withRoles(cluster: ImaginedCluster, { status }: Decision): ImaginedCluster {
  const { pingPong, weightTotal } = canarySettingsOf(cluster.rollout.spec);
  const before = cluster.rollout.status?.canary?.stablePingPong;
  if (!pingPong || cluster.weight === undefined || before === status.canary?.stablePingPong) return cluster;
  return { ...cluster, weight: weightTotal - cluster.weight };
}

function withRollout(cluster: ImaginedCluster, rollout: Rollout, what: string): ImaginedCluster {
  const version = cluster.version + 1;
  return {
    ...cluster,
    version,
    rollout: { ...rollout, metadata: { ...rollout.metadata, resourceVersion: String(version) } },
    writes: [...cluster.writes, what],
  };
}

function carryOutEffect(cluster: ImaginedCluster, effect: Effect): ImaginedCluster {
  if (effect.type === 'shift') {
    if (cluster.routerProblem !== undefined) return cluster;
    return {
      ...cluster,
      weight: effect.plan.canaryWeight,
      managedRoutes: effect.plan.managedRoutes ?? [],
      writes: [...cluster.writes, `shift ${effect.plan.canaryWeight}`],
    };
  }
  return carryOutWrite(cluster, effect.write);
}

function carryOutWrite(cluster: ImaginedCluster, write: KubeWrite): ImaginedCluster {
  switch (write.verb) {
    case 'create':
      return created(cluster, write.object);
    case 'patch':
      return patched(cluster, write);
    case 'delete':
      return deleted(cluster, write);
    case 'apply':
    case 'evict':
      return { ...cluster, writes: [...cluster.writes, `${write.verb} ${refKey(write.ref)}`] };
  }
}

function created(cluster: ImaginedCluster, object: KubeObject): ImaginedCluster {
  const version = cluster.version + 1;
  const made = {
    ...(JSON.parse(JSON.stringify(object)) as KubeObject),
    metadata: {
      ...object.metadata,
      uid: `${object.kind}-${object.metadata.name}`,
      resourceVersion: String(version),
      creationTimestamp: formatTimestamp(cluster.nowMs),
    },
  };
  const writes = [...cluster.writes, `create ${object.kind} ${object.metadata.name}`];
  if (object.kind === 'ReplicaSet')
    return { ...cluster, version, writes, replicaSets: [...cluster.replicaSets, made as ReplicaSet] };
  if (object.kind === 'Experiment')
    return { ...cluster, version, writes, experiments: [...cluster.experiments, made as Experiment] };
  if (object.kind === 'ConfigMap' || object.kind === 'Secret')
    return { ...cluster, version, writes, config: withCopies(cluster, (copies) => [...copies, made]) };
  return { ...cluster, version, writes, analysisRuns: [...cluster.analysisRuns, made as AnalysisRun] };
}

function withCopies(
  { config }: ImaginedCluster,
  change: (copies: ConfigObservation['copies']) => ConfigObservation['copies'],
): ConfigObservation {
  const { copies = [], sources = {}, refused = [] } = config ?? {};
  return { sources, refused, copies: change(copies) };
}

type Patch = Extract<KubeWrite, { verb: 'patch' }>;

function patched(cluster: ImaginedCluster, write: Patch): ImaginedCluster {
  const { name } = write.ref;
  const version = String(cluster.version + 1);
  const apply = <T extends KubeObject>(object: T): T => {
    if (object.metadata.name !== name) return object;
    const { metadata = {}, ...body } = write.body as { readonly metadata?: Readonly<Record<string, unknown>> };
    const { resourceVersion: _, ...rest } = metadata;
    const next = applyMergePatch(object, { ...body, metadata: rest }) as T;
    return { ...next, metadata: { ...next.metadata, resourceVersion: version } };
  };
  const writes = [...cluster.writes, `patch ${write.ref.kind.kind} ${name}`];
  const next = { ...cluster, version: cluster.version + 1, writes };
  switch (write.ref.kind.kind) {
    case KINDS.rollout.kind:
      return { ...next, rollout: apply(cluster.rollout) };
    case KINDS.replicaSet.kind:
      return { ...next, replicaSets: cluster.replicaSets.map(apply) };
    case KINDS.analysisRun.kind:
      return { ...next, analysisRuns: cluster.analysisRuns.map(apply) };
    case KINDS.experiment.kind:
      return { ...next, experiments: cluster.experiments.map(apply) };
    case KINDS.deployment.kind: {
      const { workload } = cluster;
      return workload === undefined || workload === null ? next : { ...next, workload: apply(workload) };
    }
    default: {
      const service = cluster.services[name];
      return service === undefined || service === null
        ? next
        : { ...next, services: { ...cluster.services, [name]: apply(service) } };
    }
  }
}

function deleted(cluster: ImaginedCluster, write: Extract<KubeWrite, { verb: 'delete' }>): ImaginedCluster {
  const others = <T extends KubeObject>(list: readonly T[]): readonly T[] =>
    list.filter((object) => object.metadata.name !== write.ref.name);
  const writes = [...cluster.writes, `delete ${write.ref.kind.kind} ${write.ref.name}`];
  switch (write.ref.kind.kind) {
    case KINDS.replicaSet.kind:
      return { ...cluster, writes, replicaSets: others(cluster.replicaSets) };
    case KINDS.experiment.kind:
      return { ...cluster, writes, experiments: others(cluster.experiments) };
    case KINDS.configMap.kind:
    case KINDS.secret.kind:
      return { ...cluster, writes, config: withCopies(cluster, others) };
    default:
      return { ...cluster, writes, analysisRuns: others(cluster.analysisRuns) };
  }
}

/** What the cluster does by itself at this moment: pods come, become ready and go; measurements end. */
export function settle(cluster: ImaginedCluster): ImaginedCluster {
  const pods: Record<string, readonly number[]> = {};
  const replicaSets = cluster.replicaSets.map((replicaSet) => {
    const { name } = replicaSet.metadata;
    const readyAtMs = sized(cluster, replicaSet);
    pods[name] = readyAtMs;
    return withPods(replicaSet, {
      pods: readyAtMs.length,
      available: readyAtMs.filter((atMs) => atMs <= cluster.nowMs).length,
    });
  });
  return {
    ...cluster,
    replicaSets,
    podsReadyAtMs: pods,
    analysisRuns: cluster.analysisRuns.map((run) => measured(cluster, run)),
    experiments: cluster.experiments.map((one) => experimentAt(one, cluster.nowMs, cluster.habits)),
  };
}

function sized(cluster: ImaginedCluster, replicaSet: ReplicaSet): readonly number[] {
  const before = [...(cluster.podsReadyAtMs[replicaSet.metadata.name] ?? [])].sort((left, right) => left - right);
  const size = sizeOf(replicaSet);
  const readyAtMs = isBroken(replicaSet.spec.template, cluster.habits)
    ? Number.POSITIVE_INFINITY
    : cluster.nowMs + cluster.habits.podStartMs;
  const added = Array.from({ length: Math.max(0, size - before.length) }, () => readyAtMs);
  return [...before.slice(0, size), ...added];
}

function withPods(
  replicaSet: ReplicaSet,
  { pods, available }: { readonly pods: number; readonly available: number },
): ReplicaSet {
  const status = { replicas: pods, readyReplicas: available, availableReplicas: available };
  return deepEqual(replicaSet.status, status) ? replicaSet : { ...replicaSet, status };
}

function measured(cluster: ImaginedCluster, run: AnalysisRun): AnalysisRun {
  if (run.spec.terminate === true && run.status?.phase !== 'Failed')
    return { ...run, status: { phase: 'Successful', message: 'Run Terminated' } };
  const { analysis } = cluster.habits;
  if (analysis === undefined || run.status?.phase === analysis.phase) return run;
  const startedMs = createdMs(run);
  if (cluster.nowMs < startedMs + analysis.afterMs) return { ...run, status: { phase: 'Running' } };
  return { ...run, status: { phase: analysis.phase, message: '', metricResults: resultsOf(run, analysis.phase) } };
}

/** Every metric was measured once. */
function resultsOf(run: AnalysisRun, phase: AnalysisPhase): readonly MetricResult[] {
  return run.spec.metrics.map(({ name }) => ({ name, phase, count: 1, measurements: [{ phase }] }));
}

/** The next moment at which a pod or a measurement changes by itself. */
export function nextChangeMs(cluster: ImaginedCluster): number | undefined {
  const pods = Object.values(cluster.podsReadyAtMs).flat();
  const { analysis } = cluster.habits;
  const runs = analysis === undefined ? [] : cluster.analysisRuns.map((run) => createdMs(run) + analysis.afterMs);
  const experiments = cluster.experiments.map((one) => experimentEndsAtMs(one, cluster.habits));
  const ahead = [...pods, ...runs, ...experiments].filter((atMs) => atMs > cluster.nowMs && Number.isFinite(atMs));
  return ahead.length === 0 ? undefined : Math.min(...ahead);
}
