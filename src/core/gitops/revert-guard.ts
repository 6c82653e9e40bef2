import type { RevertEntry } from '../../api/git-source.ts';
import { parseTimestampMs } from '../../lib/timestamp.ts';
import { ROLLBACK_TRAILER, TRAILERS } from './names.ts';
import { trailersOf } from './trailers.ts';

/** A commit of the branch as far as the guard needs it. */
export interface LoggedCommit {
  readonly id: string;
  readonly message: string;
}

const REVERTS_PER_DAY_MAX = 3;
const DAY_MS = 24 * 60 * 60 * 1_000;

/** Exactly one revert for each of these. */
export function revertKey(rolloutUid: string, abortedCommit: string): string {
  return `${rolloutUid}/${abortedCommit}`;
}

/** The revert that carries this key, if it was pushed already: a crash between the push and the journal is repaired by it. */
export function findRevert(log: readonly LoggedCommit[], key: string): string | undefined {
  return log.find((commit) => trailersOf(commit.message).get(TRAILERS.key.toLowerCase()) === key)?.id;
}

/** Why no revert is made for this abort; undefined when one may be made. */
export function refusalOf(situation: {
  readonly journal: readonly RevertEntry[];
  /** This abort's own entry is left out of the counts. */
  readonly key: string;
  readonly rollout: string;
  /** The hash of the aborted ReplicaSet. */
  readonly hash: string;
  readonly nowMs: number;
}): string | undefined {
  const others = situation.journal.filter(
    (entry) => entry.rollout === situation.rollout && entry.key !== situation.key && entry.state === 'Pushed',
  );
  const again = others.find((entry) => entry.podTemplateHash === situation.hash);
  if (again !== undefined) {
    return `this version was reverted already by ${short(again.commitRevision)} and has come back by ${situation.key.slice(situation.key.indexOf('/') + 1, situation.key.indexOf('/') + 13)}: something commits it again and again (image automation?); stop that first`;
  }
  const recent = others.filter((entry) => situation.nowMs - (parseTimestampMs(entry.time) ?? 0) < DAY_MS);
  if (recent.length >= REVERTS_PER_DAY_MAX)
    return `${recent.length} reverts for this Rollout within a day are the limit; the next ones are yours`;
  return undefined;
}

/**
 * Why these commits must not be reverted by a machine; undefined when they may be. `comprised` are commits that were taken back
 * as one change: reverts among them are part of what they came to.
 */
export function culpritRefusal(
  culprits: readonly LoggedCommit[],
  comprised: readonly LoggedCommit[] = [],
): string | undefined {
  const forbidding = [...culprits, ...comprised].find(({ message }) => forbidsRollback(message));
  if (forbidding !== undefined) return `commit ${short(forbidding.id)} says "Rollback: never"`;
  for (const culprit of culprits) {
    const trailers = trailersOf(culprit.message);
    if (trailers.has(TRAILERS.key.toLowerCase()) || isPlainRevert(culprit.message))
      return `commit ${short(culprit.id)} is a revert itself; a revert is never reverted`;
  }
  return undefined;
}

function forbidsRollback(message: string): boolean {
  return trailersOf(message).get(ROLLBACK_TRAILER.toLowerCase())?.toLowerCase() === 'never';
}

/** `git revert` of a change; a revert of a revert brings the change back and counts as a change. */
function isPlainRevert(message: string): boolean {
  return (
    /^This reverts commit [0-9a-f]{7,64}\b/m.test(message) &&
    message.startsWith('Revert "') &&
    !/^Revert "(Revert|Reapply) "/.test(message)
  );
}

function short(commit: string | undefined): string {
  return commit === undefined ? 'an earlier commit' : commit.slice(0, 12);
}
