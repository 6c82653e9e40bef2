import { KINDS } from '../api/kinds.ts';
import type { Rollout } from '../api/rollout.ts';
import { follow } from './follow.ts';
import { readRollout } from './objects.ts';
import { formatData, type OutputFormat } from './output.ts';
import { placeText, type Session } from './session.ts';
import { targetOf } from './target.ts';
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
  if (options.watch) return watch(session, options, name);
  const shown = phaseShown(rollout);
  if (options.output === 'json' || options.output === 'yaml') terminal.print(formatData(shown, options.output));
  else terminal.print(phaseText(shown));
  return shown.phase === 'Degraded' ? EXIT.degraded : EXIT.good;
}

async function watch(session: Session, options: StatusOptions, name: string): Promise<number> {
  const { caches, terminal, place } = session;
  let changed = (): void => undefined;
  const cache = caches.open<Rollout>(KINDS.rollout, { namespace: place.namespace, name });
  cache.subscribe(() => changed());
  await caches.whenSynced();
  let seen: PhaseShown = { phase: 'Unknown', message: '' };
  let told = '';
  const end = await follow(session, {
    timeoutMs: options.timeoutMs,
    subscribe: (run) => {
      changed = run;
    },
    look: () => {
      const rollout = cache.get(place.namespace, name);
      seen = rollout === undefined ? { phase: 'Degraded', message: 'it was deleted' } : phaseShown(rollout);
      const text = phaseText(seen);
      if (text !== told) terminal.print(text);
      told = text;
      return seen.phase === 'Healthy' || seen.phase === 'Degraded' ? 'enough' : 'more';
    },
  });
  if (end === 'timeout')
    terminal.note(
      `rollout '${name}' in ${placeText(place)} is still ${seen.phase} after the time given; ask why: ${place.program} explain ${name}${place.flags}`,
    );
  if (end !== 'enough') return EXIT.timeout;
  return seen.phase === 'Degraded' ? EXIT.degraded : EXIT.good;
}
