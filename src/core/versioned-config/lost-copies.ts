import { removeCondition, upsertConditionWithMessage } from '../../api/conditions.ts';
import type { RolloutCondition } from '../../api/rollout.ts';
import { configKey, versionedConfigOf } from '../../api/versioned-config.ts';
import { formatTimestamp } from '../../lib/timestamp.ts';
import { podsOf, sizeOf } from '../rollout/replica-set.ts';
import { revisionOf } from '../rollout/revisions.ts';
import type { World } from '../rollout/world.ts';
import { copyKey, isCopyName, type ConfigObject } from './copy.ts';
import { configReferences } from './references.ts';

const CONDITION = 'ConfigLost';

/** What no source holds any more cannot be made anew, and pods that start again would wait for it without end. */
export function withLostCopies(world: World, conditions: readonly RolloutCondition[]): readonly RolloutCondition[] {
  const { config } = world.observation;
  // Without a look at the copies nothing is known: what was said stays.
  if (config !== undefined && config.refused.length > 0) return conditions;
  const lost = config === undefined ? [] : lostIn(world, config.copies);
  if (lost.length === 0) return removeCondition(conditions, CONDITION);
  const message =
    `${[...new Set(lost)].join(', ')} was deleted: pods that start again cannot read it; ` +
    'go on to another revision, or put the content back where it was copied from';
  const fact = { type: CONDITION, status: 'True', reason: 'CopyDeleted', message } as const;
  return upsertConditionWithMessage(conditions, fact, formatTimestamp(world.nowMs));
}

function lostIn(world: World, copies: readonly ConfigObject[]): readonly string[] {
  const present = new Set([...copies, ...world.missingCopies].map(copyKey));
  const withPods = world.replicaSets.filter((replicaSet) => sizeOf(replicaSet) + podsOf(replicaSet) > 0);
  return withPods.flatMap((replicaSet) => {
    // A copy of the Rollout's annotation, as the version was made with it.
    const versioned = versionedConfigOf(replicaSet);
    if (versioned === undefined) return [];
    return configReferences(replicaSet.spec.template)
      .filter((reference) => isCopyName(reference, versioned) && !present.has(configKey(reference)))
      .map(({ kind, name }) => `${kind} "${name}" of revision ${revisionOf(replicaSet)}`);
  });
}
