import type { AnalysisPhase, AnalysisRun } from '../../api/analysis.ts';
import { tampering } from './foreign-changes.ts';
import { unprovenCause } from './run-verdict.ts';

/**
 * The phase that an update or an experiment goes by. Tools read the phase of a run as it stands; but a run that reads
 * Successful though it measured nothing, was ended before it had, or was written by somebody else, decides nothing: a user
 * has to. Bad verdicts count as they stand, because the way back needs no proof. Undefined while the run has no phase.
 */
export function trustedPhase(run: AnalysisRun): AnalysisPhase | undefined {
  return distrustCause(run) === undefined ? run.status?.phase : 'Inconclusive';
}

/** Why a run that reads Successful proves nothing: `it was ended before it had measured errors`. */
export function distrustCause(run: AnalysisRun): string | undefined {
  if (run.status?.phase !== 'Successful') return undefined;
  return tampering(run) ?? unprovenCause(run);
}
