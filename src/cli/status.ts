import { KINDS } from '../api/kinds.ts';
import type { Rollout } from '../api/rollout.ts';
import { follow } from './follow.ts';
import { readRollout, refOf } from './objects.ts';
import { formatData, type OutputFormat } from './output.ts';
import { placeText, type Session } from './session.ts';
import { targetOf } from './target.ts';
import { watchObject } from './watch-object.ts';
import { phaseShown, phaseText, type PhaseShown } from './view/rollout-phase.ts';

export interface StatusOptions {
  readonly words: readonly string[];
  readonly watch: boolean;
  /** How long to wait for the end of an update; for ever if unset. */
  readonly timeoutMs?: number;
  readonly output: OutputFormat;
}

/** What the exit code of `status` says. */
const EXIT = { good: 0, degraded: 1, timeout: 2 } as const;

/** The verb `status`: where an update stands; it waits for its end unless told otherwise. */
export async function statusVerb(session: Session, options: StatusOptions): Promise<number> {
  const { name } = targetOf(options.words, { kinds: [KINDS.rollout] });
  const rollout = await readRollout(session, name);
  const { terminal } = session;
  if (options.watch) return watch(session, options, rollout);
  const shown = phaseShown(rollout);
  if (options.output === 'json' || options.output === 'yaml') terminal.print(formatData(shown, options.output));
  else terminal.print(phaseText(shown));
  return shown.phase === 'Degraded' ? EXIT.degraded : EXIT.good;
}

async function watch(session: Session, options: StatusOptions, first: Rollout): Promise<number> {
  const { terminal, place } = session;
  const { name } = first.metadata;
  let changed = (): void => undefined;
  const ref = refOf(session, KINDS.rollout, name);
  const watched = watchObject(session, { ref, first, changed: () => changed() });
  let seen: PhaseShown = phaseShown(first);
  let told = '';
  const end = await follow(session, {
    timeoutMs: options.timeoutMs,
    subscribe: (run) => {
      changed = run;
    },
    look: () => {
      const rollout = watched.current();
      seen = rollout === undefined ? { phase: 'Degraded', message: 'it was deleted' } : phaseShown(rollout as Rollout);
      const text = phaseText(seen);
      if (text !== told) terminal.print(text);
      told = text;
      return seen.phase === 'Healthy' || seen.phase === 'Degraded' ? 'enough' : 'more';
    },
  });
  watched.stop();
  if (end === 'timeout')
    terminal.note(
      `rollout '${name}' in ${placeText(place)} is still ${seen.phase} after the time given; ask why: ${place.program} explain ${name}${place.flags}`,
    );
  if (end !== 'enough') return EXIT.timeout;
  return seen.phase === 'Degraded' ? EXIT.degraded : EXIT.good;
}
