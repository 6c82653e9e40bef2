import { roleServicesOf } from '../../src/api/role-services.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import type { HttpRoute, Ingress, Service } from '../../src/api/workloads.ts';
import { imageOf, NAMESPACE, weightIn } from './data-plane.ts';
import type { SimWorld } from './sim-world.ts';

/** How a run ended, without what differs from run to run: uids, versions, times. */
export interface Snapshot {
  /** What users and traffic see; the same however often somebody interfered. */
  readonly core: Readonly<Record<string, unknown>>;
  /** Everything else that a fault must not change. */
  readonly rest: Readonly<Record<string, unknown>>;
}

export function takeSnapshot(world: SimWorld): Snapshot {
  return { core: coreOf(world), rest: restOf(world) };
}

function coreOf(world: SimWorld): Snapshot['core'] {
  const { rollout, replicaSets } = world;
  const status = rollout?.status;
  const imageOfHash = (hash: string | undefined): string => {
    const found = replicaSets.find(({ metadata }) => metadata.labels?.['rollouts-pod-template-hash'] === hash);
    return found === undefined ? '' : imageOf(found);
  };
  const services = world.api.store.list('services', NAMESPACE) as readonly Service[];
  return {
    replicas: rollout?.spec.replicas,
    phase: status?.phase,
    stepIndex: status?.currentStepIndex,
    pauses: status?.pauseConditions?.map(({ reason }) => reason),
    controllerPause: status?.controllerPause,
    abort: status?.abort,
    promoteFull: status?.promoteFull,
    stable: imageOfHash(status?.stableRS),
    current: imageOfHash(status?.currentPodHash),
    sizes: Object.fromEntries(
      replicaSets
        .filter(({ spec }) => (spec.replicas ?? 1) > 0)
        .map((replicaSet) => [imageOf(replicaSet), [replicaSet.spec.replicas, replicaSet.status?.availableReplicas]])
        .toSorted(byText),
    ),
    services: Object.fromEntries(
      services
        .filter(({ metadata }) => metadata.name !== idleService(rollout))
        .map(({ metadata, spec }) => [metadata.name, imageOfHash(spec.selector?.['rollouts-pod-template-hash'])]),
    ),
    weights: weightsOf(world),
    workload: world.deployment?.spec.replicas,
    commits: world.repository.log().map(({ byMachine, message }) => [byMachine, message.split('\n')[0]]),
  };
}

/** Of ping-pong Services, the one without traffic is nobody's until the next update, whatever others make it select. */
function idleService(rollout: Rollout | undefined): string | undefined {
  const { spec, status } = rollout ?? {};
  const canary = spec?.strategy?.canary ?? {};
  const isPingPong = canary.pingPong !== undefined && status?.stableRS === status?.currentPodHash;
  return isPingPong ? roleServicesOf(canary, status?.canary?.stablePingPong).canary : undefined;
}

function weightsOf(world: SimWorld): unknown {
  const { store } = world.api;
  const routes = store.list('httproutes.gateway.networking.k8s.io', NAMESPACE) as readonly HttpRoute[];
  const ingresses = store.list('ingresses.networking.k8s.io', NAMESPACE) as readonly Ingress[];
  return {
    routes: routes.map((route) => [weightIn(route), route.spec.rules?.length, route.metadata.labels ?? {}]),
    ingresses: ingresses.map(({ metadata }) => [metadata.name, metadata.annotations ?? {}]),
    shown: world.dataPlane.canaryWeight,
  };
}

function restOf(world: SimWorld): Snapshot['rest'] {
  const { rollout, replicaSets, gitSource } = world;
  const status = rollout?.status;
  const runs = world.api.store.list('analysisruns.argoproj.io', NAMESPACE);
  return {
    message: status?.message,
    conditions: (status?.conditions ?? [])
      .map(({ type, status: holds, reason }) => `${type} ${holds} ${reason}`)
      .sort(),
    counts: [status?.replicas, status?.updatedReplicas, status?.readyReplicas, status?.availableReplicas],
    weights: status?.canary?.weights,
    revision: rollout?.metadata.annotations?.['rollout.argoproj.io/revision'],
    replicaSets: replicaSets
      .map(({ metadata, spec }) => [
        metadata.name,
        spec.replicas,
        metadata.annotations?.['rollout.argoproj.io/revision'],
        metadata.annotations?.['scale-down-deadline'] === undefined ? 'kept' : 'draining',
      ])
      .toSorted(byText),
    runs: runs
      .map(({ metadata, ...run }) => [metadata.name, (run['status'] as { phase?: string })?.phase])
      .toSorted(byText),
    experiments: world.api.store
      .list('experiments.argoproj.io', NAMESPACE)
      .map(({ metadata, ...experiment }) => [metadata.name, (experiment['status'] as { phase?: string })?.phase])
      .toSorted(byText),
    pods: world.api.store.list('pods', NAMESPACE).length,
    slack: world.slack.messages.length,
    restarted: status?.restartedAt !== undefined,
    selectors: [status?.blueGreen?.activeSelector, status?.blueGreen?.previewSelector],
    gitSource: [
      (gitSource?.status?.conditions ?? [])
        .map(({ type, status: holds, reason }) => `${type} ${holds} ${reason}`)
        .sort(),
      (gitSource?.status?.reverts ?? []).map(({ state }) => state),
    ],
  };
}

function byText(left: unknown, right: unknown): number {
  return JSON.stringify(left) < JSON.stringify(right) ? -1 : 1;
}
