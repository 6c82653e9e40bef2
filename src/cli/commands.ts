import { findCondition } from '../api/conditions.ts';
import { KINDS } from '../api/kinds.ts';
import type { KubeObject, ResourceKind } from '../api/kube-object.ts';
import type { Rollout } from '../api/rollout.ts';
import { formatSeconds } from '../lib/duration.ts';
import { formatTimestamp } from '../lib/timestamp.ts';
import { patchObject, refOf } from './objects.ts';
import { placeText, type Session } from './session.ts';
import { targetsOf, type TargetRules } from './target.ts';

/* Verbs that are one patch, sent without looking first: an abort must not wait for a read. */

/** The verb `abort`: back to the stable version. */
export function abortVerb(session: Session, words: readonly string[]): Promise<number> {
  return patchEach(session, words, {
    rules: ROLLOUTS,
    subresource: 'status',
    body: () => ({ status: { abort: true } }),
    said: () => 'aborted',
    remark: ({ status }) =>
      status?.stableRS !== undefined && status.stableRS === status.currentPodHash
        ? 'no update was under way, so nothing changes'
        : undefined,
  });
}

/** The verb `retry`: an aborted Rollout, or an Experiment that ended, starts again. */
export function retryVerb(session: Session, words: readonly string[]): Promise<number> {
  return patchEach(session, words, {
    rules: { kinds: [KINDS.rollout, KINDS.experiment] },
    subresource: (kind) => (kind === KINDS.rollout ? 'status' : undefined),
    body: (kind) => (kind === KINDS.rollout ? { status: { abort: false } } : { status: null }),
    said: () => 'retried',
    remark: (rollout) =>
      rollout.kind === 'Rollout' &&
      findCondition(rollout.status?.conditions, 'Progressing')?.reason !== 'RolloutAborted'
        ? 'it was not aborted, so nothing changes'
        : undefined,
  });
}

/** The verb `pause`: the Rollout stays where it is until it is resumed or promoted. */
export function pauseVerb(session: Session, words: readonly string[]): Promise<number> {
  return patchEach(session, words, { rules: ROLLOUTS, body: () => ({ spec: { paused: true } }), said: () => 'paused' });
}

/** The verb `resume`: takes `pause` back; a pause step goes on pausing. */
export function resumeVerb(session: Session, words: readonly string[]): Promise<number> {
  return patchEach(session, words, {
    rules: ROLLOUTS,
    body: () => ({ spec: { paused: false } }),
    said: () => 'resumed',
    remark: ({ status, metadata }) =>
      (status?.pauseConditions ?? []).length > 0
        ? `its pause (${status?.pauseConditions?.[0]?.reason}) goes on; end it with: ${session.place.program} promote ${metadata.name}${session.place.flags}`
        : undefined,
  });
}

export interface RestartOptions {
  readonly words: readonly string[];
  /** Milliseconds from now. */
  readonly inMs?: number;
  /** A moment, instead. */
  readonly atMs?: number;
}

/** The verb `restart`: every pod is replaced, within the disruption that is allowed. */
export function restartVerb(session: Session, { words, inMs = 0, atMs }: RestartOptions): Promise<number> {
  // Ages of pods are known to the second: the next full one, so that those of this second are old, too.
  const moment = formatTimestamp(Math.ceil((atMs ?? session.clock.nowMs() + inMs) / 1_000) * 1_000);
  const soon = inMs === 0 ? 'restarts now' : `restarts in ${formatSeconds(inMs)}`;
  const said = atMs === undefined ? soon : `restarts at ${moment}`;
  return patchEach(session, words, {
    rules: ROLLOUTS,
    body: () => ({ spec: { restartAt: moment } }),
    said: () => said,
  });
}

/** The verb `terminate`: an AnalysisRun or Experiment ends early. */
export function terminateVerb(session: Session, words: readonly string[]): Promise<number> {
  return patchEach(session, words, {
    rules: { kinds: [KINDS.analysisRun, KINDS.experiment], kindMustBeNamed: true },
    body: () => ({ spec: { terminate: true } }),
    said: () => 'terminated',
  });
}

const ROLLOUTS: TargetRules = { kinds: [KINDS.rollout] };

interface PatchRules {
  readonly rules: TargetRules;
  readonly subresource?: 'status' | ((kind: ResourceKind) => 'status' | undefined);
  readonly body: (kind: ResourceKind) => object;
  readonly said: () => string;
  /** What the user may not expect, from the object that the API server answered with. */
  readonly remark?: (answer: Rollout) => string | undefined;
}

async function patchEach(session: Session, words: readonly string[], rules: PatchRules): Promise<number> {
  const { kind, names } = targetsOf(words, rules.rules);
  const subresource = typeof rules.subresource === 'function' ? rules.subresource(kind) : rules.subresource;
  for (const name of names) {
    const ref = refOf(session, kind, name);
    const answer = await patchObject(session, { ref, subresource, body: rules.body(kind) });
    const remark = answer === undefined ? undefined : rules.remark?.(answer as KubeObject as Rollout);
    const word = kind.kind.toLowerCase();
    session.terminal.print(`${word} '${name}' ${rules.said()} in ${placeText(session.place)}`);
    if (remark !== undefined) session.terminal.note(`note: ${remark}`);
  }
  return 0;
}
