import { findCondition } from '../../api/conditions.ts';
import type { ManagedFieldsEntry } from '../../api/kube-object.ts';
import { stepText } from './step-text.ts';
import type { World } from './world.ts';

/** Between what the condition `Command` tells of. */
export const SEPARATOR = '; ';

/** It was told of, and stands since. */
export function isKnown(world: World, what: string): boolean {
  const before = findCondition(world.status.conditions, 'Command');
  return before?.status === 'True' && before.message.split(SEPARATOR).some((entry) => isAbout(entry, what));
}

/** `entry` tells of the command with these words. */
export function isAbout(entry: string, what: string): boolean {
  return ['Accepted', 'Ignored'].some((verb) => {
    const words = `${verb} ${what}`;
    return entry === words || entry.startsWith(`${words} by `) || entry.startsWith(`${words}: `);
  });
}

/** The words for a step to which a user has moved since the last pass, over others or back. */
export function newSkip(world: World): string | undefined {
  const skip = skipWords(world);
  return skip !== undefined && isSkippedByUser(world) && !isKnown(world, skip) ? skip : undefined;
}

/** The step that status names; undefined without steps. */
export function skipWords({ status, settings: { steps } }: World): string | undefined {
  const index = status.currentStepIndex ?? undefined;
  if (index === undefined || steps.length === 0) return undefined;
  const step = steps[index];
  return step === undefined
    ? 'skip to the end of the steps'
    : `skip to step ${index + 1} of ${steps.length} (${stepText(step)})`;
}

/** The index is not the one that the last pass left, as far as that can be told. */
function isSkippedByUser(world: World): boolean {
  const recorded = /^(\d+)\//.exec(world.status.headgate?.step ?? '')?.[1];
  if (recorded !== undefined) return Number(recorded) !== world.status.currentStepIndex;
  return writerOf(world, 'status.currentStepIndex') !== undefined;
}

/** Who wrote a field last, besides controllers: those also write what no user does. */
export function writerOf(world: World, field: string): ManagedFieldsEntry | undefined {
  const entries = world.rollout.metadata.managedFields ?? [];
  const controllers = new Set(
    entries.filter(({ fields }) => fields?.includes('status.currentPodHash') === true).map(({ manager }) => manager),
  );
  const writers = entries.filter(({ fields, manager }) => fields?.includes(field) === true && manager !== undefined);
  const latest = writers.toSorted((left, right) => ((left.time ?? '') < (right.time ?? '') ? 1 : -1))[0];
  return controllers.has(latest?.manager) || latest?.manager?.startsWith('headgate') === true ? undefined : latest;
}
