import type { RevertEntry } from '../../api/git-source.ts';
import { parseTimestampMs } from '../../lib/timestamp.ts';
import type { Abort } from './abort.ts';
import type { ConditionFact } from './conditions.ts';
import { revertKey } from './revert-guard.ts';

/*
 * The journal of reverts in a GitSource's status: an entry is written before anything is pushed.
 *
 *   Pending ──> Pushed
 *      │  ╲───> Skipped      superseded, retried, refused by a guard: somebody else decides
 *      │   ╲──> Conflicted   later work stands in the way; nothing was pushed; tried again when that work has changed
 *      ╰──────> Failed ──────╮ Git failed; tried again with backoff
 *                 ╰──────────╯──> any of the above
 *
 * Pushed is the end: one abort is reverted once. The others begin again when the same version is aborted anew.
 */

const ENTRIES_MAX = 50;
/** An object of Kubernetes holds about a megabyte, and the message of a revert tells less. */
const REASON_CHARACTERS_MAX = 1_000;
const BACKOFF_BASE_MS = 5_000;
const BACKOFF_MAX_MS = 10 * 60_000;

/** The journal with an entry for each abort that has none, or one of an earlier abort; the oldest finished entries make room. */
export function withNewAborts(
  journal: readonly RevertEntry[],
  aborts: readonly Abort[],
  now: string,
): readonly RevertEntry[] {
  const kept = journal.filter((entry) => !aborts.some((abort) => isOfEarlierAbort(entry, abort)));
  const known = new Set(kept.map((entry) => entry.key));
  const added = aborts
    .filter((abort) => !known.has(keyOf(abort)))
    .map((abort): RevertEntry => ({
      key: keyOf(abort),
      state: 'Pending',
      rollout: abort.rollout,
      podTemplateHash: abort.hash,
      abortedRevision: abort.abortedCommit,
      ...(abort.stableCommit === undefined ? {} : { stableRevision: abort.stableCommit }),
      reason: abort.reason.slice(0, REASON_CHARACTERS_MAX),
      attempts: 0,
      time: now,
    }));
  if (added.length === 0) return journal;
  return bound([...kept, ...added]);
}

/** Somebody retried the version after its revert was given up, and it aborted again. */
function isOfEarlierAbort(entry: RevertEntry, abort: Abort): boolean {
  const isGivenUp = entry.state === 'Skipped' || entry.state === 'Conflicted';
  return isGivenUp && entry.key === keyOf(abort) && (abort.atMs ?? 0) > (parseTimestampMs(entry.time) ?? Infinity);
}

function bound(journal: readonly RevertEntry[]): readonly RevertEntry[] {
  let excess = journal.length - ENTRIES_MAX;
  return journal.filter((entry) => {
    if (excess <= 0 || isOpen(entry)) return true;
    excess -= 1;
    return false;
  });
}

export function keyOf(abort: Abort): string {
  return revertKey(abort.uid, abort.abortedCommit);
}

/** Whether something is still to be done about the entry. */
export function isOpen(entry: RevertEntry): boolean {
  return entry.state === 'Pending' || entry.state === 'Failed';
}

/** When an open entry is worked on next (milliseconds since the epoch). */
export function dueAtMs(entry: RevertEntry): number {
  if (entry.state !== 'Failed') return 0;
  const attempts = Math.max(1, entry.attempts ?? 1);
  return (parseTimestampMs(entry.time) ?? 0) + Math.min(BACKOFF_BASE_MS * 2 ** (attempts - 1), BACKOFF_MAX_MS);
}

export function replaceEntry(journal: readonly RevertEntry[], entry: RevertEntry): readonly RevertEntry[] {
  return journal.map((other) => (other.key === entry.key ? entry : other));
}

/** The condition that says whether Git tells what runs: False while an abort stands that Git does not show, with what is tried next. */
export function writeBackFact(journal: readonly RevertEntry[], aborts: readonly Abort[]): ConditionFact {
  const standing = new Set(aborts.map(keyOf));
  const open = journal.findLast((entry) => standing.has(entry.key) && entry.state !== 'Pushed');
  if (open !== undefined) {
    return {
      type: 'WriteBack',
      status: 'False',
      reason: open.state,
      message: `${open.rollout}: ${open.message ?? 'the abort is about to be written to Git'}`,
    };
  }
  const last = journal.findLast((entry) => entry.state === 'Pushed');
  if (last === undefined)
    return {
      type: 'WriteBack',
      status: 'True',
      reason: 'NothingToRevert',
      message: 'no abort has to be written to Git',
    };
  return { type: 'WriteBack', status: 'True', reason: 'Pushed', message: `${last.rollout}: ${last.message ?? ''}` };
}
