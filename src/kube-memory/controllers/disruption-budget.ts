import { controllerOf, type KubeObject } from '../../api/kube-object.ts';
import { fieldsAt, itemsAt, numberAt, textsAt } from '../builtin/fields.ts';
import { selectorMatches } from '../builtin/selectors.ts';
import { withCondition } from './conditions.ts';
import { writeStatus, type Controller, type ControllerContext } from './context.ts';
import { inNamespace, keyOf, Mirror } from './mirror.ts';
import { isActive, isReady, isTerminal } from './pod-facts.ts';
import { WorkQueue } from './work-queue.ts';

const RESOURCE = 'poddisruptionbudgets.policy';

/** Counts for each PodDisruptionBudget how many pods may be evicted at the moment. */
export function startDisruptionBudgetController(context: ControllerContext): Controller {
  const budgets = new Mirror(context.store, RESOURCE, (budget) => [inNamespace(budget.metadata.namespace ?? '')]);
  const queue = new WorkQueue({
    clock: context.clock,
    sync: (key) => syncBudget(context, budgets.get(key)),
    onError: context.onError,
  });
  for (const key of budgets.keys()) queue.add(key);
  budgets.onChange(({ object }) => queue.add(keyOf(object)));
  context.pods.onChange(({ object, old }) => {
    for (const budget of budgets.indexed(inNamespace(object.metadata.namespace ?? ''))) {
      const { selector } = fieldsAt(budget, 'spec');
      const touched = [object, old].some(
        (pod) => pod !== undefined && selectorMatches(selector, pod.metadata.labels ?? {}),
      );
      if (touched) queue.add(keyOf(budget));
    }
  });
  return {
    stop: () => {
      queue.stop();
      budgets.stop();
    },
  };
}

function syncBudget(context: ControllerContext, budget: KubeObject | undefined): undefined {
  if (budget === undefined || budget.metadata.deletionTimestamp !== undefined) return undefined;
  const nowMs = context.clock.nowMs();
  const selector = fieldsAt(budget, 'spec').selector;
  const pods = context.pods
    .indexed(inNamespace(budget.metadata.namespace ?? ''))
    .filter((pod) => selectorMatches(selector, pod.metadata.labels ?? {}) && !isTerminal(pod));
  const disrupted = textsAt(budget, 'status', 'disruptedPods');
  const healthy = pods.filter(
    (pod) => isActive(pod) && isReady(pod) && disrupted[pod.metadata.name] === undefined,
  ).length;
  const { expected, desired } = limitsOf(context, budget, pods);
  const allowed = expected === 0 ? 0 : Math.max(0, healthy - desired);
  const enough = allowed > 0;
  const conditions = withCondition(
    itemsAt(budget, 'status', 'conditions'),
    {
      type: 'DisruptionAllowed',
      status: enough ? 'True' : 'False',
      reason: enough ? 'SufficientPods' : 'InsufficientPods',
      message: '',
    },
    nowMs,
    { observedGeneration: budget.metadata.generation },
  );
  writeStatus(context, RESOURCE, budget, {
    disruptionsAllowed: allowed,
    currentHealthy: healthy,
    desiredHealthy: desired,
    expectedPods: expected,
    observedGeneration: budget.metadata.generation,
    conditions,
  });
  return undefined;
}

/** Percentages and maxUnavailable count from the sizes of the ReplicaSets behind the pods, a plain minAvailable from the pods. */
function limitsOf(
  context: ControllerContext,
  budget: KubeObject,
  pods: readonly KubeObject[],
): { readonly expected: number; readonly desired: number } {
  const { minAvailable, maxUnavailable } = fieldsAt(budget, 'spec');
  if (typeof minAvailable === 'number') return { expected: pods.length, desired: minAvailable };
  const expected = expectedPods(context, pods);
  if (typeof minAvailable === 'string') return { expected, desired: share(minAvailable, expected) };
  if (maxUnavailable === undefined) return { expected, desired: 0 };
  const unavailable =
    typeof maxUnavailable === 'string'
      ? share(maxUnavailable, expected)
      : (numberAt(budget, 'spec', 'maxUnavailable') ?? 0);
  return { expected, desired: Math.max(0, expected - unavailable) };
}

/** Shares are rounded up, as the API documents. */
function share(percent: string, total: number): number {
  return Math.ceil((Number.parseInt(percent, 10) * total) / 100);
}

function expectedPods(context: ControllerContext, pods: readonly KubeObject[]): number {
  const counted = new Set<string>();
  let expected = 0;
  for (const pod of pods) {
    const owner = controllerOf(pod);
    if (owner === undefined || counted.has(owner.uid)) continue;
    counted.add(owner.uid);
    const set =
      owner.kind === 'ReplicaSet'
        ? context.store.get('replicasets.apps', pod.metadata.namespace, owner.name)
        : undefined;
    expected += numberAt(set, 'spec', 'replicas') ?? 0;
  }
  return expected;
}
