import type { ScheduledCall } from '../ports/clock.ts';
import type { Session } from './session.ts';

/** Changes come in swarms; more often than this nobody can read them. */
const LOOK_MS = 200;
/** Ages on a screen go on also when nothing changes. */
const TICK_MS = 1_000;

export interface FollowOptions {
  /** No end by time if unset. */
  readonly timeoutMs?: number;
  /** Told of what to call after each change. */
  readonly subscribe: (changed: () => void) => void;
  /** Looks at what is known now; `enough` ends it. */
  readonly look: () => 'enough' | 'more';
}

export type FollowEnd = 'enough' | 'timeout' | 'over';

/** Looks once, after each change and, on a live screen, each second, until it is enough, or the time or the user says so. */
export function follow({ clock, terminal }: Session, options: FollowOptions): Promise<FollowEnd> {
  return new Promise((resolve, reject) => {
    let due: ScheduledCall | undefined;
    let tick: ScheduledCall | undefined;
    let ended = false;
    const limit = options.timeoutMs === undefined ? undefined : clock.schedule(options.timeoutMs, () => end('timeout'));
    const over = (): void => end('over');

    function end(how: FollowEnd): void {
      if (ended) return;
      ended = true;
      for (const call of [due, tick, limit]) call?.cancel();
      terminal.over.removeEventListener('abort', over);
      resolve(how);
    }

    function look(): void {
      due = undefined;
      if (ended) return;
      try {
        if (options.look() === 'enough') return end('enough');
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
        return end('over');
      }
      tick?.cancel();
      tick = terminal.live ? clock.schedule(TICK_MS, look) : undefined;
    }

    terminal.over.addEventListener('abort', over, { once: true });
    if (terminal.over.aborted) return end('over');
    options.subscribe(() => {
      due ??= clock.schedule(LOOK_MS, look);
    });
    look();
  });
}
