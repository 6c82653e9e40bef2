import type { Rollout } from '../../api/rollout.ts';

export interface PhaseShown {
  readonly phase: string;
  readonly message: string;
}

/** The phase as it may be believed: what an earlier spec came to says nothing about the one that is there. */
export function phaseShown(rollout: Rollout): PhaseShown {
  const { status = {}, metadata } = rollout;
  if (status.observedGeneration === undefined || !isObserved(status.observedGeneration, metadata.generation))
    return { phase: 'Progressing', message: 'waiting for rollout spec update to be observed' };
  return { phase: status.phase ?? 'Unknown', message: status.message ?? '' };
}

/** Some controllers record a hash instead of the generation; that cannot be compared. */
function isObserved(observed: string, generation: number | undefined): boolean {
  const seen = Number(observed);
  return generation === undefined || !Number.isInteger(seen) || seen >= generation;
}

/** `Paused - CanaryPauseStep`. */
export function phaseText({ phase, message }: PhaseShown): string {
  return message === '' ? phase : `${phase} - ${message}`;
}
