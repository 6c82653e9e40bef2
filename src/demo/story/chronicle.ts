import type { RolloutView, Weights } from './rollout-view.ts';

/** What has happened so far, gathered from every change that the API server showed, so that nothing brief is missed. */
export interface Chronicle {
  /** Tags that became stable: the Rollout was Healthy with all traffic theirs. */
  readonly promoted: readonly string[];
  readonly aborted: readonly { readonly tag: string; readonly hash: string }[];
  /** Highest canary weight that was seen while a tag was the new one. */
  readonly highestWeights: Readonly<Record<string, number>>;
  /** A canary weight that rose after an abort and before the next change of the template. */
  readonly roseAfterAbort: readonly { readonly tag: string; readonly from: number; readonly to: number }[];
}

export const EMPTY_CHRONICLE: Chronicle = { promoted: [], aborted: [], highestWeights: {}, roseAfterAbort: [] };

/** Takes one state of the Rollout and its route into account, with the weight that was seen before. */
export function continueChronicle(
  chronicle: Chronicle,
  seen: { readonly rollout: RolloutView; readonly weights: Weights | undefined; readonly weightBefore: number },
): Chronicle {
  const { rollout, weights, weightBefore } = seen;
  const { tag } = rollout;
  const weight = weights?.canary ?? 0;
  const isNew = rollout.currentHash !== rollout.stableHash;
  const newlyPromoted = isPromoted(rollout) && !chronicle.promoted.includes(tag);
  const newlyAborted =
    rollout.aborted && isNew && rollout.observed && !chronicle.aborted.some(({ hash }) => hash === rollout.currentHash);
  const rose = rollout.aborted && rollout.observed && weight > weightBefore;
  const highest = isNew ? Math.max(chronicle.highestWeights[tag] ?? 0, weight) : undefined;
  return {
    promoted: newlyPromoted ? [...chronicle.promoted, tag] : chronicle.promoted,
    aborted: newlyAborted ? [...chronicle.aborted, { tag, hash: rollout.currentHash }] : chronicle.aborted,
    highestWeights: highest === undefined ? chronicle.highestWeights : { ...chronicle.highestWeights, [tag]: highest },
    roseAfterAbort: rose
      ? [...chronicle.roseAfterAbort, { tag, from: weightBefore, to: weight }]
      : chronicle.roseAfterAbort,
  };
}

/** Whether the version that the spec asks for is the stable one, and the Rollout is at rest. */
export function isPromoted(rollout: RolloutView): boolean {
  return (
    rollout.observed &&
    rollout.phase === 'Healthy' &&
    !rollout.aborted &&
    rollout.currentHash !== '' &&
    rollout.currentHash === rollout.stableHash
  );
}
