import type { LoadSnapshot } from '../load/load-statistics.ts';
import type { Chronicle } from './chronicle.ts';
import { isPromoted } from './chronicle.ts';
import type { RolloutView } from './rollout-view.ts';

/** What was measured by the end of the story. */
export interface Evidence {
  readonly goodTag: string;
  readonly badTag: string;
  readonly chronicle: Chronicle;
  readonly rollout: RolloutView | undefined;
  /** Versions that answered in the seconds after the good one was promoted. */
  readonly answeredAfterPromotion: readonly string[];
  /** Versions that answered in the last seconds of the story. */
  readonly answeredAtEnd: readonly string[];
  readonly load: LoadSnapshot;
  readonly slackMessages: number;
  /** Commits of the branch after the bad one, newest first, with their trees. */
  readonly commitsAfterBad: readonly { readonly sha: string; readonly tree: string }[];
  readonly goodTree: string;
  /** What the story waited for in vain. */
  readonly waitedInVain: readonly string[];
}

/** The last line of the story, in this order of keys. */
export interface StoryResult {
  readonly promoted: boolean;
  readonly aborted: boolean;
  /** The commit whose tree equals that of the stable commit; null when there is none. */
  readonly reverted: string | null;
  readonly slackMessages: number;
  readonly requests: number;
  readonly lost: number;
}

/** Judges the evidence: the result, and in words everything that should have been otherwise. */
export function judge(evidence: Evidence): { readonly result: StoryResult; readonly failures: readonly string[] } {
  const { chronicle, goodTag, badTag, load, rollout, commitsAfterBad } = evidence;
  const failures: string[] = evidence.waitedInVain.map((what) => `waited in vain for: ${what}`);
  const expect = (holds: boolean, otherwise: string): boolean => {
    if (!holds) failures.push(otherwise);
    return holds;
  };

  const promotedInStatus = expect(
    chronicle.promoted.includes(goodTag),
    `${goodTag} was never promoted by the Rollout's status`,
  );
  const promotedInTraffic = expect(
    onlyVersion(evidence.answeredAfterPromotion, goodTag),
    `after the promotion of ${goodTag} these versions answered: ${evidence.answeredAfterPromotion.join(', ') || 'none'}`,
  );
  const abortedInStatus = expect(
    chronicle.aborted.some(({ tag }) => tag === badTag),
    `${badTag} was never aborted by the Rollout's status`,
  );
  const badServed = (load.byVersion.get(badTag)?.answered ?? 0) > 0;
  expect(badServed, `${badTag} never got a request, so its abort proves nothing`);
  expect(!chronicle.promoted.includes(badTag), `${badTag} was promoted`);
  expect(!chronicle.aborted.some(({ tag }) => tag === goodTag), `${goodTag} was aborted`);
  expect(
    chronicle.roseAfterAbort.length === 0,
    `the canary's weight rose after an abort: ${chronicle.roseAfterAbort.map(({ from, to }) => `${from} to ${to}`).join(', ')}`,
  );
  const stableAgain = expect(
    onlyVersion(evidence.answeredAtEnd, goodTag),
    `in the end these versions answered: ${evidence.answeredAtEnd.join(', ') || 'none'}`,
  );
  expect(commitsAfterBad.length === 1, `there are ${commitsAfterBad.length} commits after the bad one, not 1`);
  const head = commitsAfterBad[0];
  const reverted = head !== undefined && head.tree === evidence.goodTree ? head.sha : null;
  expect(reverted !== null, `the head of the branch does not have the tree of the commit that brought ${goodTag}`);
  expect(
    rollout !== undefined && isPromoted(rollout) && rollout.tag === goodTag,
    `in the end the Rollout is ${rollout?.phase ?? 'absent'} with ${rollout?.tag ?? 'nothing'}, not Healthy with ${goodTag}`,
  );
  expect(evidence.slackMessages === 1, `Slack got ${evidence.slackMessages} messages, not 1`);
  expect(load.requests > 0, 'no request was sent');
  expect(load.lost === 0, `${load.lost} requests were lost`);

  return {
    result: {
      promoted: promotedInStatus && promotedInTraffic,
      aborted: abortedInStatus && stableAgain,
      reverted,
      slackMessages: evidence.slackMessages,
      requests: load.requests,
      lost: load.lost,
    },
    failures,
  };
}

function onlyVersion(versions: readonly string[], wanted: string): boolean {
  return versions.length > 0 && versions.every((version) => version === wanted);
}
