import type { AnalysisRun } from '../../api/analysis.ts';
import type { GitSource, RevertEntry } from '../../api/git-source.ts';
import { gitSourceDefaults } from '../../api/defaults.ts';
import { failingMetric, type Abort } from '../../core/gitops/abort.ts';
import { findRevert, refusalOf, culpritRefusal } from '../../core/gitops/revert-guard.ts';
import { revertMessage } from '../../core/gitops/revert-message.ts';
import { sleep } from '../../lib/clock.ts';
import { formatTimestamp } from '../../lib/timestamp.ts';
import type { Clock } from '../../ports/clock.ts';
import type { GitError, KustomizeError } from '../../ports/git.ts';
import { FolderError, type DeclarationTools } from './declaration.ts';
import { planAtHead } from './revert-inputs.ts';

export interface RevertTools extends DeclarationTools {
  readonly clock: Clock;
  readonly random: () => number;
}

export interface RevertWork {
  readonly source: GitSource;
  readonly folder: string;
  readonly entry: RevertEntry;
  /** The abort as it stands now; undefined when it no longer does. */
  readonly abort: Abort | undefined;
  /** All that stand now, this one among them. */
  readonly aborts: readonly Abort[];
  readonly journal: readonly RevertEntry[];
  readonly run: AnalysisRun | undefined;
}

/** The branch may move between reading it and pushing; each attempt starts again from its head. */
const PUSH_ATTEMPTS_MAX = 10;
const PUSH_PAUSE_MS = 250;

/**
 * Works on one entry of the journal, which is recorded already, and returns it as it is now. A push is the only thing that it changes, and a push
 * that happened before a crash is found again by its trailer. Failures of Git come back as `Failed`, to be tried again.
 */
export async function workOnRevert(tools: RevertTools, work: RevertWork): Promise<RevertEntry> {
  const { entry } = work;
  const done = (state: RevertEntry['state'], message: string, more: Partial<RevertEntry> = {}): RevertEntry => ({
    ...entry,
    ...more,
    state,
    message,
    attempts: (entry.attempts ?? 0) + 1,
    time: formatTimestamp(tools.clock.nowMs()),
  });
  try {
    const result = await attemptPush(tools, work);
    // What is tried again in vain is no news.
    if (result.state === entry.state && result.message === entry.message) return entry;
    return done(result.state, result.message, result.commit === undefined ? {} : { commitRevision: result.commit });
  } catch (error) {
    if (error instanceof FolderError) return done('Failed', `${error.message}; it is tried again`);
    if (!isForeignFailure(error)) throw error;
    const hint = error.reason === 'declined' ? ': let Headgate push to this branch, or revert by hand' : '';
    return done('Failed', `${error.message}${hint}; it is tried again`);
  }
}

interface Result {
  readonly state: RevertEntry['state'];
  readonly message: string;
  readonly commit?: string;
}

async function attemptPush(tools: RevertTools, work: RevertWork): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    const result = await attemptOnce(tools, work).catch(async (error: unknown) => {
      if (!isMoved(error) || attempt >= PUSH_ATTEMPTS_MAX) throw error;
      await sleep(tools.clock, PUSH_PAUSE_MS * (0.5 + tools.random()) * attempt);
      return undefined;
    });
    if (result !== undefined) return result;
  }
}

async function attemptOnce(tools: RevertTools, work: RevertWork): Promise<Result> {
  const { repository } = tools;
  const { entry, abort } = work;
  const abortedCommit = entry.abortedRevision ?? '';
  const head = await repository.head();
  await repository.fetch(head);
  const log = await repository.history({ from: abortedCommit, to: head, paths: [''] });
  if (log === undefined)
    return {
      state: 'Conflicted',
      message: `the branch no longer contains the aborted commit ${abortedCommit.slice(0, 12)}: its history was rewritten`,
    };
  const pushed = findRevert(log, entry.key);
  if (pushed !== undefined) return pushedResult(pushed, entry);
  if (abort === undefined)
    return { state: 'Skipped', message: 'the abort no longer stands: it was retried, or another version came' };
  const refusal = refusalOf({
    journal: work.journal,
    key: entry.key,
    rollout: entry.rollout,
    hash: abort.hash,
    nowMs: tools.clock.nowMs(),
  });
  if (refusal !== undefined) return { state: 'Skipped', message: refusal };
  if (entry.stableRevision === undefined)
    return {
      state: 'Skipped',
      message:
        'it is not known which commit the stable version came from (it is older than this GitSource): revert by hand',
    };

  const plan = await planAtHead(tools, {
    head,
    stable: entry.stableRevision,
    aborted: abortedCommit,
    folder: work.folder,
    source: work.source,
    rollout: entry.rollout,
    aborts: work.aborts,
    attempt: entry.state === 'Conflicted' ? 'after-conflict' : 'first',
  });
  if (plan.outcome === 'superseded') return { state: 'Skipped', message: plan.message };
  if (plan.outcome === 'conflict')
    return {
      state: 'Conflicted',
      message: `${plan.message}: nothing was pushed; revert by hand (it is tried again when what is declared has changed)`,
    };
  const culpritProblem = culpritRefusal(
    plan.culprits.map((culprit) => ({ id: culprit.commit, message: culprit.message })),
    plan.culprits.flatMap((culprit) => culprit.comprises ?? []),
  );
  if (culpritProblem !== undefined)
    return { state: 'Skipped', message: `${culpritProblem}: revert by hand if that is right` };

  const commit = await repository.commit({
    parent: head,
    edits: plan.edits,
    message: messageFor(work, plan.restored),
    author: gitSourceDefaults(work.source.spec).commitAuthor,
    atMs: tools.clock.nowMs(),
  });
  await repository.push(commit);
  return pushedResult(commit, entry);
}

function pushedResult(commit: string, entry: RevertEntry): Result {
  return {
    state: 'Pushed',
    commit,
    message: `commit ${commit.slice(0, 12)} reverts ${(entry.abortedRevision ?? '').slice(0, 12)}`,
  };
}

function messageFor(work: RevertWork, restored: readonly string[]): string {
  const { entry, run } = work;
  const metric = run === undefined ? undefined : failingMetric(run);
  return revertMessage({
    key: entry.key,
    rollout: entry.rollout,
    abortedCommit: entry.abortedRevision ?? '',
    stableCommit: entry.stableRevision ?? '',
    reason: entry.reason ?? '',
    restored,
    ...(metric === undefined ? {} : { metric }),
    ...(run === undefined ? {} : { run: `${run.metadata.namespace}/${run.metadata.name}` }),
  });
}

function isMoved(error: unknown): boolean {
  return isForeignFailure(error) && error.reason === 'moved';
}

function isForeignFailure(error: unknown): error is GitError | KustomizeError {
  return error instanceof Error && (error.name === 'GitError' || error.name === 'KustomizeError');
}
