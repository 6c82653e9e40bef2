import { findCondition } from '../../api/conditions.ts';
import type { EventNotice } from '../../api/kube-write.ts';
import type { RolloutStatus } from '../../api/rollout.ts';
import type { World } from './world.ts';

/** What a user asked for by writing into status; pausing, resuming and skipping show in the position itself. */
export type Command = 'ABORT' | 'RETRY' | 'PROMOTE_FULL';

/** Abort wins over everything that was asked for beside it. */
export function commandsOf(world: World): readonly Command[] {
  const { status } = world;
  const recorded = findCondition(status.conditions, 'Progressing')?.reason === 'RolloutAborted';
  if (status.abort === true) return recorded ? [] : ['ABORT'];
  const commands: Command[] = [];
  if (recorded) commands.push('RETRY');
  // One that was asked for before the retry went with the abort: this one came with it.
  if (status.promoteFull === true) commands.push('PROMOTE_FULL');
  return commands;
}

/** What is promoted already cannot be aborted: there is no update. */
function isAbortDropped({ stableRS = '', currentPodHash = '' }: RolloutStatus): boolean {
  return stableRS !== '' && currentPodHash === stableRS;
}

/**
 * Acknowledges a command with the name of the program that wrote it, as far as the API server knows it. A full
 * promotion stands in status until it is done, and is told then.
 */
export function commandNotices(world: World, commands: readonly Command[]): readonly EventNotice[] {
  return commands
    .filter((command) => command !== 'PROMOTE_FULL')
    .map((command) => {
      const manager = managerOf(world, 'status.abort');
      const by = manager === undefined ? '' : ` by ${manager}`;
      const message =
        command === 'ABORT' && isAbortDropped(world.status)
          ? `Ignored abort${by}: no update is under way`
          : `Accepted ${command.toLowerCase()}${by}`;
      return { type: 'Normal', reason: 'RolloutCommand', message };
    });
}

/** Who wrote a field last, besides ourselves. */
function managerOf(world: World, field: string): string | undefined {
  const entries = world.rollout.metadata.managedFields ?? [];
  const writers = entries.filter(({ fields, manager }) => fields?.includes(field) === true && manager !== undefined);
  const latest = [...writers].sort((left, right) => ((left.time ?? '') < (right.time ?? '') ? 1 : -1))[0];
  return latest?.manager?.startsWith('headgate') === true ? undefined : latest?.manager;
}
