import { controllerOf, type KubeObject } from '../../api/kube-object.ts';
import { fieldsAt, itemsAt, numberAt, textsAt, type Fields } from '../builtin/fields.ts';
import { selectorMatches } from '../builtin/selectors.ts';
import { ApiError } from '../status-error.ts';
import { withCondition, withoutCondition } from './conditions.ts';
import { writeStatus, type Controller, type ControllerContext } from './context.ts';
import { keyOf } from './mirror.ts';
import { claim } from './ownership.ts';
import { availableInMs, isActive, isReady } from './pod-facts.ts';
import { createPod, deletePod } from './pod-making.ts';
import { inOrderOfDeletion } from './replica-set-order.ts';
import { WorkQueue } from './work-queue.ts';

const RESOURCE = 'replicasets.apps';
const COMPONENT = 'replicaset-controller';
/** Pods made or deleted in one look; the rest follows in the next. */
const BURST_MAX = 500;

/** Keeps as many pods as each ReplicaSet asks for and tells in its status how they are. */
export function startReplicaSetController(context: ControllerContext): Controller {
  const queue = new WorkQueue({
    clock: context.clock,
    sync: (key) => syncReplicaSet(context, context.replicaSets.get(key)),
    onError: context.onError,
  });
  for (const key of context.replicaSets.keys()) queue.add(key);
  context.replicaSets.onChange(({ object }) => queue.add(keyOf(object)));
  context.pods.onChange(({ object, old }) => {
    for (const pod of old === undefined ? [object] : [object, old]) {
      for (const key of setsOf(context, pod)) queue.add(key);
    }
  });
  return queue;
}

/** The ReplicaSet that controls a pod, or those that could adopt it. */
function setsOf(context: ControllerContext, pod: KubeObject): readonly string[] {
  const controller = controllerOf(pod);
  const namespace = pod.metadata.namespace ?? '';
  if (controller !== undefined) return controller.kind === 'ReplicaSet' ? [`${namespace}/${controller.name}`] : [];
  return context.store
    .list(RESOURCE, namespace)
    .filter((set) => selectorMatches(fieldsAt(set, 'spec').selector, pod.metadata.labels ?? {}))
    .map(keyOf);
}

function syncReplicaSet(context: ControllerContext, set: KubeObject | undefined): number | undefined {
  if (set === undefined) return undefined;
  const pods = claim(context, context.pods, set, fieldsAt(set, 'spec').selector).filter(isActive);
  if (set.metadata.deletionTimestamp !== undefined) return reportStatus(context, set, { pods });
  const wanted = numberAt(set, 'spec', 'replicas') ?? 1;
  const failure = pods.length < wanted ? createMissing(context, set, wanted - pods.length) : undefined;
  if (pods.length > wanted) deleteSurplus(context, set, pods, pods.length - wanted);
  return reportStatus(context, set, { pods, failure });
}

function createMissing(context: ControllerContext, set: KubeObject, count: number): string | undefined {
  for (let made = 0; made < Math.min(count, BURST_MAX); made++) {
    try {
      const pod = createPod(context, set);
      const message = `Created pod: ${pod.metadata.name}`;
      context.events.record(set, { type: 'Normal', reason: 'SuccessfulCreate', message, component: COMPONENT });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const message = `Error creating: ${error.message}`;
      context.events.record(set, { type: 'Warning', reason: 'FailedCreate', message, component: COMPONENT });
      return error.message;
    }
  }
  return undefined;
}

function deleteSurplus(context: ControllerContext, set: KubeObject, pods: readonly KubeObject[], count: number): void {
  for (const pod of inOrderOfDeletion(pods).slice(0, Math.min(count, BURST_MAX))) {
    deletePod(context, pod);
    const message = `Deleted pod: ${pod.metadata.name}`;
    context.events.record(set, { type: 'Normal', reason: 'SuccessfulDelete', message, component: COMPONENT });
  }
}

/** Milliseconds until a pod that is ready becomes available, or until a failed creation is tried again. */
function reportStatus(
  context: ControllerContext,
  set: KubeObject,
  found: { readonly pods: readonly KubeObject[]; readonly failure?: string | undefined },
): number | undefined {
  const nowMs = context.clock.nowMs();
  const minReadySeconds = numberAt(set, 'spec', 'minReadySeconds') ?? 0;
  const templateLabels = { matchLabels: textsAt(set, 'spec', 'template', 'metadata', 'labels') };
  const waits = found.pods.map((pod) => availableInMs(pod, minReadySeconds, nowMs));
  const counts = {
    fullyLabeledReplicas: found.pods.filter((pod) => selectorMatches(templateLabels, pod.metadata.labels ?? {})).length,
    readyReplicas: found.pods.filter(isReady).length,
    availableReplicas: waits.filter((wait) => wait === 0).length,
  };
  const conditions = conditionsOf(set, found.failure, nowMs);
  writeStatus(context, RESOURCE, set, {
    replicas: found.pods.length,
    ...withoutZeros(counts),
    observedGeneration: set.metadata.generation,
    ...(conditions.length === 0 ? {} : { conditions }),
  });
  const later = waits.filter((wait) => wait !== undefined && wait > 0) as number[];
  if (found.failure !== undefined) later.push(FAILED_CREATE_RETRY_MS);
  return later.length === 0 ? undefined : Math.min(...later);
}

const FAILED_CREATE_RETRY_MS = 5_000;

function conditionsOf(set: KubeObject, failure: string | undefined, nowMs: number): readonly Fields[] {
  const conditions = itemsAt(set, 'status', 'conditions');
  if (failure === undefined) return withoutCondition(conditions, 'ReplicaFailure');
  return withCondition(
    conditions,
    { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: failure },
    nowMs,
  );
}

/** Counts as the API shows them: those that are zero are left out. */
export function withoutZeros(counts: Readonly<Record<string, number>>): Fields {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
}
