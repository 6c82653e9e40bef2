import { sleep } from '../../lib/clock.ts';
import type { Clock } from '../../lib/clock.ts';
import type { DemoRepository } from '../git-repository/demo-repository.ts';
import { isPromoted } from './chronicle.ts';
import type { Chronicle } from './chronicle.ts';
import type { Evidence } from './verdict.ts';
import type { World } from './world.ts';

/** What the story may do and see. */
export interface Stage {
  readonly clock: Clock;
  readonly world: () => World;
  readonly chronicle: () => Chronicle;
  readonly repository: DemoRepository;
  readonly say: (headline: string) => void;
  /** Sends no more requests; settles when all are counted. */
  readonly stopLoad: () => Promise<void>;
  /** Ends the story early: the user took over, or the demo ends. */
  readonly signal: AbortSignal;
  /** No wait lasts longer than until then. */
  readonly endByMs: number;
}

export const FIRST_TAG = '1.0.0';
const GOOD_TAG = '1.1.0';
const BAD_TAG = '1.2.0-bad';

/** All waits together stay under the two minutes in which the story must end. */
const PROMOTION_LIMIT_MS = 50_000;
const ABORT_LIMIT_MS = 35_000;
const AFTERMATH_LIMIT_MS = 25_000;
/** Longer than the seconds that the load's recent counts look back. */
const SETTLE_MS = 5_500;
const POLL_MS = 100;

/** A good release, then a bad one; answers what was measured. Undefined when it was ended early. */
export async function playStory(stage: Stage): Promise<Evidence | undefined> {
  const { repository, say, signal } = stage;
  const waitedInVain: string[] = [];
  const until = async (what: string, limitMs: number, holds: (world: World) => boolean): Promise<void> => {
    if (waitedInVain.length === 0 && !(await waitUntil(stage, limitMs, holds))) waitedInVain.push(what);
  };

  say(`a developer commits ${GOOD_TAG}`);
  const goodCommit = await repository.commitTag(GOOD_TAG, `Release ${GOOD_TAG}`);
  await until(`${GOOD_TAG} is promoted`, PROMOTION_LIMIT_MS, (world) => restsOn(world, GOOD_TAG));
  if (signal.aborted) return undefined;
  say(`${GOOD_TAG} has all traffic`);
  await sleep(stage.clock, SETTLE_MS, signal);
  const answeredAfterPromotion = recentVersions(stage.world());

  say(`a developer commits ${BAD_TAG}`);
  const badCommit = await repository.commitTag(BAD_TAG, `Release ${BAD_TAG.replace('-bad', '')}`);
  await until(`${BAD_TAG} is aborted`, ABORT_LIMIT_MS, () =>
    stage.chronicle().aborted.some(({ tag }) => tag === BAD_TAG),
  );
  if (signal.aborted) return undefined;
  say(`${BAD_TAG} is aborted: traffic goes back, Git is reverted, Slack is told`);
  await until(
    'the bad commit is reverted',
    AFTERMATH_LIMIT_MS,
    (world) => (world.commits[0]?.sha ?? badCommit) !== badCommit,
  );
  await until('Slack is told', AFTERMATH_LIMIT_MS, (world) => world.slack.length > 0);
  await until(`the Rollout is at rest with ${GOOD_TAG}`, AFTERMATH_LIMIT_MS, (world) => restsOn(world, GOOD_TAG));
  if (signal.aborted) return undefined;
  say(`what is declared and what runs are ${GOOD_TAG} again`);
  await sleep(stage.clock, SETTLE_MS, signal);
  const answeredAtEnd = recentVersions(stage.world());
  await stage.stopLoad();
  if (signal.aborted) return undefined;

  const world = stage.world();
  return {
    goodTag: GOOD_TAG,
    badTag: BAD_TAG,
    chronicle: stage.chronicle(),
    rollout: world.rollout,
    answeredAfterPromotion,
    answeredAtEnd,
    load: world.load,
    slackMessages: world.slack.length,
    commitsAfterBad: await commitsAfter(repository, badCommit),
    goodTree: await repository.treeOf(goodCommit),
    waitedInVain,
  };
}

/** Whether a version is stable, at rest, and the only one that has pods. */
export function restsOn(world: World, tag: string): boolean {
  const { rollout, revisions } = world;
  return (
    rollout !== undefined &&
    rollout.tag === tag &&
    isPromoted(rollout) &&
    revisions.every((revision) => revision.role === 'stable')
  );
}

function recentVersions(world: World): string[] {
  return [...world.load.recent.byVersion.keys()];
}

/** Waits until it holds; false when it did not in time, or when the stage's signal ended the wait. */
export async function waitUntil(
  stage: Pick<Stage, 'clock' | 'world' | 'signal' | 'endByMs'>,
  limitMs: number,
  holds: (world: World) => boolean,
): Promise<boolean> {
  const endMs = Math.min(stage.endByMs, stage.clock.nowMs() + limitMs);
  while (!stage.signal.aborted) {
    if (holds(stage.world())) return true;
    if (stage.clock.nowMs() >= endMs) return false;
    await sleep(stage.clock, POLL_MS, stage.signal);
  }
  return false;
}

const LOG_LENGTH = 50;

async function commitsAfter(repository: DemoRepository, sha: string): Promise<Evidence['commitsAfterBad']> {
  const log = await repository.log(LOG_LENGTH);
  const after = log.slice(
    0,
    log.findIndex((commit) => commit.sha === sha),
  );
  return Promise.all(after.map(async (commit) => ({ sha: commit.sha, tree: await repository.treeOf(commit.sha) })));
}
