import type { KubeObject } from '../api/kube-object.ts';
import { deleteObject } from './delete.ts';
import { isObject, listAt, stringAt, valueAt } from './json-value.ts';
import type { DeleteOptions } from './resource.ts';
import { matchesLabelSelector } from './selectors.ts';
import type { ServerState } from './server-state.ts';
import { internalError, tooManyRequests } from './status-error.ts';
import type { Target } from './target.ts';
import { storedObject } from './write.ts';

const BUDGETS = 'poddisruptionbudgets.policy';

/**
 * Deletes a pod unless a PodDisruptionBudget that selects it has no disruption left (429). Budgets are counted from the pods as they
 * are, so they hold with or without a controller that keeps their status.
 */
export function evictPod(
  server: ServerState,
  target: Target,
  options: DeleteOptions & { readonly dryRun?: boolean },
): void {
  const pod = storedObject(server, target);
  const budgets = budgetsOf(server, pod);
  if (budgets.length > 1 && !isFinished(pod))
    throw internalError(
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    );
  const [budget] = budgets;
  if (budget !== undefined && !isFinished(pod) && isHealthy(pod)) {
    throwIfSpent(server, budget);
    if (options.dryRun !== true) countDown(server, budget);
  }
  deleteObject(server, target, options);
}

function budgetsOf(server: ServerState, pod: KubeObject): readonly KubeObject[] {
  const budgets = server.store.collection(BUDGETS).objects(pod.metadata.namespace ?? '');
  return [...budgets].filter((budget) =>
    matchesLabelSelector(valueAt(budget, ['spec', 'selector']), pod.metadata.labels ?? {}),
  );
}

function throwIfSpent(server: ServerState, budget: KubeObject): void {
  const pods = [...server.store.collection('pods').objects(budget.metadata.namespace ?? '')].filter(
    (pod) => !isFinished(pod) && matchesLabelSelector(valueAt(budget, ['spec', 'selector']), pod.metadata.labels ?? {}),
  );
  const healthy = pods.filter((pod) => isHealthy(pod) && pod.metadata.deletionTimestamp === undefined).length;
  const needed = healthyNeeded(budget, pods.length);
  if (healthy > needed) return;
  const message = `The disruption budget ${budget.metadata.name} needs ${needed} healthy pods and has ${healthy} currently`;
  throw tooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", {
    causes: [{ reason: 'DisruptionBudget', message }],
  });
}

/** What the budget shows as allowed is used up at once, before any controller has counted again. */
function countDown(server: ServerState, budget: KubeObject): void {
  const status = valueAt(budget, ['status']);
  const allowed = valueAt(budget, ['status', 'disruptionsAllowed']);
  if (!isObject(status) || typeof allowed !== 'number' || allowed <= 0) return;
  server.store.put(BUDGETS, { ...budget, status: { ...status, disruptionsAllowed: allowed - 1 } });
}

function healthyNeeded(budget: KubeObject, podCount: number): number {
  const minAvailable = valueAt(budget, ['spec', 'minAvailable']);
  if (minAvailable !== undefined) return countOf(minAvailable, podCount);
  const maxUnavailable = valueAt(budget, ['spec', 'maxUnavailable']);
  return Math.max(0, podCount - (maxUnavailable === undefined ? 1 : countOf(maxUnavailable, podCount)));
}

/** An int-or-percent; shares of pods are rounded up. */
function countOf(value: unknown, podCount: number): number {
  if (typeof value === 'number') return value;
  const percent = /^(\d+)%$/.exec(String(value));
  return percent === null ? 0 : Math.ceil((Number(percent[1]) * podCount) / 100);
}

function isFinished(pod: KubeObject): boolean {
  const phase = stringAt(pod, 'status', 'phase');
  return phase === 'Succeeded' || phase === 'Failed' || pod.metadata.deletionTimestamp !== undefined;
}

function isHealthy(pod: KubeObject): boolean {
  return listAt(pod, 'status', 'conditions').some(
    (each) => isObject(each) && each['type'] === 'Ready' && each['status'] === 'True',
  );
}
