import { Cleanup } from './cleanup.ts';
import { startLoad } from './load/load-generator.ts';
import type { Load } from './load/load-generator.ts';
import { LoadStatistics } from './load/load-statistics.ts';
import type { Commit } from './git-repository/demo-repository.ts';
import { HOST, NAMESPACE, setUpStage } from './stage.ts';
import type { RunningStage, StageOptions } from './stage.ts';
import { shownMessage } from './slack/shown-message.ts';
import { dumpWorld } from './story/dump.ts';
import { FIRST_TAG, playStory, restsOn, waitUntil } from './story/story.ts';
import type { Stage } from './story/story.ts';
import { judge } from './story/verdict.ts';
import type { StoryResult } from './story/verdict.ts';
import type { World } from './story/world.ts';
import { repeat, startLines, startScreen } from './terminal/display.ts';
import type { Display, Output } from './terminal/display.ts';
import { KEYS_HELP, listenForKeys } from './terminal/keys.ts';
import type { KeyInput } from './terminal/keys.ts';
import { createUserActions } from './user-actions.ts';

export interface DemoOptions extends Omit<StageOptions, 'onError'> {
  /** Plays the story unattended and ends; without a terminal that is what happens anyway. */
  readonly story: boolean;
  readonly output: Output;
  readonly input: KeyInput;
  /** Also write lines where there is a terminal, e.g. because CI is set. */
  readonly lines: boolean;
  /** Ends the demo, e.g. on SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** Kills the controller again and again, to show that it changes nothing. */
  readonly killControllerEveryMs?: number;
}

const REQUESTS_PER_SECOND = 80;
const SET_UP_LIMIT_MS = 40_000;
/** The whole story, its setting up included, ends within two minutes; this leaves time to clean up. */
const STORY_LIMIT_MS = 112_000;
const GIT_POLL_MS = 400;
const COMMITS_READ = 12;

/**
 * The whole of Headgate on one machine. Answers the exit code: 0 when the story ended as it should (or the user quit), 1
 * when it did not. Everything it started has ended and every file it made is gone when this settles.
 */
export async function startDemo(options: DemoOptions): Promise<number> {
  const cleanup = new Cleanup();
  const problems: string[] = [];
  const onError = (deed: string, cause: unknown): void => {
    if (problems.length < PROBLEMS_KEPT)
      problems.push(`${deed}: ${cause instanceof Error ? cause.message : String(cause)}`);
  };
  let ending: Ending = { type: 'quit' };
  try {
    const stage = await setUpStage({ ...options, onError }, cleanup);
    ending = await play(options, stage, cleanup);
  } catch (cause) {
    ending = { type: 'broken', cause };
  }
  const { output } = options;
  for (const failure of await cleanup.run()) output.write(`cleaning up failed: ${failure}\n`);
  return report(ending, problems, output);
}

const PROBLEMS_KEPT = 100;

type Ending =
  | { readonly type: 'quit' }
  | { readonly type: 'broken'; readonly cause: unknown }
  | {
      readonly type: 'told';
      readonly result: StoryResult;
      readonly failures: readonly string[];
      readonly dump: string;
    };

function report(ending: Ending, problems: readonly string[], output: Output): number {
  switch (ending.type) {
    case 'quit':
      return 0;
    case 'broken':
      for (const problem of problems) output.write(`${problem}\n`);
      output.write(
        `the demo broke off: ${ending.cause instanceof Error ? (ending.cause.stack ?? ending.cause.message) : String(ending.cause)}\n`,
      );
      return 1;
    case 'told':
      output.write(ending.dump);
      if (ending.failures.length > 0) for (const problem of problems) output.write(`${problem}\n`);
      for (const failure of ending.failures) output.write(`NOT TRUE: ${failure}\n`);
      output.write(`${JSON.stringify(ending.result)}\n`);
      return ending.failures.length === 0 ? 0 : 1;
  }
}

async function play(options: DemoOptions, running: RunningStage, cleanup: Cleanup): Promise<Ending> {
  const { clock, output } = options;
  const unattended = options.story || output.isTTY !== true || options.input.isTTY !== true;
  const startedMs = clock.nowMs();
  let headline = `deploying the shop ${FIRST_TAG} from Git`;
  let commits: readonly Commit[] = [];
  let load: Load | undefined;
  const noLoad = new LoadStatistics();
  const over = new AbortController();
  const onSignal = (): void => over.abort();
  options.signal.addEventListener('abort', onSignal, { once: true });
  if (options.signal.aborted) over.abort();

  const world = (): World => ({
    atMs: clock.nowMs(),
    elapsedMs: clock.nowMs() - startedMs,
    headline,
    ...running.observer.view(),
    load: load?.snapshot() ?? noLoad.snapshot(clock.nowMs()),
    commits,
    slack: running.slack.messages().map((message) => shownMessage(message).join('\n')),
    controller: { pid: running.controller.pid(), restarts: running.controller.restarts() },
  });
  cleanup.add(
    'watching Git',
    repeat(clock, GIT_POLL_MS, () => void readLog()),
  );

  async function readLog(): Promise<void> {
    commits = await running.repository.log(COMMITS_READ).catch(() => commits);
  }

  const display = startDisplay(options, running, world);
  cleanup.add('giving the terminal back', display.close);
  killNowAndThen(options, running, cleanup);
  const stage = {
    clock,
    world,
    chronicle: running.observer.chronicle,
    repository: running.repository,
    say: (text: string) => {
      headline = text;
    },
    endByMs: startedMs + STORY_LIMIT_MS,
  };

  const quit = over.signal;
  const ready = await waitUntil({ ...stage, signal: quit }, SET_UP_LIMIT_MS, (now) => restsOn(now, FIRST_TAG));
  if (!ready && !quit.aborted) {
    return told(
      { ...NOTHING_TRUE },
      [`the shop ${FIRST_TAG} was not Healthy within ${SET_UP_LIMIT_MS / 1_000} s`],
      running,
      world(),
    );
  }
  load = startLoad({ clock, url: `${running.gateway.url}/`, host: HOST, requestsPerSecond: REQUESTS_PER_SECOND });
  const { stop: stopLoad } = load;
  cleanup.add('ending the load', stopLoad);

  if (unattended) return tell({ ...stage, stopLoad, signal: quit }, running, world);
  return live({ options, stage, running, over, world });
}

function startDisplay(options: DemoOptions, running: RunningStage, world: () => World): Display {
  const { clock, output } = options;
  const shown = { clock, output, world, places: running.places, keys: options.story ? [] : KEYS_HELP };
  return output.isTTY === true && !options.lines ? startScreen(shown) : startLines(shown);
}

function killNowAndThen(options: DemoOptions, running: RunningStage, cleanup: Cleanup): void {
  const everyMs = options.killControllerEveryMs;
  if (everyMs === undefined) return;
  let first = true;
  const stop = repeat(options.clock, everyMs, () => {
    // On a slow machine it may not be up yet: then it could never do anything.
    if (!first && running.controller.hasSpoken()) running.controller.kill();
    first = false;
  });
  cleanup.add('sparing the controller', stop);
}

const NOTHING_TRUE: StoryResult = {
  promoted: false,
  aborted: false,
  reverted: null,
  slackMessages: 0,
  requests: 0,
  lost: 0,
};

/** The story, unattended. */
async function tell(stage: Stage, running: RunningStage, world: () => World): Promise<Ending> {
  const evidence = await playStory(stage);
  if (evidence === undefined) return told({ ...NOTHING_TRUE }, ['the story was ended early'], running, world());
  const { result, failures } = judge(evidence);
  return told(result, failures, running, world());
}

async function told(
  result: StoryResult,
  failures: readonly string[],
  running: RunningStage,
  world: World,
): Promise<Ending> {
  const dump =
    failures.length === 0 ? '' : await dumpWorld(running.kube.reader, NAMESPACE, world, running.controller.lines());
  return { type: 'told', result, failures, dump };
}

/** The story plays by itself until the user takes over; then the user drives, until the user quits. */
async function live(live: {
  readonly options: DemoOptions;
  readonly stage: Omit<Stage, 'signal' | 'stopLoad'>;
  readonly running: RunningStage;
  readonly over: AbortController;
  readonly world: () => World;
}): Promise<Ending> {
  const { options, stage, running, over } = live;
  const takenOver = new AbortController();
  const act = createUserActions(running);
  const release = listenForKeys(options.input, (action) => {
    if (action === 'quit') return over.abort();
    if (action !== 'kill') takenOver.abort();
    act(action).then(stage.say, (cause: unknown) => stage.say(cause instanceof Error ? cause.message : String(cause)));
  });
  try {
    const quit = new Promise<void>((resolve) => {
      if (over.signal.aborted) resolve();
      over.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    const signal = AbortSignal.any([over.signal, takenOver.signal]);
    const evidence = await playStory({
      ...stage,
      endByMs: Number.POSITIVE_INFINITY,
      stopLoad: () => Promise.resolve(),
      signal,
    });
    if (evidence !== undefined) stage.say(summary(judge(evidence)));
    await quit;
    return { type: 'quit' };
  } finally {
    release();
  }
}

function summary({ failures }: ReturnType<typeof judge>): string {
  return failures.length === 0
    ? 'the story ended as it should: promoted, aborted, reverted, nothing lost. Now you drive.'
    : `the story did not end as it should: ${failures.join('; ')}`;
}
