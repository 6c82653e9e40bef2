import { isAbortRecorded } from './position.ts';
import type { World } from './world.ts';

/** What a user asked for by writing into status; pausing, resuming and skipping show in the position itself. */
export type Command = 'ABORT' | 'RETRY' | 'PROMOTE_FULL';

/** Abort wins over everything that was asked for beside it. */
export function commandsOf(world: World): readonly Command[] {
  const { status } = world;
  const recorded = isAbortRecorded(status);
  if (status.abort === true) return recorded ? [] : ['ABORT'];
  const commands: Command[] = [];
  if (recorded) commands.push('RETRY');
  // One that was asked for before the retry went with the abort: this one came with it.
  if (status.promoteFull === true) commands.push('PROMOTE_FULL');
  return commands;
}
