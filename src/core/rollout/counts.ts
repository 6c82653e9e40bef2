import type { LabelSelector, RolloutStatus } from '../../api/rollout.ts';
import { POD_TEMPLATE_HASH_LABEL } from '../../api/labels.ts';
import { isEmptySelector } from '../../api/validation/label-selector.ts';
import type { ReplicaSet } from '../../api/workloads.ts';
import { activeReplicaSet } from './blue-green.ts';
import type { Position } from './position.ts';
import { availableOf, hashOf, podsOf, readyOf, sum } from './replica-set.ts';
import { rolesOf, type World } from './world.ts';

export type Counts = Pick<
  RolloutStatus,
  'replicas' | 'updatedReplicas' | 'readyReplicas' | 'availableReplicas' | 'HPAReplicas' | 'selector'
>;

/** Pods as the status counts them: of all versions, but in blue-green those that serve are of the active one only. */
export function countsOf(world: World, position: Position): Counts {
  const active = activeReplicaSet(world);
  const serving = active === undefined ? world.replicaSets : [active];
  return {
    replicas: sum(world.replicaSets, podsOf),
    updatedReplicas: podsOf(rolesOf(world, position).current),
    readyReplicas: sum(serving, readyOf),
    availableReplicas: sum(serving, availableOf),
    HPAReplicas: active === undefined ? scaledPods(world) : podsOf(active),
    selector: scaledSelector(world, active),
  };
}

/** Without its workload, which has the selector, the one that was known goes on, so that an autoscaler does. */
function scaledSelector(world: World, active: ReplicaSet | undefined): string {
  const selector = world.rollout.spec.selector ?? {};
  if (isEmptySelector(selector)) return world.status.selector ?? '';
  if (active === undefined) return selectorText(selector);
  const matchLabels = { ...selector.matchLabels, [POD_TEMPLATE_HASH_LABEL]: hashOf(active) };
  return selectorText({ ...selector, matchLabels });
}

/**
 * Pods that an autoscaler counts with: min(pods of all versions, spec.replicas). What an update has on top would raise the
 * number that is asked for next, which raises the update's own, and so on.
 */
function scaledPods(world: World): number {
  return Math.min(sum(world.replicaSets, podsOf), world.settings.replicas);
}

/** A selector as the scale subresource has it: `app=shop,tier in (a,b)`. */
export function selectorText(selector: LabelSelector): string {
  const terms = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => ({ key, text: `${key}=${value}` }));
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
    const list = `(${[...values].sort().join(',')})`;
    const text =
      operator === 'In'
        ? `${key} in ${list}`
        : operator === 'NotIn'
          ? `${key} notin ${list}`
          : operator === 'Exists'
            ? key
            : `!${key}`;
    terms.push({ key, text });
  }
  return terms
    .sort((left, right) => (left.key < right.key ? -1 : left.key > right.key ? 1 : 0))
    .map((term) => term.text)
    .join(',');
}
