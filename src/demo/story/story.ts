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

/**
 * A good release, then a bad one; answers what was measured. Where something is waited for in vain the story ends there.
 * Undefined when it was ended early.
 */
export async function playStory(stage: Stage): Promise<Evidence | undefined> {
  const scenes: Scenes = { answeredAfterPromotion: [], answeredAtEnd: [] };
  const inVain = (await releaseGood(stage, scenes)) ?? (await releaseBad(stage, scenes));
  await (stage.signal.aborted ? Promise.resolve() : stage.stopLoad());
  if (stage.signal.aborted) return undefined;
  const { repository } = stage;
  const world = stage.world();
  return {
    goodTag: GOOD_TAG,
    badTag: BAD_TAG,
    chronicle: stage.chronicle(),
    rollout: world.rollout,
    answeredAfterPromotion: scenes.answeredAfterPromotion,
    answeredAtEnd: scenes.answeredAtEnd,
    load: world.load,
    slackMessages: world.slack.length,
    commitsAfterBad: scenes.badCommit === undefined ? [] : await commitsAfter(repository, scenes.badCommit),
    goodTree: scenes.goodCommit === undefined ? '' : await repository.treeOf(scenes.goodCommit),
    waitedInVain: inVain === undefined ? [] : [inVain],
  };
}

/** What the story remembers on its way. */
interface Scenes {
  goodCommit?: string;
  badCommit?: string;
  answeredAfterPromotion: readonly string[];
  answeredAtEnd: readonly string[];
}

/** Something to wait for, in words. */
interface Wait {
  readonly what: string;
  readonly limitMs: number;
  readonly holds: (world: World) => boolean;
}

async function releaseGood(stage: Stage, scenes: Scenes): Promise<string | undefined> {
  stage.say(`a developer commits ${GOOD_TAG}`);
  scenes.goodCommit = await stage.repository.commitTag(GOOD_TAG, `Release ${GOOD_TAG}`);
  const inVain = await waitForAll(stage, [
    { what: `${GOOD_TAG} is promoted`, limitMs: PROMOTION_LIMIT_MS, holds: (world) => restsOn(world, GOOD_TAG) },
  ]);
  if (inVain !== undefined || stage.signal.aborted) return inVain;
  stage.say(`${GOOD_TAG} is promoted and has all traffic`);
  await sleep(stage.clock, SETTLE_MS, stage.signal);
  scenes.answeredAfterPromotion = recentVersions(stage.world());
  return undefined;
}

async function releaseBad(stage: Stage, scenes: Scenes): Promise<string | undefined> {
  if (stage.signal.aborted) return undefined;
  stage.say(`a developer commits ${BAD_TAG}`);
  const badCommit = await stage.repository.commitTag(BAD_TAG, `Release ${BAD_TAG.replace('-bad', '')}`);
  scenes.badCommit = badCommit;
  const hasAborted = (): boolean => stage.chronicle().aborted.some(({ tag }) => tag === BAD_TAG);
  const aborted = await waitForAll(stage, [
    { what: `${BAD_TAG} is aborted`, limitMs: ABORT_LIMIT_MS, holds: hasAborted },
  ]);
  if (aborted !== undefined || stage.signal.aborted) return aborted;
  stage.say(`${BAD_TAG} is aborted: traffic goes back, Git is reverted, Slack is told`);
  const isReverted = (world: World): boolean => (world.commits[0]?.sha ?? badCommit) !== badCommit;
  const limitMs = AFTERMATH_LIMIT_MS;
  const aftermath = await waitForAll(stage, [
    { what: 'the bad commit is reverted', limitMs, holds: isReverted },
    { what: 'Slack is told', limitMs, holds: (world) => world.slack.length > 0 },
    { what: `the Rollout is at rest with ${GOOD_TAG}`, limitMs, holds: (world) => restsOn(world, GOOD_TAG) },
  ]);
  if (aftermath !== undefined || stage.signal.aborted) return aftermath;
  stage.say(`what is declared and what runs are ${GOOD_TAG} again`);
  await sleep(stage.clock, SETTLE_MS, stage.signal);
  scenes.answeredAtEnd = recentVersions(stage.world());
  return undefined;
}

/** One after the other; answers what did not come, undefined when all did or the story was ended early. */
async function waitForAll(stage: Stage, waits: readonly Wait[]): Promise<string | undefined> {
  for (const { what, limitMs, holds } of waits) {
    if (!(await waitUntil(stage, limitMs, holds)) && !stage.signal.aborted) return what;
  }
  return undefined;
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
