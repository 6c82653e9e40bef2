import { KINDS } from '../api/kinds.ts';
import type { ObjectRef } from '../api/kube-object.ts';
import type { KubeWrite } from '../api/kube-write.ts';
import type { Rollout } from '../api/rollout.ts';
import { stepText } from '../core/rollout/step-text.ts';
import { editObject, refOf } from './objects.ts';
import { CommandError, placeText, type Session } from './session.ts';
import { targetsOf } from './target.ts';

export interface PromoteOptions {
  readonly words: readonly string[];
  /** At once to the end: no steps, pauses or analyses. */
  readonly full: boolean;
}

/** The verb `promote`: ends the pause, or else the step, at which a Rollout is. */
export async function promoteVerb(session: Session, { words, full }: PromoteOptions): Promise<number> {
  return editEach(session, words, (rollout, ref) => {
    if (isDone(rollout)) return { writes: [], said: 'has nothing to promote, as no update is under way' };
    const writes = full ? fullPromotionWrites(rollout, ref) : promotionWrites(rollout, ref);
    return { writes, said: full ? 'fully promoted' : 'promoted' };
  });
}

export interface SkipOptions {
  readonly words: readonly string[];
  /** To this step, counted from 1, or past all of them; the next one if unset. */
  readonly to?: number | 'end';
}

/** The verb `skip`: leaves canary steps out. */
export async function skipVerb(session: Session, { words, to }: SkipOptions): Promise<number> {
  return editEach(session, words, (rollout, ref) => {
    const { metadata, spec } = rollout;
    const steps = spec.strategy?.canary?.steps ?? [];
    if (steps.length === 0)
      throw new CommandError(`rollout '${metadata.name}' has no canary steps to skip; use promote instead`);
    const index = stepIndexOf(rollout);
    if (isDone(rollout) || index >= steps.length)
      return { writes: [], said: `has nothing to skip, as all ${steps.length} steps are done` };
    const next = to === 'end' ? steps.length : to === undefined ? index + 1 : to - 1;
    if (next > steps.length || next < 0)
      throw new CommandError(`--to-step ${next + 1}: rollout '${metadata.name}' has ${steps.length} steps`);
    const step = steps[next];
    const where =
      step === undefined ? 'the end of its steps' : `step ${next + 1} of ${steps.length} (${stepText(step)})`;
    const body = { pauseConditions: null, currentStepIndex: next };
    return { writes: [statusPatch(ref, body, guardOf(rollout))], said: `skipped to ${where}` };
  });
}

interface Edit {
  readonly writes: readonly KubeWrite[];
  readonly said: string;
}

async function editEach(
  session: Session,
  words: readonly string[],
  edit: (rollout: Rollout, ref: ObjectRef) => Edit,
): Promise<number> {
  for (const name of targetsOf(words, { kinds: [KINDS.rollout] }).names) {
    const ref = refOf(session, KINDS.rollout, name);
    let said = '';
    await editObject(session, ref, (object) => {
      const edited = edit(object as Rollout, ref);
      said = edited.said;
      return edited.writes;
    });
    session.terminal.print(`rollout '${name}' ${said} in ${placeText(session.place)}`);
  }
  return 0;
}

/** Everything runs the wanted version, and nothing holds it. */
function isDone({ spec, status = {} }: Rollout): boolean {
  const isStable = status.stableRS !== undefined && status.stableRS === status.currentPodHash;
  return isStable && spec.paused !== true && (status.pauseConditions ?? []).length === 0;
}

/**
 * What ends the hold that a Rollout is in: `spec.paused`, the pauses that the controller began, or else the step that
 * runs. After an inconclusive analysis step both its pause and the step are over.
 */
export function promotionWrites(rollout: Rollout, ref: ObjectRef): readonly KubeWrite[] {
  const { spec, status = {} } = rollout;
  const { canary } = spec.strategy ?? {};
  const steps = canary?.steps ?? [];
  const next = Math.min(stepIndexOf(rollout) + 1, steps.length);
  const pauses = status.pauseConditions ?? [];
  const isInconclusive = canary !== undefined && status.canary?.currentStepAnalysisRunStatus?.status === 'Inconclusive';
  const guard = guardOf(rollout);
  const writes: KubeWrite[] = [];
  if (pauses.length > 0 && isInconclusive && status.controllerPause === true && steps.length > 0) {
    const body = { pauseConditions: null, controllerPause: false, currentStepIndex: next };
    writes.push(statusPatch(ref, body, guard));
    // An empty list, unlike none, is written by somebody: so the acknowledgement knows by whom.
  } else if (pauses.length > 0) writes.push(statusPatch(ref, { pauseConditions: [] }, guard));
  else if (steps.length > 0) writes.push(statusPatch(ref, { pauseConditions: null, currentStepIndex: next }, guard));
  return [...writes, ...unpause(rollout, ref)];
}

function fullPromotionWrites(rollout: Rollout, ref: ObjectRef): readonly KubeWrite[] {
  const { currentPodHash, stableRS } = rollout.status ?? {};
  const promoted = currentPodHash === stableRS ? [] : [statusPatch(ref, { promoteFull: true }, guardOf(rollout))];
  return [...promoted, ...unpause(rollout, ref)];
}

function unpause({ spec }: Rollout, ref: ObjectRef): readonly KubeWrite[] {
  return spec.paused === true ? [{ verb: 'patch', ref, patchType: 'merge', body: { spec: { paused: false } } }] : [];
}

function stepIndexOf({ spec, status = {} }: Rollout): number {
  return Math.min(status.currentStepIndex ?? 0, spec.strategy?.canary?.steps?.length ?? 0);
}

/** A step counted from what was read must not be taken twice. */
function guardOf({ metadata }: Rollout): object {
  return { metadata: { resourceVersion: metadata.resourceVersion } };
}

function statusPatch(ref: ObjectRef, status: object, guard: object): KubeWrite {
  return { verb: 'patch', ref, patchType: 'merge', subresource: 'status', body: { ...guard, status } };
}
