import { controllerOf, type KubeObject } from '../../api/kube-object.ts';
import { fieldsAt, itemsAt, numberAt, textAt } from '../builtin/fields.ts';
import { selectorMatches } from '../builtin/selectors.ts';
import { writeStatus, type Controller, type ControllerContext } from './context.ts';
import { deploymentStatus } from './deployment-status.ts';
import { byOwner, inNamespace, keyOf, Mirror } from './mirror.ts';
import { claim } from './ownership.ts';
import { annotateRevision, createNewSet, deleteOldHistory, newSetOf } from './deployment-revisions.ts';
import { plannedSizes, proportionalSizes } from './deployment-sizes.ts';
import { isTerminal } from './pod-facts.ts';
import { WorkQueue } from './work-queue.ts';

const RESOURCE = 'deployments.apps';
const SETS = 'replicasets.apps';
const COMPONENT = 'deployment-controller';
export const DESIRED_ANNOTATION = 'deployment.kubernetes.io/desired-replicas';

/** Rolls each Deployment's template out over its ReplicaSets, step by step, within its limits of surge and unavailability. */
export function startDeploymentController(context: ControllerContext): Controller {
  const deployments = new Mirror(context.store, RESOURCE, (deployment) => [
    inNamespace(deployment.metadata.namespace ?? ''),
  ]);
  const queue = new WorkQueue({
    clock: context.clock,
    sync: (key) => syncDeployment(context, deployments.get(key)),
    onError: context.onError,
  });
  for (const key of deployments.keys()) queue.add(key);
  deployments.onChange(({ object }) => queue.add(keyOf(object)));
  context.replicaSets.onChange(({ object, old }) => {
    for (const set of old === undefined ? [object] : [object, old]) {
      for (const key of deploymentsOf(deployments, set)) queue.add(key);
    }
  });
  context.pods.onChange(({ type, object }) => {
    const set = type === 'DELETED' || isTerminal(object) ? ownerSet(context, object) : undefined;
    if (set !== undefined) for (const key of deploymentsOf(deployments, set)) queue.add(key);
  });
  return {
    stop: () => {
      queue.stop();
      deployments.stop();
    },
  };
}

function ownerSet(context: ControllerContext, pod: KubeObject): KubeObject | undefined {
  const owner = controllerOf(pod);
  return owner?.kind === 'ReplicaSet' ? context.store.get(SETS, pod.metadata.namespace, owner.name) : undefined;
}

function deploymentsOf(deployments: Mirror, set: KubeObject): readonly string[] {
  const controller = controllerOf(set);
  const namespace = set.metadata.namespace ?? '';
  if (controller !== undefined) return controller.kind === 'Deployment' ? [`${namespace}/${controller.name}`] : [];
  return deployments
    .indexed(inNamespace(namespace))
    .filter((deployment) => selectorMatches(fieldsAt(deployment, 'spec').selector, set.metadata.labels ?? {}))
    .map(keyOf);
}

function syncDeployment(context: ControllerContext, deployment: KubeObject | undefined): number | undefined {
  if (deployment === undefined) return undefined;
  const sets = claim(context, context.replicaSets, deployment, fieldsAt(deployment, 'spec').selector);
  if (deployment.metadata.deletionTimestamp !== undefined) return report(context, deployment, sets);
  const paused = fieldsAt(deployment, 'spec').paused === true;
  const scaled = sets.find((set) => isScaling(set, deployment)) !== undefined;
  if (paused || scaled) {
    const resized = proportionalSizes(deployment, sets, newSetOf(deployment, sets));
    return report(context, deployment, resizeAll(context, deployment, sets, resized));
  }
  return rollOut(context, deployment, sets);
}

/** A change of `spec.replicas` alone: it is spread over the ReplicaSets before the rollout goes on. */
function isScaling(set: KubeObject, deployment: KubeObject): boolean {
  if ((numberAt(set, 'spec', 'replicas') ?? 0) === 0) return false;
  const desired = set.metadata.annotations?.[DESIRED_ANNOTATION];
  return desired !== undefined && Number(desired) !== (numberAt(deployment, 'spec', 'replicas') ?? 1);
}

function rollOut(context: ControllerContext, deployment: KubeObject, sets: readonly KubeObject[]): number | undefined {
  const recreates = textAt(deployment, 'spec', 'strategy', 'type') === 'Recreate';
  const known = newSetOf(deployment, sets);
  const old = sets.filter((set) => set !== known);
  if (recreates && old.some((set) => hasPods(context, set))) {
    const drained = resizeAll(context, deployment, sets, new Map(old.map((set) => [set.metadata.name, 0])));
    return report(context, deployment, drained);
  }
  const current = annotateRevision(context, deployment, known ?? createNewSet(context, deployment, sets), sets);
  const all = [current, ...old];
  const sizes = plannedSizes(deployment, current, old);
  const after = resizeAll(context, deployment, all, sizes);
  const newest = after.find((set) => set.metadata.uid === current.metadata.uid) ?? current;
  if (isComplete(deployment, newest))
    deleteOldHistory(
      context,
      deployment,
      after.filter((set) => set !== newest),
    );
  return report(context, deployment, after);
}

function hasPods(context: ControllerContext, set: KubeObject): boolean {
  return (
    (numberAt(set, 'spec', 'replicas') ?? 0) > 0 ||
    context.pods.indexed(byOwner(set.metadata.uid ?? '')).some((pod) => !isTerminal(pod))
  );
}

function isComplete(deployment: KubeObject, newest: KubeObject): boolean {
  return (numberAt(newest, 'status', 'availableReplicas') ?? 0) >= (numberAt(deployment, 'spec', 'replicas') ?? 1);
}

/** Writes the sizes that changed; returns the ReplicaSets as they are afterwards. */
function resizeAll(
  context: ControllerContext,
  deployment: KubeObject,
  sets: readonly KubeObject[],
  sizes: ReadonlyMap<string, number>,
): readonly KubeObject[] {
  return sets.map((set) => {
    const size = sizes.get(set.metadata.name) ?? numberAt(set, 'spec', 'replicas') ?? 0;
    return resize(context, deployment, set, size);
  });
}

function resize(context: ControllerContext, deployment: KubeObject, set: KubeObject, size: number): KubeObject {
  const before = numberAt(set, 'spec', 'replicas') ?? 0;
  const desired = String(numberAt(deployment, 'spec', 'replicas') ?? 1);
  if (before === size && (size === 0 || set.metadata.annotations?.[DESIRED_ANNOTATION] === desired)) return set;
  const annotations = { ...set.metadata.annotations, [DESIRED_ANNOTATION]: desired };
  const updated = context.store.update(SETS, {
    ...set,
    metadata: { ...set.metadata, annotations },
    spec: { ...fieldsAt(set, 'spec'), replicas: size },
  });
  context.replicaSets.refresh(set.metadata.namespace, set.metadata.name);
  if (before !== size) {
    const message = `Scaled ${size > before ? 'up' : 'down'} replica set ${set.metadata.name} from ${before} to ${size}`;
    context.events.record(deployment, { type: 'Normal', reason: 'ScalingReplicaSet', message, component: COMPONENT });
  }
  return updated;
}

function report(context: ControllerContext, deployment: KubeObject, sets: readonly KubeObject[]): number | undefined {
  const fresh = context.store.get(RESOURCE, deployment.metadata.namespace, deployment.metadata.name);
  if (fresh === undefined) return undefined;
  const nowMs = context.clock.nowMs();
  const { status, againMs } = deploymentStatus(fresh, sets, newSetOf(fresh, sets), nowMs);
  const kept = itemsAt(status, 'conditions');
  writeStatus(context, RESOURCE, fresh, { ...status, conditions: kept });
  return againMs;
}
